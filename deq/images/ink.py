"""Ink and paper told apart: colour, polarity, shadows, frames and ruled lines."""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from deq.images.lines import rule_out
from deq.images.strokes import main_stroke

SIDE = 512  # the longer side that the search works at
SMALL = 200  # the longer side that polarity is judged at
REACH_DRAWN = 0.4  # strokes up to this fraction of the shorter side are ink, wider dark areas are background;
REACH_PHOTO = 0.2  # less in a photo, where the dark areas may be shadows


@dataclass(frozen=True)
class Ink:
    """What `find_ink` found, (rows, columns) float32: the grey picture with dark ink, the strength of the ink.

    noise: of the strength where there is no ink; scale: pixels of the original picture to a pixel of these;
    polarity: "dark" or "light".
    """

    grey: np.ndarray
    strength: np.ndarray
    noise: float
    polarity: str
    scale: float


def find_ink(picture: np.ndarray, polarity: str | None = None) -> Ink:
    """Tell the ink of a picture (rows, columns, 3) uint8 from its paper.

    strength = 1 - grey / paper, where paper is the grey closing of the picture: it fills whatever is narrower
    than a stroke can be and keeps shadows, sharp edges included. Frames, areas in shadow that run over the
    picture's edge and lines that cross the whole picture are taken off.

    polarity: "dark" ink on light paper, "light" ink on dark paper, or None to find out.
    """
    picture, scale = fit(picture)
    grey = grey_of_ink(picture)
    polarity = polarity or find_polarity(grey)
    grey = 255 - grey if polarity == "light" else grey
    strength, noise = clean(grey)
    return Ink(grey, strength, noise, polarity, scale)


def clean(grey: np.ndarray) -> tuple[np.ndarray, float]:
    """Strength of dark ink (rows, columns) in 0..1 without shadows, frames and ruled lines, and its noise."""
    strength = flatten(grey)
    noise = (
        float(np.quantile(np.abs(strength), 0.25)) / 0.3186
    )  # of a normal law; ink may fill half the picture
    strength = clear_frame(np.clip(strength, 0, 1))
    if flat_paper(grey) is None:
        strength = clear_blobs(strength, max(4 * noise, 0.1))
    return np.ascontiguousarray(rule_out(rule_out(strength, noise).T, noise).T), noise


def fit(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """The picture with its longer side at most SIDE, and the factor that it was shrunk by."""
    longest = max(picture.shape[:2])
    if longest <= SIDE:
        return picture.astype(np.float32), 1.0
    size = [max(1, round(n * SIDE / longest)) for n in picture.shape[1::-1]]
    small = Image.fromarray(picture).resize(size, Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32), longest / SIDE


def grey_of_ink(picture: np.ndarray) -> np.ndarray:
    """Grey (rows, columns) that weighs red, green and blue by how far ink departs from paper in each."""
    deviation = np.abs(picture - np.median(picture, (0, 1)))
    smooth = ndimage.uniform_filter(deviation, (3, 3, 0))
    total = smooth.sum(2)
    strong = smooth[total >= np.quantile(total, 0.99)].mean(0)
    return (picture @ (strong**2 / max(float((strong**2).sum()), 1e-6))).astype(np.float32)


def find_polarity(grey: np.ndarray) -> str:
    """ "dark" or "light", whichever gives the longer and stronger stroke that keeps clear of the edges."""
    paper = flat_paper(grey)
    if paper is not None:
        return "dark" if paper > grey.mean() else "light"
    size = [max(1, round(n * min(1, SMALL / max(grey.shape)))) for n in grey.shape[::-1]]
    small = np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))
    lean = 1.5 if np.median(small) > small.mean() else 1 / 1.5  # there is less ink than paper
    return "dark" if lean * stroke_score(small) >= stroke_score(255 - small) else "light"


def stroke_score(grey: np.ndarray) -> float:
    """How much the dark parts of a picture look like a stroke."""
    strength, noise = clean(grey)
    floor = max(4 * noise, 0.04, 0.3 * float(np.quantile(strength, 0.995)))
    return main_stroke(strength, floor)[0]


def flat_paper(grey: np.ndarray) -> float | None:
    """The one grey of the paper of a drawing, which fills most of its rim; None for a photo."""
    values, counts = np.unique(np.round(grey), return_counts=True)
    paper = float(values[counts.argmax()])
    same = np.abs(grey - paper) < (6 if paper in (0, 255) else 1.5)  # pure white or black may ring a little
    rim = np.concatenate([same[0], same[-1], same[:, 0], same[:, -1]])
    return paper if same.mean() > 0.3 and rim.mean() > 0.5 else None


def flatten(grey: np.ndarray) -> np.ndarray:
    """Strength of dark ink on paper that may lie in shadow, 0 in the median: (rows, columns), at most 1."""
    soft = ndimage.gaussian_filter(grey, 0.7) if min(grey.shape) > 100 else grey
    drawn = flat_paper(grey)
    reach = max(3, int((REACH_PHOTO if drawn is None else REACH_DRAWN) * min(grey.shape)) | 1)
    if drawn is None:
        paper = ndimage.grey_closing(soft, (reach, reach), mode="nearest")
    else:  # the paper of a drawing goes on beyond its edge, where strokes are cut off
        paper = ndimage.grey_closing(np.pad(soft, reach, constant_values=drawn), (reach, reach))
        paper = paper[reach:-reach, reach:-reach]
    strength = (paper - soft) / np.maximum(paper, 80)
    return strength - (np.median(strength) if drawn is None else 0)


def clear_frame(strength: np.ndarray) -> np.ndarray:
    """Blank the dark border of a scan: rows and columns at the edge that are ink nearly from end to end."""
    strength = strength.copy()
    for turn in range(4):
        side = np.rot90(strength, turn)
        deep = (side[: max(1, len(side) // 10)] > 0.2).mean(1) > 0.9
        if deep[0]:
            side[: np.flatnonzero(deep)[-1] + 3] = 0
    return strength


def clear_blobs(strength: np.ndarray, floor: float) -> np.ndarray:
    """Blank areas that are wider than a stroke can be and run over the edge of a photo: shadows, a table."""
    radius = max(3, round(REACH_PHOTO * 0.3 * min(strength.shape)))
    mask = np.pad(strength > floor, radius, mode="edge")
    seeds = ndimage.distance_transform_edt(mask) > radius
    if not seeds.any():
        return strength
    area = (ndimage.distance_transform_edt(~seeds) <= radius + 2)[radius:-radius, radius:-radius]
    labels, _ = ndimage.label(area)
    edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    return np.where(np.isin(labels, edge[edge > 0]), 0, strength)
