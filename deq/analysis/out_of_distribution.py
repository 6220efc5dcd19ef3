"""Strange inputs: what is no digit, and whether the solve itself gives it away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from deq.images.mnist import centre
from deq.models import EquilibriumModel
from deq.models.inference import infer
from deq.solvers import Solver

LETTERS = (
    "ACEFHJKLMNPRTUVWXYabdefhkmnrtwy"  # none that a digit is written like: no B, D, G, I, O, Q, S, Z, l, q
)
DETECTORS = {  # what counts as strange: a larger value
    "residual": "the relative residual that is left when the median test digit is done",
    "NFE": "the evaluations until it converged",
    "doubt": "1 - the probability of the answer",
}


@dataclass(frozen=True)
class Readings:
    """What a model makes of n inputs. scores: detector -> (n,). labels, converged: (n,), as in `Results`."""

    scores: Mapping[str, np.ndarray]
    labels: np.ndarray
    converged: np.ndarray


def strange_inputs(digits: np.ndarray, seed: int = 0) -> dict[str, np.ndarray]:
    """Kind -> images (n, 28, 28) uint8 that are no digits, as many as there are digits (n, 28, 28) where it can be."""
    rng = np.random.default_rng(seed)
    count = len(digits)
    scrambled = rng.permuted(digits.reshape(count, -1), axis=1).reshape(digits.shape)
    return {
        "noise": rng.integers(0, 256, (count, 28, 28), np.uint8),
        "blank": np.repeat(np.arange(256, dtype=np.uint8), 784).reshape(-1, 28, 28),
        "inverted": 255 - digits,
        "scrambled": scrambled,
        "letters": np.stack([letter(str(c), rng) for c in rng.choice(list(LETTERS), count)]),
    }


def letter(character: str, rng: np.random.Generator) -> np.ndarray:
    """A printed letter, (28, 28) uint8 in the manner of MNIST: slanted, turned and with a pen of its own width."""
    canvas = Image.new("L", (160, 160))
    width, angle = int(rng.integers(0, 5)), rng.uniform(-15, 15)
    ImageDraw.Draw(canvas).text((80, 80), character, 255, _font(), anchor="mm", stroke_width=width)
    ink = np.asarray(canvas.rotate(angle, Image.Resampling.BILINEAR))
    box = ndimage.find_objects((ink > 0).astype(np.int8))[0]
    small = Image.fromarray(ink[box])
    small.thumbnail((20, 20), Image.Resampling.BOX)
    return centre(np.asarray(small) / 255)


@lru_cache(1)
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(90)


def read_strangeness(model: EquilibriumModel, images: np.ndarray, solver: Solver, budget: int) -> Readings:
    """What the detectors say of images (n, 28, 28). budget: evaluations after which the residual is read."""
    found = infer(model, images[..., None], solver)
    early = infer(model, images[..., None], replace(solver, tol=0.0, max_nfe=budget))
    scores = {"residual": early.residual, "NFE": found.nfe, "doubt": 1 - found.confidence}
    return Readings(scores, found.labels, found.converged)


def auroc(ordinary: np.ndarray, strange: np.ndarray) -> float:
    """Area under the ROC curve: the chance that a strange input scores higher than an ordinary one, ties half."""
    ordinary, strange = (np.sort(np.nan_to_num(scores, posinf=np.inf)) for scores in (ordinary, strange))
    below, at_most = (np.searchsorted(ordinary, strange, side) for side in ("left", "right"))
    return float(np.mean(below + at_most) / (2 * len(ordinary)))


def auroc_table(ordinary: Readings, strange: Mapping[str, Readings]) -> dict[str, dict[str, float]]:
    """Kind of input -> detector -> AUROC."""
    return {
        kind: {name: auroc(ordinary.scores[name], found.scores[name]) for name in DETECTORS}
        for kind, found in strange.items()
    }
