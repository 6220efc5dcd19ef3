"""Out-of-distribution inputs: images that are not digits, and whether the solve detects them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy import ndimage

from deq.extras import extra
from deq.images.mnist import centre
from deq.models import EquilibriumModel
from deq.models.inference import infer
from deq.solvers import Solver

with extra("images"):
    from PIL import Image, ImageDraw, ImageFont

# Without lookalikes of digits, such as B, D, G, I, O, Q, S, Z, l and q.
LETTERS = "ACEFHJKLMNPRTUVWXYabdefhkmnrtwy"
DETECTORS = {  # a higher score means further out of distribution
    "residual": "the relative residual after as many evaluations as the median test digit needs",
    "NFE": "the evaluations until convergence",
    "doubt": "1 - the probability of the prediction",
}


@dataclass(frozen=True)
class Detections:
    """The detectors on n inputs. scores: detector -> (n,). labels, converged: (n,), as in `Results`."""

    scores: Mapping[str, np.ndarray]
    labels: np.ndarray
    converged: np.ndarray


def make_ood_inputs(digits: np.ndarray) -> dict[str, np.ndarray]:
    """Kind -> images (n, 28, 28) uint8 that are not digits, from digits (n, 28, 28); the kind "blank" has 256."""
    rng = np.random.default_rng(0)
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
    """A printed letter, (28, 28) uint8 in MNIST style, with a random rotation and pen width."""
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


def score_inputs(model: EquilibriumModel, images: np.ndarray, solver: Solver, budget: int) -> Detections:
    """Run the detectors on images (n, 28, 28). budget: evaluations after which the residual is measured."""
    found = infer(model, images[..., None], solver)
    early = infer(model, images[..., None], replace(solver, tol=0.0, max_nfe=budget))
    scores = {"residual": early.residual, "NFE": found.nfe, "doubt": 1 - found.confidence}
    return Detections(scores, found.labels, found.converged)


def auroc(inside: np.ndarray, outside: np.ndarray) -> float:
    """Area under the ROC curve: P(an outside score exceeds an inside one), ties counting half."""
    inside, outside = (np.sort(np.nan_to_num(scores, posinf=np.inf)) for scores in (inside, outside))
    below, at_most = (np.searchsorted(inside, outside, side) for side in ("left", "right"))
    return float(np.mean(below + at_most) / (2 * len(inside)))


def auroc_table(inside: Detections, outside: Mapping[str, Detections]) -> dict[str, dict[str, float]]:
    """Kind of input -> detector -> AUROC."""
    return {
        kind: {name: auroc(inside.scores[name], found.scores[name]) for name in DETECTORS}
        for kind, found in outside.items()
    }
