"""A card to share: one picture, its answer in a sentence, and how the answer formed."""

from io import BytesIO

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from deq.images.letters import plain_letters

SIZE = (1200, 630)  # pixels, the usual size of a link's preview
PAPER, INK, FAINT, BLUE = "#14181d", "#f2f2f2", "#9aa3ad", "#4da3d9"
DIGIT = 448  # pixels, 16 for each of the picture's own
EDGE = 91  # pixels around it
CHART = (620, 330, 1110, 480)  # left, top, right, bottom


def share_card(image: np.ndarray, title: str, subtitle: str, probability: ArrayLike, link: str) -> bytes:
    """A PNG of SIZE. image: (28, 28) uint8, white on black.

    probability: of the answer after each evaluation, drawn as a line from 0 to 1. link: kept in the PNG as `Source`.
    """
    card = Image.new("RGB", SIZE, PAPER)
    card.paste(Image.fromarray(image).resize((DIGIT, DIGIT), Image.Resampling.NEAREST), (EDGE, EDGE))
    pen = ImageDraw.Draw(card)
    _write(pen, (620, 91), title, 52, INK)
    _write(pen, (620, 286), subtitle, 24, FAINT)
    _draw_line(pen, np.asarray(probability, float))
    _write(pen, (620, 500), "DEQ lab: networks that repeat one layer until nothing changes", 22, FAINT)
    text, file = PngInfo(), BytesIO()
    text.add_text("Source", link)
    card.save(file, "PNG", pnginfo=text)
    return file.getvalue()


def _write(pen: ImageDraw.ImageDraw, place: tuple[int, int], text: str, size: int, color: str) -> None:
    """Text in lines that fit between its place and the right edge."""
    font, lines = ImageFont.load_default(size), [""]
    for word in plain_letters(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if pen.textlength(longer, font) <= SIZE[0] - EDGE - place[0]:
            lines[-1] = longer
        else:
            lines.append(word)
    pen.multiline_text(place, "\n".join(lines), color, font, spacing=size // 4)


def _draw_line(pen: ImageDraw.ImageDraw, probability: np.ndarray) -> None:
    """Probabilities (n,) from left to right, between the lines of 0 and 1."""
    left, top, right, bottom = CHART
    for y in (top, bottom):
        pen.line((left, y, right, y), FAINT, 1)
    known = np.isfinite(probability)
    x = np.linspace(left, right, len(probability))[known]
    points = list(zip(x.tolist(), (bottom - (bottom - top) * probability[known]).tolist(), strict=True))
    pen.line(points, BLUE, 5, joint="curve")
    for point in points:
        pen.circle(point, 8, BLUE)
