"""Harder pictures of digits: pages on tables, bent rules, glare, holes, stray marks, sticky notes, tight crops.

Each kind takes a 28x28 digit and a generator and gives the bytes of one file, as those in tests/support/pictures.py do.
"""

import numpy as np
from scipy import ndimage

from tests.support.pictures import INKS, draw, lay, light, pen, ruled, save, shoot


def sheet(rng, low=300, high=1000, colour=None):
    """Size and an unruled sheet of nearly white paper with a little texture."""
    rows = int(np.exp(rng.uniform(np.log(low), np.log(high))))
    size = (rows, int(rows * rng.uniform(0.7, 1.4)))
    white = rng.uniform(0.75, 0.97) * rng.uniform(0.95, 1, 3) if colour is None else np.asarray(colour)
    grain = ndimage.gaussian_filter(rng.normal(0, 1, size), rng.uniform(0.5, 3))
    return size, white * (1 + 0.01 * grain / grain.std())[..., None]


def bend(scene, rng, amount: float):
    """The scene as a page that lies askew and not quite flat."""
    size = np.array(scene.shape[:2])
    y, x = np.mgrid[: size[0], : size[1]]
    v, u = y / size[0] - 0.5, x / size[1] - 0.5
    a, b, c, d = rng.uniform(-amount, amount, 4)
    depth = 1 + a * u + b * v
    rows = (v / depth + c * 0.3 * np.cos(3 * u + d) + 0.5 - c * 0.3) * size[0]
    columns = (u / depth + 0.5) * size[1]
    places = np.stack([rows, columns])
    return np.stack(
        [ndimage.map_coordinates(scene[..., k], places, order=1, mode="nearest") for k in range(3)], 2
    )


def ink_of(digit, size, height, width, rng, place=None):
    """Ink of varying pressure along the strokes."""
    ink = draw(digit, size, height, max(1.2, height * width), rng, place=place)
    press = ndimage.gaussian_filter(rng.normal(0, 1, size), height / 12)
    return ink * np.clip(1 + rng.uniform(0, 0.12) * press / press.std(), 0.3, 1.2).clip(0, 1)


def some_ink(rng):
    return INKS[rng.integers(len(INKS))]


def page(digit, rng):
    """A sheet on a table, seen whole: the digit is a small part of the photo."""
    size, paper = sheet(rng, 500, 1100)
    height = min(size) * rng.uniform(0.12, 0.4)
    scene = lay(ink_of(digit, size, height, rng.uniform(0.04, 0.1), rng), some_ink(rng), paper)
    table = rng.uniform(0.1, 0.55) * rng.uniform(0.6, 1, 3)
    for turn in range(4):
        if rng.random() < 0.6:
            deep = int(rng.uniform(0.02, 0.14) * size[turn % 2])
            np.rot90(scene, turn)[:deep] = table * rng.uniform(
                0.9, 1.1, (1, np.rot90(scene, turn).shape[1], 1)
            )
    return save(shoot(bend(scene, rng, 0.08) * light(size, rng, 0.0), rng), rng, kinds=("JPEG",))


def notebook(digit, rng):
    """Ruled paper with a red margin line and holes, the page bent; a digit one to four lines tall."""
    size, paper = sheet(rng)
    height = min(size) * rng.uniform(0.25, 0.7)
    rules = ruled(
        size,
        height / rng.uniform(1, 4),
        max(1.0, rng.uniform(0.004, 0.012) * height),
        rng.uniform(-0.05, 0.05),
    )
    paper = lay(rules * rng.uniform(0.3, 0.9), rng.choice([[0.4, 0.55, 0.8], [0.5, 0.5, 0.5]]), paper)
    if rng.random() < 0.6:
        margin = int(size[1] * rng.uniform(0.05, 0.2))
        paper[:, margin : margin + max(1, size[1] // 250)] = (0.85, 0.35, 0.4)
    if rng.random() < 0.3:
        paper = lay(holes(size, rng), (0.15, 0.13, 0.12), paper)
    scene = lay(ink_of(digit, size, height, rng.uniform(0.03, 0.09), rng), some_ink(rng), paper)
    scene = bend(scene, rng, 0.04) * light(size, rng, rng.choice([0.0, 0.0, 0.35]))
    return save(shoot(scene, rng), rng, kinds=("JPEG",))


def holes(size, rng):
    """Two punched holes near the left edge."""
    y, x = np.mgrid[: size[0], : size[1]]
    radius = 0.02 * size[0] + 2
    inside = [np.hypot(y - part * size[0], x - 0.045 * size[1]) < radius for part in (0.25, 0.75)]
    return np.logical_or(*inside).astype(float)


def squares(digit, rng):
    """Fine grid paper, a digit two to eight squares tall."""
    size, paper = sheet(rng)
    height = min(size) * rng.uniform(0.25, 0.7)
    spacing, angle = max(8, height / rng.uniform(2, 8)), rng.uniform(-0.05, 0.05)
    for upright in (False, True):
        rules = ruled(size, spacing, max(1.0, rng.uniform(0.003, 0.008) * height), angle, upright)
        paper = lay(rules * rng.uniform(0.3, 0.8), rng.choice([[0.5, 0.65, 0.85], [0.6, 0.6, 0.6]]), paper)
    scene = lay(ink_of(digit, size, height, rng.uniform(0.03, 0.09), rng), some_ink(rng), paper)
    scene = bend(scene, rng, 0.03) * light(size, rng, rng.choice([0.0, 0.0, 0.35]))
    return save(shoot(scene, rng), rng, kinds=("JPEG",))


def faint(digit, rng):
    """Hard pencil: little contrast, grain of the paper, a thin broken line."""
    size, paper = sheet(rng)
    height = min(size) * rng.uniform(0.3, 0.75)
    ink = ink_of(digit, size, height, rng.uniform(0.012, 0.035), rng)
    ink = ink * ndimage.gaussian_filter(rng.uniform(0.2, 1.4, size), 0.7).clip(0, 1)
    scene = lay(ink * rng.uniform(0.14, 0.35), (0.3, 0.3, 0.32), paper)
    return save(
        shoot(scene * light(size, rng, 0.0), rng, noise=0.015), rng, kinds=("JPEG",), quality=(55, 95)
    )


def dusk(digit, rng):
    """Little light, much grain, one or two hard shadows across the digit."""
    size, paper = sheet(rng)
    height = min(size) * rng.uniform(0.3, 0.75)
    scene = lay(ink_of(digit, size, height, rng.uniform(0.04, 0.1), rng), some_ink(rng), paper)
    scene = scene * light(size, rng, rng.uniform(0.3, 0.65)) * light(size, rng, rng.choice([0.0, 0.3]))
    return save(shoot(scene * rng.uniform(0.4, 0.9), rng, noise=0.04), rng, kinds=("JPEG",), quality=(25, 80))


def copier(digit, rng):
    """A scan with a black wedge or border, a fold, specks, a line of dirt."""
    size, paper = sheet(rng)
    height = min(size) * rng.uniform(0.25, 0.65)
    scene = lay(ink_of(digit, size, height, rng.uniform(0.02, 0.09), rng), (0.12, 0.12, 0.12), paper)
    for turn in range(4):
        if rng.random() < 0.5:
            side = np.rot90(scene, turn)
            depth = rng.uniform(0.005, 0.07, 2) * len(side)
            wedge = np.arange(len(side))[:, None] < np.linspace(*depth, side.shape[1])
            side[wedge] *= rng.uniform(0, 0.4)
    if rng.random() < 0.4:
        fold = int(size[0] * rng.uniform(0.1, 0.9))
        scene[fold : fold + 2] *= rng.uniform(0.8, 0.93)
    for _ in range(rng.integers(0, 80)):
        y, x, r = *(rng.random(2) * (np.array(size) - 6)).astype(int), int(rng.integers(1, 5))
        scene[y : y + r, x : x + r] *= rng.uniform(0, 0.6)
    return save(shoot(scene, rng, blur=0.7, noise=0.02)[..., :1], rng)


def mouse(digit, rng):
    """A shaky drawing in a paint program of any size, pens from one pixel on, stray dots and marks at the edge."""
    rows = int(np.exp(rng.uniform(np.log(48), np.log(1600))))
    size = (rows, int(rows * rng.uniform(0.8, 1.6)))
    height = min(size) * rng.uniform(0.3, 0.9)
    width = max(1, rng.choice([1, 2, 3, 0.05 * height, 0.1 * height]))
    ink = draw(digit, size, height, width, rng, antialias=rng.random() < 0.5, place=rng.uniform(0.1, 0.9, 2))
    shake = ndimage.gaussian_filter(rng.normal(0, 1, (2, *size)), (0, height / 15, height / 15))
    shake *= rng.uniform(0, 0.012) * height / shake.std()
    ink = ndimage.map_coordinates(ink, np.mgrid[: size[0], : size[1]] + shake, order=int(rng.random() < 0.5))
    if rng.random() < 0.5:
        ink = np.maximum(ink, stray(size, width, rng))
    colours = [(0, 0, 0), (0, 0, 0), (0, 0, 1), (0.9, 0, 0), (0, 0.5, 0), (0.5, 0.5, 0.5)]
    paper = np.ones((*size, 3)) * [(1, 1, 1), (1, 1, 1), (0.9, 0.95, 1), (1, 1, 0.8)][rng.integers(4)]
    return save(lay(ink, colours[rng.integers(6)], paper), rng, kinds=("PNG", "PNG", "BMP", "GIF", "JPEG"))


def stray(size, width, rng):
    """A short stroke that is cut off by an edge, and a dot in a corner."""
    rows, columns = size
    at = rng.uniform(0.1, 0.9) * columns
    line = np.array([[[at, -2], [at + rng.uniform(-0.05, 0.05) * columns, 0.06 * rows]]])
    dot = np.array([[[0.96 * columns, 0.95 * rows], [0.96 * columns + 1, 0.95 * rows]]])
    return pen(np.concatenate([line, dot][: rng.integers(1, 3)]), size, width, True)


def fat(digit, rng):
    """The thickest brush there is."""
    size = (int(rng.uniform(60, 800)),) * 2
    height = size[0] * rng.uniform(0.4, 0.7)
    ink = draw(digit, size, height, height * rng.uniform(0.2, 0.3), rng, antialias=rng.random() < 0.5)
    paper, colour = (1.0, 0.0) if rng.random() < 0.6 else (0.0, 1.0)
    return save(lay(ink, (colour,) * 3, np.ones((*size, 3)) * paper), rng, kinds=("PNG", "JPEG", "WEBP"))


def cropped(digit, rng):
    """The digit fills the picture to its edges, drawn or photographed."""
    rows = int(np.exp(rng.uniform(np.log(40), np.log(700))))
    big = draw(digit, (rows * 2,) * 2, rows, max(1.5, rows * rng.uniform(0.04, 0.14)), rng, place=(0.5, 0.5))
    ys, xs = np.nonzero(big > 0.3)
    margin = int(rng.uniform(0, 0.06) * rows)
    ink = big[
        max(ys.min() - margin, 0) : ys.max() + 1 + margin, max(xs.min() - margin, 0) : xs.max() + 1 + margin
    ]
    if rng.random() < 0.5:
        return save(lay(ink, some_ink(rng), np.ones((*ink.shape, 3))), rng)
    if rng.random() < 0.5:
        return save(lay(ink, (1, 1, 1), np.zeros((*ink.shape, 3))), rng)
    paper = np.ones((*ink.shape, 3)) * rng.uniform(0.7, 0.95)
    return save(shoot(lay(ink, some_ink(rng), paper) * light(ink.shape, rng, 0), rng), rng, kinds=("JPEG",))


def icon(digit, rng):
    """28 to 64 pixels, dark on light or light on dark, soft or hard, well compressed."""
    size = (int(rng.uniform(28, 65)),) * 2
    height = size[0] * rng.uniform(0.5, 0.85)
    ink = draw(
        digit, size, height, max(1, height * rng.uniform(0.05, 0.15)), rng, antialias=rng.random() < 0.7
    )
    pair = [((0, 0, 0), 1.0), ((1, 1, 1), 0.0), ((0.2, 0.2, 0.6), 0.95)][rng.integers(3)]
    return save(lay(ink, pair[0], np.ones((*size, 3)) * pair[1]), rng)


def chalk(digit, rng):
    """Chalk on a smeared board."""
    size, _ = sheet(rng)
    smear = ndimage.gaussian_filter(rng.normal(0, 1, size), (size[0] / 15, size[1] / 6))
    board = np.array([[0.12, 0.25, 0.2], [0.1, 0.1, 0.1], [0.15, 0.15, 0.3]][rng.integers(3)])
    board = board * (1 + rng.uniform(0, 0.3) * (smear / smear.std()))[..., None].clip(0.4, 2)
    height = min(size) * rng.uniform(0.3, 0.75)
    ink = ink_of(digit, size, height, rng.uniform(0.04, 0.1), rng)
    ink = ink * ndimage.gaussian_filter(rng.uniform(0.2, 1.5, size), 0.8).clip(0, 1)
    scene = lay(ink * rng.uniform(0.6, 1), rng.choice([[1, 1, 1], [1, 1, 0.6], [1, 0.75, 0.8]]), board)
    return save(shoot(scene * light(size, rng, 0.0), rng, noise=0.025), rng, kinds=("JPEG",))


def note(digit, rng):
    """Coloured ink on a coloured note."""
    papers = [(0.98, 0.9, 0.4), (1, 0.65, 0.75), (0.6, 0.85, 0.95), (0.7, 0.93, 0.6)]
    size, paper = sheet(rng, colour=papers[rng.integers(4)])
    inks = [(0.1, 0.15, 0.55), (0.7, 0.1, 0.15), (0.05, 0.4, 0.15), (0.1, 0.1, 0.1)]
    height = min(size) * rng.uniform(0.3, 0.75)
    scene = lay(ink_of(digit, size, height, rng.uniform(0.03, 0.09), rng), inks[rng.integers(4)], paper)
    return save(shoot(scene * light(size, rng, rng.choice([0.0, 0.3])), rng), rng, kinds=("JPEG",))


def whiteboard(digit, rng):
    """A board marker under a lamp that shines back."""
    size, paper = sheet(rng, colour=rng.uniform(0.6, 0.8, 1).repeat(3))
    y, x = np.mgrid[: size[0], : size[1]] / min(size)
    glare = np.exp(-((y - rng.random()) ** 2 + (x - rng.random()) ** 2) / rng.uniform(0.02, 0.15))
    height = min(size) * rng.uniform(0.25, 0.75)
    scene = lay(ink_of(digit, size, height, rng.uniform(0.05, 0.12), rng), rng.choice(INKS), paper)
    return save(shoot(scene + rng.uniform(0.1, 0.5) * glare[..., None], rng), rng, kinds=("JPEG",))


def ghost(digit, rng):
    """Transparent, with any colour under what is not seen, ink that lets the paper through."""
    size = (int(np.exp(rng.uniform(np.log(40), np.log(900)))),) * 2
    height = size[0] * rng.uniform(0.35, 0.85)
    ink = draw(digit, size, height, max(1, height * rng.uniform(0.02, 0.14)), rng)
    under = np.where(ink[..., None] > 0, rng.choice([0.0, 1.0, 0.3]), rng.choice([0.0, 1.0]))
    rgba = np.concatenate([np.ones((*size, 3)) * under, ink[..., None] * rng.uniform(0.5, 1)], 2)
    return save(rgba, rng, kinds=("PNG", "WEBP"))


KINDS = (
    page,
    notebook,
    squares,
    faint,
    dusk,
    copier,
    mouse,
    fat,
    cropped,
    icon,
    chalk,
    note,
    whiteboard,
    ghost,
)
