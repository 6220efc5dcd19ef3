"""Home: the story in five living pictures."""

import jax.numpy as jnp
import numpy as np
import streamlit as st

from deq import story
from deq.plots.story import flow_picture, layer_picture
from pages.ui import charts
from pages.ui.cards import card
from pages.ui.guard import require_app

require_app()

st.title("What if one layer were applied for ever?", anchor=False)
st.markdown(
    "A deep equilibrium model has a single layer f. Its answer is the state that this layer leaves as it is, "
    "z\\* = f(z\\*, x), found by any root finder. Five steps lead there from the cos key of a calculator."
)

first, second, third = st.columns(3)

with first, card("1. Press cos again and again", "fixed_points", "Iterate maps"):
    start = st.slider("Start", -3.0, 3.0, -2.0, 0.1, key="start", bind="query-params")
    cosine = story.settle_cosine(jnp.float32(start))

with second, card("2. Apply a layer for ever", "fixed_points", "What makes it settle?"):
    layer = story.settle_layer(*story.random_layer(seed=1))
    charts.show(layer_picture(layer.trace.z[0]), key="layer")
    st.markdown(
        f"24 units of a random layer, one column a depth. After **{layer.nfe[0]} applications** nothing changes "
        "by more than 0.1 %: every deeper layer would be the same. That state is the equilibrium."
    )

with third, card("3. Or let it flow", "fixed_points", "Follow the flow"):
    flow = story.settle_flow(jnp.asarray(story.ring(12)))
    charts.show(flow_picture(flow.trace.z, flow.z.mean(axis=0)), key="flow")
    st.markdown(
        f"Here repeating f circles for ever, yet the ODE dz/dt = f(z) - z spirals in from "
        f"**{np.sum(flow.converged)} of 12 starts**. Depth becomes time."
    )
