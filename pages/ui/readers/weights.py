"""Weights from a file: from an earlier visit, or from `python -m deq train --out`."""

import streamlit as st

from deq.models import count_parameters
from deq.models.weights import CheckpointError, architecture_of, form_of, model_name
from pages.ui.readers.model import ModelInUse, keep_model, model_of, own_model, own_models
from pages.ui.widgets.navigation import page
from pages.ui.widgets.text import plain, short

NAMED = 10  # classes
HELP = (
    "A .safetensors file: Weights under Save on the Train page, or weights.safetensors from python -m deq train. It "
    "holds numbers and runs no code."
)


def weights_upload(key: str) -> ModelInUse | None:
    """An uploader and the uploaded model; None, with an error on the page, if the file holds none."""
    upload = st.file_uploader("Weights (.safetensors)", ["safetensors"], key=key, help=HELP)
    if upload is None:
        return None
    data = upload.getvalue()
    try:
        parameters = count_parameters(model_of(data))
        description = describe_weights(data)
    except CheckpointError as error:
        st.error(f"These weights cannot be used. {error}")
        return None
    st.markdown(f"{description}; {parameters:,} parameters.")
    return own_model(f"{upload.name.removesuffix('.safetensors')[:40]} (uploaded)", data)


def own_model_controls(key: str, choice: str) -> None:
    """Upload a model that reads pictures, which is then selected, or follow a link to train one.

    choice: key of the selectbox of models, which must be drawn after this.
    """
    model = weights_upload(key)
    if model is None:
        label, arrow = "Or train your own model", ":material/arrow_forward:"
        st.page_link(page("train"), label=label, icon=arrow, icon_position="right")
    elif not model.reads_pictures:
        st.error("This model does not read pictures. Upload one with 784 inputs.")
    else:
        if model.name not in own_models():
            st.session_state[choice] = model.name
        keep_model(model)


def describe_weights(weights: bytes) -> str:
    """The architecture that the weights describe, or the shipped architecture that they fit."""
    architecture = architecture_of(weights)
    if architecture is None:
        return f"The model **{model_name(weights)}**"
    size = f"{architecture.cell}, width {architecture.width}, {architecture.activation}"
    outputs = f"{architecture.inputs} inputs, {architecture.outputs} outputs"
    names = [plain(short(name)) for name in form_of(weights).classes]
    named = f" ({', '.join(names[:NAMED])}{', …' if len(names) > NAMED else ''})" if names else ""
    return f"A model of **{size}**, {outputs}{named}"
