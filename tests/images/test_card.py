"""The card to share: the digit, its line and its link."""

from io import BytesIO

import numpy as np
from PIL import Image, ImageColor

from deq.images.card import BLUE, CHART, DIGIT, EDGE, SIZE, share_card


def test_a_card_has_the_digit_the_line_and_the_link() -> None:
    digit = np.zeros((28, 28), np.uint8)
    digit[3, 5] = 255
    link = "https://example.org/predict?strokes=AQ"
    card = Image.open(
        BytesIO(share_card(digit, "My 7 settled in 7 steps", "by conv", [0.1, np.nan, 1.0], link))
    )
    assert card.size == SIZE
    assert card.text["Source"] == link
    shown = np.asarray(card.convert("L"))[EDGE : EDGE + DIGIT, EDGE : EDGE + DIGIT][8::16, 8::16]
    np.testing.assert_array_equal(shown, digit)
    left, top, right, bottom = CHART
    ends = (left, bottom - round(0.1 * (bottom - top))), (right, top)
    assert [card.getpixel(end) for end in ends] == [ImageColor.getrgb(BLUE)] * 2


def test_a_long_title_stays_on_the_card() -> None:
    blank = np.zeros((28, 28), np.uint8)
    card = Image.open(BytesIO(share_card(blank, "My flower settled in 300 steps " * 2, "", [0.5], "")))
    assert (np.asarray(card)[:, -EDGE + 10 :] == np.asarray(card)[0, 0]).all()


def test_a_card_has_no_boxes_for_accents() -> None:
    image = np.zeros((28, 28), np.uint8)
    accented, plain = (share_card(image, title, "", [0.5, 1.0], "") for title in ("It is été", "It is ete"))
    assert accented == plain
