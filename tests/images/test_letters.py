"""Pillow's own font draws an empty box for every letter that it lacks."""

import string

import pytest
from PIL import ImageFont

from deq.images.letters import SIGNS, UNKNOWN, plain_letters

FONT = ImageFont.load_default(12)


@pytest.mark.parametrize(
    ("text", "written"),
    [("café", "cafe"), ("Straße", "Strasse"), ("3 × −2", "3 x -2"), ("日本", 2 * UNKNOWN), ("ŁØ", "LO")],
)
def test_accents_go_and_other_scripts_are_marked(text: str, written: str) -> None:
    assert plain_letters(text) == written


def test_the_font_has_every_letter_that_is_left() -> None:
    box = bytes(FONT.getmask("\uffff"))
    left = (
        string.digits
        + string.ascii_letters
        + string.punctuation
        + "".join(map(plain_letters, map(chr, SIGNS)))
    )
    assert [letter for letter in left if bytes(FONT.getmask(letter)) == box] == []
