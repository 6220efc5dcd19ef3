"""Weights from a file: a model of an earlier visit, or of `python -m deq train --out`."""

import streamlit as st

from deq.models import count_parameters
from deq.models.weights import CheckpointError, architecture_of, model_name
from pages.ui.readers.model import ModelInUse, keep_model, model_of, own_model, session_models
from pages.ui.widgets.navigation import page

HELP = "A weights.safetensors that the Train page or python -m deq train wrote. It holds numbers and runs no code."


def weights_upload(key: str) -> ModelInUse | None:
    """An uploader, and the model in what came in; one line that says what is wrong where it holds none."""
    upload = st.file_uploader("Weights (.safetensors)", ["safetensors"], key=key, help=HELP)
    if upload is None:
        return None
    data = upload.getvalue()
    try:
        parameters = count_parameters(model_of(data))
        told = what_it_is(data)
    except CheckpointError as error:
        st.error(f"These weights cannot be used. {error}")
        return None
    st.markdown(f"{told}; {parameters:,} parameters.")
    return own_model(f"{upload.name.removesuffix('.safetensors')[:40]} (uploaded)", data)


def own_reader(key: str, choice: str) -> None:
    """A digit reader of one's own for this page: weights to upload, chosen at once, or the way to train some.

    choice: key of the selectbox of models, which is to be drawn after this.
    """
    model = weights_upload(key)
    if model is None:
        label, arrow = "Or train a model of your own", ":material/arrow_forward:"
        st.page_link(page("train"), label=label, icon=arrow, icon_position="right")
    elif not model.reads_digits:
        st.error("This model reads no digits. Upload one that takes 784 pixels and tells ten classes apart.")
    else:
        if model.name not in session_models():
            st.session_state[choice] = model.name
        keep_model(model)


def what_it_is(weights: bytes) -> str:
    """The architecture that weights describe, or the model of deq that they fit."""
    architecture = architecture_of(weights)
    if architecture is None:
        return f"The model **{model_name(weights)}**"
    size = f"{architecture.cell}, width {architecture.width}, {architecture.activation}"
    return f"A model of **{size}**, {architecture.inputs} numbers in, {architecture.outputs} out"
