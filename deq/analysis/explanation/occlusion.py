"""Which parts of a picture a prediction depends on: blank them one by one and predict again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deq.models import EquilibriumModel
from deq.models.inference import infer
from deq.solvers import Solver


@dataclass(frozen=True)
class Occlusion:
    """The effect of blanking the patch at each place, (rows, columns).

    lost: evidence for the label against the rival, log(p_label / p_rival), in nats. labels: the new prediction.
    converged: whether its solve converged; if not, the label is not a prediction.
    """

    lost: np.ndarray
    labels: np.ndarray
    converged: np.ndarray


def occlusion(
    model: EquilibriumModel,
    image: np.ndarray,
    label: int,
    rival: int,
    solver: Solver,
    patch: int = 5,
    stride: int = 2,
) -> Occlusion:
    """Blank a patch x patch square around every stride-th pixel of image (28, 28) uint8.

    Zeiler & Fergus (2014), arXiv:1311.2901.
    """
    centres = np.arange(stride // 2, len(image), stride)
    near = np.abs(np.arange(len(image)) - centres[:, None]) <= patch // 2  # (places, pixels)
    hidden = near[:, None, :, None] & near[None, :, None, :]
    shown = np.where(hidden, 0, image).reshape(-1, *image.shape).astype(np.uint8)
    pictures = np.concatenate([image[None], shown])[..., None]
    found = infer(model, pictures, solver, batch_size=len(pictures))
    scores = found.outputs / model.temperature  # log probabilities up to a constant per row
    evidence, shape = scores[:, label] - scores[:, rival], (len(centres), len(centres))
    return Occlusion(
        (evidence[0] - evidence[1:]).reshape(shape),
        found.labels[1:].reshape(shape),
        found.converged[1:].reshape(shape),
    )
