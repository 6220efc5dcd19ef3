"""A moving picture of a grid or of words that move, with a line of text below each frame, as a GIF of bounded size."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from deq.images.pixels import enlarged

MOST_BYTES = 1_500_000
CELL, STRIP, TEXT = 10, 34, 17  # pixels: a cell, the strip with the text, its letters
SIDE, WORD = 400, 12  # pixels: the square in which words move, their letters
PACE, HOLD = 150, 2500  # milliseconds: of a frame, and of the last
GREYS = 16  # that letters are drawn with
RADIUS = 2.5
RING, CROSS = 8, 4  # pixels

Color = tuple[int, int, int]
Mark = tuple[float, float, Color]  # from the left and from the top, as shares of the width


def moving_picture(
    grids: np.ndarray,
    hatched: np.ndarray,
    hatch: Color,
    texts: Sequence[str],
    marks: Sequence[Mark] = (),
    most: int = MOST_BYTES,
) -> bytes:
    """Frames one after another, the last one held. Where it exceeds `most` bytes, every second frame is left out.

    grids: (n, m, m, 3) uint8, the top row first. hatched: (n, m, m) bool, cells with a line of colour `hatch` across.
    """
    frames = [_frame(*one, hatch, marks) for one in zip(grids, hatched, texts, strict=True)]
    return _shortened(frames, _palette(grids, [hatch, *{color for *_, color in marks}]), most)


def moving_words(
    places: np.ndarray,
    words: Sequence[str],
    colors: Sequence[Color],
    wrong: np.ndarray,
    failed: np.ndarray,
    mark: Color,
    texts: Sequence[str],
    most: int = MOST_BYTES,
) -> bytes:
    """Like `moving_picture`, but of n words that move on white.

    places: (frames, n, 2), from the left and from the top, as shares of the width. wrong, failed: (frames, n) bool,
    what has a ring of the colour `mark`, and what is a cross of that colour instead.
    """
    frames = []
    for place, ringed, crossed, text in zip(places * SIDE, wrong, failed, texts, strict=True):
        image, draw = _captioned(np.full((SIDE, SIDE, 3), 255, np.uint8), text)
        for (x, y), word, color, ring, cross in zip(place, words, colors, ringed, crossed, strict=True):
            if cross:  # lines: the font has no such sign
                draw.line((x - CROSS, y - CROSS, x + CROSS, y + CROSS), mark)
                draw.line((x - CROSS, y + CROSS, x + CROSS, y - CROSS), mark)
                continue
            draw.text((x, y), word, color, ImageFont.load_default(WORD), anchor="mm")
            if ring:
                draw.circle((x, y), RING, outline=mark)
        frames.append(image)
    used = sorted({mark, *colors})
    return _shortened(frames, _palette(np.full((1, 1, 3), 255, np.uint8), used), most)


def _shortened(frames: Sequence[Image.Image], palette: Image.Image, most: int) -> bytes:
    """The frames as a GIF, every second one left out until it has at most `most` bytes."""
    images = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    while len(data := _gif(images)) > most and len(images) > 1:
        images = images[::-2][::-1]  # counted from the last, which is kept
    return data


def _frame(
    grid: np.ndarray, hatched: np.ndarray, text: str, hatch: Color, marks: Sequence[Mark]
) -> Image.Image:
    pixels = enlarged(grid, CELL)
    side = len(pixels)
    across = np.add.outer(np.arange(side), np.arange(side)) % CELL == CELL - 1
    pixels[enlarged(hatched, CELL) & across] = hatch
    image, draw = _captioned(pixels, text)
    for x, y, color in marks:
        draw.circle((x * side, y * side), RADIUS, color, "white")
    return image


def _captioned(pixels: np.ndarray, text: str) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """A square picture (side, side, 3) with a line of text below it, to be drawn on."""
    side = len(pixels)
    image = Image.new("RGB", (side, side + STRIP), "white")
    image.paste(Image.fromarray(pixels))
    draw = ImageDraw.Draw(image)
    draw.text((side / 2, side + STRIP / 2), text, "black", ImageFont.load_default(TEXT), anchor="mm")
    return image, draw


def _palette(grids: np.ndarray, colors: Sequence[Color]) -> Image.Image:
    """An image with all colours of the frames: one palette for all, so that what stays is not stored again."""
    greys = np.linspace(0, 255, GREYS).round().astype(np.uint8)
    found = [
        np.repeat(greys[:, None], 3, axis=1),
        np.array(colors, np.uint8),
        np.unique(grids.reshape(-1, 3), axis=0),
    ]
    image = Image.new("P", (1, 1))
    image.putpalette(np.concatenate(found)[:256].tobytes())
    return image


def _gif(images: Sequence[Image.Image]) -> bytes:
    file = io.BytesIO()
    pace = [PACE] * (len(images) - 1) + [HOLD]
    images[0].save(file, "GIF", save_all=True, append_images=images[1:], duration=pace, loop=0)
    return file.getvalue()
