"""Drawings: the text of a link and the canvas keep every stroke, and anything else is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deq.images import find_digits
from deq.images.drawing import (
    BOARD,
    LONGEST,
    REACH,
    DrawingError,
    from_canvas,
    paint_drawing,
    read_drawing,
    to_canvas,
    write_drawing,
)

SEVEN = (((95, 70), (205, 70), (170, 150), (140, 250)), ((120, 160), (190, 160)))
DOT = (((40, 60),),)
PLACES = st.integers(-REACH, REACH)
STROKES = st.lists(st.tuples(PLACES, PLACES), min_size=1, max_size=30).map(tuple)
DRAWINGS = st.lists(STROKES, min_size=1, max_size=6).map(tuple)


@given(DRAWINGS)
def test_a_link_keeps_every_point(drawing) -> None:
    text = write_drawing(drawing)
    assert len(text) <= LONGEST
    assert read_drawing(text) == drawing


@given(DRAWINGS)
def test_the_canvas_keeps_what_a_link_says(drawing) -> None:
    """The first reading thins it, and then it stays: a link that is opened gives the same link."""
    once = from_canvas(to_canvas(drawing))
    assert from_canvas(to_canvas(once)) == once
    assert [stroke[0] for stroke in once] == [stroke[0] for stroke in drawing]
    assert [stroke[-1] for stroke in once] == [stroke[-1] for stroke in drawing]


def test_a_slow_pen_makes_no_long_link() -> None:
    slow = tuple((x, 100) for x in range(0, 201))
    (stroke,) = from_canvas(to_canvas((slow,)))
    assert stroke == slow[::4]


@given(st.one_of(st.text(), st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True)))
def test_any_other_text_is_refused(text: str) -> None:
    """What is read at all is written the same way."""
    try:
        drawing = read_drawing(text)
    except DrawingError:
        return
    assert write_drawing(drawing) == text


def test_a_text_that_is_cut_off_changed_or_too_long_is_refused() -> None:
    text = write_drawing(SEVEN)
    longer = write_drawing(SEVEN * 200)
    outside = write_drawing((((REACH + 1, 0),),))
    cut = [text[:end] for end in range(len(text))]
    for wrong in (*cut, text + "AA", longer, outside, write_drawing(()), write_drawing(((),)), "é", "AA=="):
        with pytest.raises(DrawingError):
            read_drawing(wrong)


@pytest.mark.parametrize(
    "canvas",
    [
        None,
        7,
        {},
        {"objects": 7},
        {"objects": [7]},
        {"objects": [{"type": "Path"}]},
        {"objects": [{"type": "Path", "path": []}]},
        {"objects": [{"type": "Path", "path": [["M", "x", None]]}]},
        {"objects": [{"type": "Path", "path": [["M", 1e999, 0], ["L", 1, 1]]}]},
        {"objects": [{"type": "Path", "path": [["M", 0, 0], ["L", 1, 1]], "left": "x", "top": 0}]},
    ],
)
def test_what_is_no_canvas_is_refused(canvas: object) -> None:
    with pytest.raises(DrawingError):
        from_canvas(canvas)


def test_strokes_that_were_moved_turned_and_enlarged() -> None:
    """As fabric.js 7.4 gives a path: its middle at left, top."""
    path = {"type": "Path", "path": [["M", 0, 0], ["Q", 0, 0, 0, 20], ["L", 0, 40]], "left": 100, "top": 90}
    assert from_canvas({"objects": [path]}) == (((100, 70), (100, 110)),)
    assert from_canvas({"objects": [path | {"angle": 90}]}) == (((120, 90), (80, 90)),)
    assert from_canvas({"objects": [path | {"scaleY": 2, "flipY": True}]}) == (((100, 130), (100, 50)),)


def test_the_picture_is_what_was_drawn() -> None:
    picture = np.asarray(paint_drawing(DOT)) < 128
    rows, columns = np.nonzero(picture)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (18, 18)  # the pen
    assert (rows.mean(), columns.mean()) == pytest.approx(
        (59.5, 39.5), abs=0.2
    )  # a place is a corner of pixels
    whole = paint_drawing(SEVEN).convert("RGB")
    assert whole.size == (BOARD, BOARD)
    assert len(find_digits(np.asarray(whole))) == 1
