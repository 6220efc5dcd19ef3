"""Before the first run: what there is to learn, and what an untrained model makes of it."""

import numpy as np
import streamlit as st

from deq.data import held_out_digits
from deq.jobs import OWN, PICTURE_NAMES, Look, Plan, look_at
from deq.models import MODELS
from deq.models.architectures import construct
from pages.ui.readers.missing import tell_download
from pages.ui.train.run import draw_look, small_task
from pages.ui.train.settings import TITLES

SHOWN = 24


def preview(plan: Plan) -> None:
    """The data, under the answers of the fresh model; a message where the formula cannot be learnt."""
    if plan.task in PICTURE_NAMES:
        _pictures(plan)
        tell_download(plan.task, TITLES.get(plan.task, plan.task))
        return
    try:
        small_task(plan.task, plan.formula if plan.task == OWN else "", plan.seed)
    except ValueError as error:
        st.warning(str(error))
        return
    st.markdown("Before training, its answers are as random as its weights:")
    draw_look(plan, untrained(plan))


@st.cache_data(max_entries=30, show_spinner="Solving")
def untrained(plan: Plan) -> Look | None:
    """The answers of fresh weights."""
    task = small_task(plan.task, plan.formula, plan.seed)
    return look_at(construct(plan.architecture, plan.seed), task, plan.recipe.solver)


def _pictures(plan: Plan) -> None:
    """A strip of digits, where the data set is one of digits."""
    if plan.task not in ("mnist", "digits"):
        st.markdown("Pictures of 28 × 28 pixels in ten classes, learnt in batches.")
        return
    strip = (
        held_out_digits()
        .test_images[:SHOWN]
        .reshape(2, SHOWN // 2, 28, 28)
        .swapaxes(1, 2)
        .reshape(2 * 28, -1)
    )
    st.image(np.kron(strip, np.ones((3, 3), np.uint8)), "Some of the pictures that it will learn to read.")


def shipped_models(plan: Plan) -> None:
    """How the models that ship are trained: some have cells that the controls above cannot make."""
    if plan.task not in PICTURE_NAMES:
        return
    with st.expander("The models that ship", icon=":material/terminal:"):
        st.markdown(
            "They take longer than a visit, some have a convolutional or a monotone cell, and all are trained by "
            "the command line. It shows the same numbers, goes on after a stop with `--resume`, and runs on a GPU "
            "as it is."
        )
        for name in (name for name in MODELS if name != "toy"):
            made_of = (MODELS[name].__doc__ or "").partition("\n")[0].replace("*", r"\*")
            st.markdown(f"**{name}**: {made_of}")
            command = f"python -m deq train {plan.task} --model {name} --out runs/{name}"
            st.code(command, language="sh", wrap_lines=True)
