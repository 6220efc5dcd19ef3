"""What ships, loaded once for all visitors: models that read digits, and test digits to show them."""

import numpy as np
import streamlit as st

from deq.checkpoints import Checkpoint, load_pretrained, pretrained_names
from deq.data import DatasetError, at_hand, load_dataset


@st.cache_resource(show_spinner="Loading the model")
def checkpoint(name: str) -> Checkpoint:
    """A model that ships. Nobody trains it here, so all visitors may share it."""
    return load_pretrained(name)


@st.cache_resource(show_spinner="Loading the digits")
def examples() -> tuple[str, np.ndarray, np.ndarray]:
    """Test digits to pick from: MNIST's where its files are at hand, scikit-learn's otherwise."""
    try:
        dataset = load_dataset("mnist" if at_hand("mnist") else "digits")
    except DatasetError:
        dataset = load_dataset("digits")
    return dataset.name, dataset.test_images[..., 0], dataset.test_labels


def readers() -> list[str]:
    """Names of the models that read digits, the default first."""
    return sorted(set(pretrained_names()) - {"toy"}, key=lambda name: (name != "conv", name))
