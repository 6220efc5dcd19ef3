"""Simulated phone photos, scans and drawings of 28x28 digits.

Each function in KINDS takes (digit, rng) and returns the bytes of a file. A digit is thinned to its centre line,
redrawn with a pen of any width at any size, then laid on paper, lit, blurred and compressed.
"""

import io

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

NEIGHBOURS = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]


def thin(mask: np.ndarray) -> np.ndarray:
    """Centre line of a mask, one pixel wide. Zhang, Suen (1984), doi:10.1145/357994.358023."""
    mask = np.pad(mask, 1).astype(np.uint8)
    while True:
        before = mask.sum()
        for first in (True, False):
            p = [np.roll(mask, (-dy, -dx), (0, 1)) for dy, dx in NEIGHBOURS]
            count = sum(p)
            turns = sum((p[i] == 0) & (p[(i + 1) % 8] == 1) for i in range(8))
            n, e, s, w = p[0], p[2], p[4], p[6]
            corner = (n * e * s == 0) & (e * s * w == 0) if first else (n * e * w == 0) & (n * s * w == 0)
            mask[(mask == 1) & (count >= 2) & (count <= 6) & (turns == 1) & corner] = 0
        if mask.sum() == before:
            return mask[1:-1, 1:-1].astype(bool)


def segments(digit: np.ndarray) -> np.ndarray:
    """Line segments (n, 2, 2) as x, y in 0..1 of the digit's box, along the centre line of a 28x28 digit."""
    big = ndimage.zoom(digit.astype(float), 6, order=3) > 110
    line = thin(big)
    ys, xs = np.nonzero(line)
    index = -np.ones(line.shape, int)
    index[ys, xs] = np.arange(len(ys))
    pairs = []
    for dy, dx in NEIGHBOURS[1:5]:
        other = np.roll(index, (-dy, -dx), (0, 1))
        a, b = index[(index >= 0) & (other >= 0)], other[(index >= 0) & (other >= 0)]
        pairs.append(np.stack([a, b], 1))
    pairs = np.concatenate(pairs)
    points = smooth(np.stack([xs, ys], 1).astype(float), pairs)
    low, high = points.min(0), points.max(0)
    return ((points - (low + high) / 2) / max(high - low).clip(1) + 0.5)[pairs]


def smooth(points: np.ndarray, pairs: np.ndarray, rounds: int = 6) -> np.ndarray:
    """Pull every inner point towards the mean of its neighbours, to smooth the pixel staircase of a line."""
    both = np.concatenate([pairs, pairs[:, ::-1]])
    degree = np.bincount(both[:, 0], minlength=len(points))[:, None]
    for _ in range(rounds):
        total = np.zeros_like(points)
        np.add.at(total, both[:, 0], points[both[:, 1]])
        points = np.where(degree > 1, (points + total / degree.clip(1)) / 2, points)
    return points


def draw(digit, size, height, width, rng, *, antialias=True, place=None, tilt=8.0) -> np.ndarray:
    """Ink (rows, columns) in 0..1: the digit `height` pixels tall, drawn with a pen `width` pixels wide.

    size: (rows, columns) of the picture; place: centre of the digit as fractions, at random by default.
    """
    rows, columns = size
    place = rng.uniform(0.35, 0.65, 2) if place is None else np.asarray(place)
    angle = np.deg2rad(rng.uniform(-tilt, tilt))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    lines = (segments(digit) - 0.5) @ turn.T * height
    margin = (np.ptp(lines.reshape(-1, 2), axis=0) + width) / 2 + 2
    room = np.maximum(np.array([columns, rows]) - margin, margin)
    lines += np.clip(place[::-1] * [columns, rows], np.minimum(margin, room), room)
    return pen(lines, size, width, antialias)


def pen(lines: np.ndarray, size, width: float, antialias: bool) -> np.ndarray:
    """Segments (n, 2, 2) drawn with a round pen: ink (rows, columns) in 0..1."""
    scale = 4 if antialias and max(size) <= 1500 else 1
    canvas = Image.new("L", (size[1] * scale, size[0] * scale))
    brush, radius = ImageDraw.Draw(canvas), width * scale / 2
    for (x0, y0), (x1, y1) in lines * scale:
        brush.line((x0, y0, x1, y1), fill=255, width=max(1, round(2 * radius)))
        if radius > 1:
            brush.ellipse((x1 - radius, y1 - radius, x1 + radius, y1 + radius), fill=255)
            brush.ellipse((x0 - radius, y0 - radius, x0 + radius, y0 + radius), fill=255)
    if scale > 1:
        canvas = canvas.resize((size[1], size[0]), Image.Resampling.BOX)
    return np.asarray(canvas) / 255.0


def ruled(size, spacing, width, angle, upright=False) -> np.ndarray:
    """Ink of parallel lines `spacing` pixels apart, turned by `angle` radians."""
    y, x = np.mgrid[: size[0], : size[1]]
    across = (x if upright else y) * np.cos(angle) + (y if upright else x) * np.sin(angle)
    distance = np.abs((across + spacing / 2) % spacing - spacing / 2)
    return np.clip(width / 2 + 0.5 - distance, 0, 1)


def lay(ink, colour, paper) -> np.ndarray:
    """Ink of one colour on paper (rows, columns, 3), all in 0..1."""
    return paper * (1 - ink[..., None]) + np.asarray(colour) * ink[..., None]


def light(size, rng, shadow: float) -> np.ndarray:
    """Light (rows, columns, 1) of a lamp to one side; `shadow` darkens one side of a soft or sharp edge."""
    y, x = np.mgrid[: size[0], : size[1]] / max(size)
    angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(0.2, 0.8)
    across = (x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle)
    lamp = 1 + rng.uniform(-0.25, 0.25) * across + rng.uniform(-0.2, 0.0) * ((x - 0.5) ** 2 + (y - 0.5) ** 2)
    edge = 1 / (1 + np.exp(-np.clip((across - place + 0.5) / rng.choice([0.005, 0.03, 0.1]), -30, 30)))
    return (lamp * (1 - shadow * edge))[..., None]


def shoot(picture, rng, *, blur=1.5, noise=0.03) -> np.ndarray:
    """A scene through a camera: blur, grain and a colour cast."""
    soft = ndimage.gaussian_filter(picture, (rng.uniform(0, blur), rng.uniform(0, blur), 0))
    grain = rng.normal(0, rng.uniform(0, noise), picture.shape)
    return soft * rng.uniform(0.9, 1.0, 3) + grain


def save(picture, rng, kinds=("JPEG", "PNG"), quality=(30, 95)) -> bytes:
    """A picture (rows, columns, 1, 3 or 4) in 0..1 as the bytes of a file."""
    array = np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8)
    file, kind = io.BytesIO(), str(rng.choice(kinds))
    options = {"quality": int(rng.integers(*quality))} if kind == "JPEG" else {}
    Image.fromarray(array.squeeze()).save(file, kind, **options)
    return file.getvalue()


def _sheet(rng, low=240, high=900):
    rows = int(np.exp(rng.uniform(np.log(low), np.log(high))))
    size = (rows, int(rows * rng.uniform(0.7, 1.4)))
    height = min(size) * rng.uniform(0.3, 0.8)
    return size, height, np.ones((*size, 3)) * rng.uniform(0.75, 0.98) * rng.uniform(0.95, 1, 3)


INKS = [(0.1, 0.1, 0.12), (0.1, 0.15, 0.45), (0.6, 0.1, 0.1), (0.05, 0.35, 0.15), (0.2, 0.2, 0.2)]


def photo(digit, rng, *, lines=0, shadow=0.0, strength=(0.7, 1.0), width=(0.03, 0.1)) -> bytes:
    """A phone photo; lines: 0 plain paper, 1 ruled, 2 grid."""
    size, height, paper = _sheet(rng)
    angle, spacing = np.deg2rad(rng.uniform(-4, 4)), height * rng.uniform(0.15, 0.9)
    for upright in range(lines):
        rules = ruled(
            size, max(spacing, 12), max(1.0, rng.uniform(0.004, 0.01) * height), angle, bool(upright)
        )
        paper = lay(rules * rng.uniform(0.4, 0.9), rng.choice([[0.5, 0.6, 0.8], [0.55, 0.55, 0.55]]), paper)
    ink = draw(digit, size, height, max(1.5, height * rng.uniform(*width)), rng)
    scene = lay(ink * rng.uniform(*strength), INKS[rng.integers(len(INKS))], paper)
    return save(shoot(scene * light(size, rng, shadow), rng), rng, kinds=("JPEG",))


def plain(digit, rng):
    return photo(digit, rng)


def lined(digit, rng):
    return photo(digit, rng, lines=1)


def grid(digit, rng):
    return photo(digit, rng, lines=2, shadow=rng.choice([0.0, 0.3]))


def shadowed(digit, rng):
    return photo(digit, rng, shadow=rng.uniform(0.3, 0.6))


def pencil(digit, rng):
    return photo(digit, rng, lines=rng.choice([0, 0, 1]), strength=(0.18, 0.4), width=(0.015, 0.04))


def scan(digit, rng):
    """A flat-bed scan: grey, dark at the rim, dust."""
    size, height, paper = _sheet(rng)
    ink = draw(digit, size, height, height * rng.uniform(0.02, 0.1), rng)
    scene = lay(ink, (0.15, 0.15, 0.15), paper)
    for edge in range(4):
        if rng.random() < 0.5:
            deep = int(rng.integers(1, max(3, min(size) // 20)))
            np.rot90(scene, edge)[:deep] *= rng.uniform(0, 0.5)
    for _ in range(rng.integers(0, 40)):
        y, x, r = *(rng.random(2) * (np.array(size) - 4)).astype(int), int(rng.integers(1, 4))
        scene[y : y + r, x : x + r] = rng.uniform(0, 0.5)
    return save(shoot(scene, rng, blur=0.7, noise=0.02)[..., :1], rng)


def paint(digit, rng, width=(0.05, 0.12), low=60, high=1000) -> bytes:
    """A drawing in a paint program: flat colours, sharp or soft edges, anywhere on the canvas."""
    rows = int(np.exp(rng.uniform(np.log(low), np.log(high))))
    size = (rows, int(rows * rng.uniform(0.8, 1.5)))
    height = min(size) * rng.uniform(0.35, 0.85)
    ink = draw(
        digit,
        size,
        height,
        max(1.0, height * rng.uniform(*width)),
        rng,
        antialias=rng.random() < 0.5,
        place=rng.uniform(0.15, 0.85, 2),
    )
    colour = [(0, 0, 0), (0, 0, 1), (0.9, 0, 0), (0, 0.5, 0), (1, 0.6, 0), (0.5, 0, 0.5)][rng.integers(6)]
    return save(lay(ink, colour, np.ones((*size, 3))), rng, kinds=("PNG", "PNG", "BMP", "GIF", "JPEG"))


def hairline(digit, rng):
    return paint(digit, rng, width=(0.0, 0.005))


def marker(digit, rng):
    return paint(digit, rng, width=(0.16, 0.26))


def tiny(digit, rng):
    return paint(digit, rng, width=(0.08, 0.14), low=20, high=40)


def huge(digit, rng):
    return paint(digit, rng, width=(0.01, 0.1), low=1800, high=3000)


def light_on_dark(digit, rng):
    """Chalk on a board, or white in a paint program."""
    size, height, _ = _sheet(rng, low=80)
    board = np.ones((*size, 3)) * rng.choice([[0, 0, 0], [0.1, 0.2, 0.15], [0.1, 0.1, 0.3]])
    ink = draw(digit, size, height, max(1, height * rng.uniform(0.02, 0.12)), rng)
    scene = lay(ink * rng.uniform(0.6, 1), rng.choice([[1, 1, 1], [1, 1, 0.6], [0.7, 0.9, 1]]), board)
    return save(shoot(scene, rng, blur=1.0, noise=0.03), rng)


def transparent(digit, rng):
    """Dark or light ink on nothing."""
    size, height, _ = _sheet(rng, low=80)
    ink = draw(digit, size, height, max(1, height * rng.uniform(0.02, 0.12)), rng)
    colour = [(0, 0, 0), (1, 1, 1), (0.1, 0.2, 0.7)][rng.integers(3)]
    return save(np.concatenate([np.ones((*size, 3)) * colour, ink[..., None]], 2), rng, kinds=("PNG", "WEBP"))


KINDS = (
    plain,
    lined,
    grid,
    shadowed,
    pencil,
    scan,
    paint,
    hairline,
    marker,
    tiny,
    huge,
    light_on_dark,
    transparent,
)
