"""What a model's states are seen against: the equilibria of training digits, and one plane to draw them in."""

from dataclasses import dataclass

import jax
import numpy as np
import streamlit as st

from deq.checkpoints import Checkpoint
from deq.data import load_dataset
from deq.evaluation import predict
from deq.explanation import Plane, fit_plane
from pages.ui.caches import kept
from pages.ui.models import SessionModel
from pages.ui.predict.census import fingerprint
from pages.ui.shipped import examples

COUNT = 500  # training digits: as many as a census solves at once, by the same program


@dataclass(frozen=True)
class Landmarks:
    """The plane, and the equilibria (classes, ...) of one digit of each class, with their labels."""

    plane: Plane
    equilibria: np.ndarray
    labels: np.ndarray


@st.cache_resource(show_spinner="Loading the digits")
def training_digits() -> tuple[np.ndarray, np.ndarray]:
    """The first training digits (n, 28, 28, 1) and labels of the data set that `examples` are from."""
    dataset = load_dataset(examples()[0])
    return dataset.train_images[:COUNT].copy(), dataset.train_labels[:COUNT]


def landmarks_of(chosen: Checkpoint | SessionModel) -> Landmarks:
    """Found once a model. Raises ValueError where hardly a solve converges."""
    return _landmarks(fingerprint(chosen), chosen)


@kept(16, "Finding the equilibria of training digits")
def _landmarks(key: str, _chosen: Checkpoint | SessionModel) -> Landmarks:
    images, labels = training_digits()
    _, found = predict(_chosen.model, jax.device_put(images), _chosen.solver)
    kept = np.asarray(found.converged)
    states, labels = np.asarray(found.z)[kept], labels[kept]
    plane = fit_plane(states, labels)
    classes, first = np.unique(labels, return_index=True)
    return Landmarks(plane, states[first], classes)
