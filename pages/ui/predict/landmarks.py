"""What a model's states are seen against: the equilibria of training digits, and one plane to draw them in."""

from dataclasses import dataclass

import jax
import numpy as np

from deq.analysis.explanation import Plane, fit_plane
from deq.data import held_out_digits
from deq.models.checkpoints import Checkpoint
from deq.models.evaluation import predict
from pages.ui.predict.census import fingerprint
from pages.ui.readers.models import SessionModel
from pages.ui.server.caches import kept


@dataclass(frozen=True)
class Landmarks:
    """The plane, and the equilibria (classes, ...) of one digit of each class, with their labels."""

    plane: Plane
    equilibria: np.ndarray
    labels: np.ndarray


def landmarks_of(chosen: Checkpoint | SessionModel) -> Landmarks:
    """Found once a model. Raises ValueError where hardly a solve converges."""
    return _landmarks(fingerprint(chosen), chosen)


@kept(16, "Finding the equilibria of training digits")
def _landmarks(key: str, _chosen: Checkpoint | SessionModel) -> Landmarks:
    digits = held_out_digits()
    images, labels = digits.train_images, digits.train_labels
    _, found = predict(_chosen.model, jax.device_put(images), _chosen.solver)
    kept = np.asarray(found.converged)
    states, labels = np.asarray(found.z)[kept], labels[kept]
    plane = fit_plane(states, labels)
    classes, first = np.unique(labels, return_index=True)
    return Landmarks(plane, states[first], classes)
