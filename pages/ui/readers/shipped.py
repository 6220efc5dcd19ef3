"""What ships, loaded once for all visitors."""

import streamlit as st

from deq.models.checkpoints import Checkpoint, load_pretrained, pretrained_names


@st.cache_resource(show_spinner="Loading the model")
def checkpoint(name: str) -> Checkpoint:
    """A model that ships. Nobody trains it here, so all visitors may share it."""
    return load_pretrained(name)


def readers() -> list[str]:
    """Names of the models that read digits, the default first."""
    return sorted(set(pretrained_names()) - {"toy"}, key=lambda name: (name != "conv", name))
