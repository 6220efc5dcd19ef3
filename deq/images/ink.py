"""Separate ink from paper: any colours, dark on light or light on dark, with shadows, frames and ruled lines."""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from deq.images.lines import remove_boxes, remove_frames, remove_lines
from deq.images.strokes import main_stroke

SIDE = 400  # larger pictures are shrunk to this longer side
LEAST = 128  # smaller ones are enlarged to this
REACH_DRAWN = 0.4  # of the shorter side: wider dark areas are background, not strokes
REACH_PHOTO = 0.2  # less in a photo, where dark areas may be shadows


@dataclass(frozen=True)
class Ink:
    """The result of `find_ink`. grey: the picture with dark ink, 0..255; strength: of the ink, 0..1; (rows, columns).

    noise: standard deviation of the strength on bare paper. polarity: "dark" or "light". flat: whether the paper
    has a single grey, as in a drawing, and so no shadow.
    """

    grey: np.ndarray
    strength: np.ndarray
    noise: float
    polarity: str
    flat: bool


def find_ink(picture: np.ndarray, polarity: str | None = None) -> Ink:
    """Separate the ink of a picture (rows, columns, 3) uint8 from its paper.

    strength = 1 - grey / paper, where paper is the grey closing of the picture: it fills anything as narrow as a
    stroke and keeps shadows, including their sharp edges. Frames, shadows at the picture's edge and lines across
    the whole picture are removed.

    polarity: "dark" ink on light paper, "light" ink on dark paper, or None to detect it.
    """
    grey = grey_of_ink(resize(picture))
    drawn = flat_paper(grey)
    flat = drawn is not None
    if drawn is not None:
        polarity = polarity or ("dark" if drawn > grey.mean() else "light")
    if polarity != "light":
        strength, noise = clean(grey, drawn)
        if polarity == "dark" or find_polarity(grey, strength, noise) == "dark":
            return Ink(grey, strength, noise, "dark", flat)
    grey = 255 - grey
    return Ink(grey, *clean(grey, None if drawn is None else 255 - drawn), "light", flat)


def clean(grey: np.ndarray, drawn: float | None) -> tuple[np.ndarray, float]:
    """Strength of dark ink (rows, columns) in 0..1 without shadows, frames and ruled lines, and its noise.

    drawn: the grey of a drawing's paper, None for a photo.
    """
    soft = ndimage.gaussian_filter(grey, 0.7) if min(grey.shape) > 100 else grey
    strength = flatten(soft, drawn)
    low, paper = np.quantile(strength, (0.05, 0.25))  # ink may fill half the picture
    noise = float(paper - low) / 0.97  # of a normal distribution
    level = 0.0 if drawn is not None else float(paper) + 0.5 * noise
    strength = remove_boxes(np.clip(strength - level, 0, 1), max(4 * noise, 0.1))
    strength = np.ascontiguousarray(remove_lines(remove_lines(strength, noise).T, noise).T)
    if drawn is None:
        strength = remove_frames(
            strength, np.clip(flatten(soft, None, "nearest") - level, 0, 1), max(4 * noise, 0.1)
        )
    return strength, noise


def resize(picture: np.ndarray) -> np.ndarray:
    """The picture as float32 with its longer side in LEAST..SIDE."""
    longest = max(picture.shape[:2])
    target = min(max(longest, LEAST), SIDE)
    if target == longest:
        return picture.astype(np.float32)
    size = [max(1, round(n * target / longest)) for n in picture.shape[1::-1]]
    filter = Image.Resampling.BOX if target < longest else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(picture).resize(size, filter), dtype=np.float32)


def grey_of_ink(picture: np.ndarray) -> np.ndarray:
    """Grey (rows, columns), weighting red, green and blue by how much ink differs from paper in each."""
    if (picture == picture[..., :1]).all():
        return np.ascontiguousarray(picture[..., 0])
    deviation = np.abs(picture - np.median(picture, (0, 1)))
    smooth = ndimage.uniform_filter(deviation, (3, 3, 0))
    total = smooth.sum(2)
    strong = smooth[total >= np.quantile(total, 0.99)].mean(0)
    return (picture @ (strong**2 / max(float((strong**2).sum()), 1e-6))).astype(np.float32)


def find_polarity(grey: np.ndarray, strength: np.ndarray, noise: float) -> str:
    """ "dark" or "light", whichever gives the longer and stronger stroke.

    strength, noise: the result of `clean` on the grey. Light ink is scored at half the size, for speed, which
    halves the score.
    """
    bias = 1.4 if np.median(grey) > grey.mean() else 0.7  # there is more paper than ink
    bias *= float(np.exp((np.median(middle(grey)) - 100) / 60))  # a light pen needs a dark board
    size = [max(1, n // 2) for n in grey.shape[::-1]]
    half = np.asarray(Image.fromarray(255 - grey).resize(size, Image.Resampling.BOX))
    return (
        "dark"
        if bias * stroke_score(strength, noise) >= 2 * stroke_score(*clean(half, flat_paper(half)))
        else "light"
    )


def middle(grey: np.ndarray) -> np.ndarray:
    """The picture without the outer fifth at each edge."""
    rows, columns = (n // 5 for n in grey.shape)
    return grey[rows : grey.shape[0] - rows, columns : grey.shape[1] - columns]


def stroke_score(strength: np.ndarray, noise: float) -> float:
    """How much the ink looks like a stroke."""
    return main_stroke(strength, ink_floor(strength, noise))[0]


def ink_floor(strength: np.ndarray, noise: float) -> float:
    """The least strength that may be ink: well above the noise, and not far below the strongest strokes."""
    return max(5 * noise, 0.04, 0.3 * float(np.quantile(strength, 0.995)))


def flat_paper(grey: np.ndarray) -> float | None:
    """The single grey of a drawing's paper, which fills most of its rim; None for a photo."""
    values, counts = np.unique(np.round(grey), return_counts=True)
    paper = float(values[np.argmax(counts)])
    same = np.abs(grey - paper) < (6 if paper in (0, 255) else 1.5)  # pure white or black may ring a little
    rim = np.concatenate([same[0], same[-1], same[:, 0], same[:, -1]])
    return paper if same.mean() > 0.25 and rim.mean() > 0.5 else None


def flatten(soft: np.ndarray, drawn: float | None, beyond: str = "median") -> np.ndarray:
    """Strength of dark ink on paper that may be in shadow: (rows, columns), at most 1.

    beyond: how a photo's paper continues past its edge: in the usual shade nearby ("median") or in that of the edge.
    """
    reach = max(3, int((REACH_PHOTO if drawn is None else REACH_DRAWN) * min(soft.shape)) | 1)
    if drawn is not None:
        wide = np.pad(soft, reach, constant_values=drawn)
    elif beyond == "median":
        wide = np.pad(soft, reach, "median", stat_length=reach)
    else:
        wide = np.pad(soft, reach, "edge")
    paper = ndimage.grey_closing(wide, (reach, reach))[reach:-reach, reach:-reach]
    return (paper - soft) / np.maximum(paper, 80)
