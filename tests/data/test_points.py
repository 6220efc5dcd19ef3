"""Own points: a code that fits a link, text of any scale, patterns that can be learnt, and what is refused."""

import numpy as np
import pytest

from deq.data import DatasetError, Points
from deq.data.patterns import PATTERNS, pattern
from deq.data.point_tables import MAX_TEXT, points_text, read_points, read_points_file
from deq.data.points import LEAST_EACH, MOST, make_points
from tests.pages.links import VALUES


def scattered(n: int, classes: int = 6, seed: int = 0) -> Points:
    rng = np.random.default_rng(seed)
    return make_points(rng.uniform(-2.5, 2.5, (n, 2)), rng.integers(0, classes, n))


def test_a_code_keeps_places_to_a_hundredth_and_classes() -> None:
    x, y = np.array([[-2.5, 2.5], [0.07, -1.234], [9, -9]]), np.array([0, 5, 2])
    points = make_points(x, y)
    assert points.x.tolist() == [
        [-2.5, 2.5],
        [2.5, -2.5],
        [0.07, -1.23],
    ]  # class after class, within the plane
    assert (points.y.tolist(), points.labels.tolist(), points.classes) == (
        [0, 2, 5],
        [0, 1, 2],
        ("A", "C", "F"),
    )
    assert make_points(points.x, points.y) == points
    assert points.code == "AH0..9KE...fd0"  # links are kept
    assert hash(Points(points.code)) == hash(points)


def test_a_link_holds_as_many_points_as_there_may_be() -> None:
    assert len(scattered(MOST).code) <= 3 * MOST + 5
    with pytest.raises(ValueError, match="More than"):
        scattered(MOST + 1)


@pytest.mark.parametrize(
    "code", [*(v for v in VALUES if v not in ("", "nan")), "aaaa", "___", "AAA......AAA", "AAA" * 401]
)
def test_any_other_code_is_refused_in_one_line(code: str) -> None:
    with pytest.raises(ValueError, match="oint") as refused:
        Points(code)
    assert len(str(refused.value)) < 80


@pytest.mark.parametrize(
    ("x", "y"), [([[np.nan, 0]], [0]), ([[0, 0]], [6]), ([[0, 0]], [-1]), ([[np.inf, 0]], [0])]
)
def test_what_a_browser_must_not_send(x: list, y: list) -> None:
    with pytest.raises(ValueError, match="finite coordinates"):
        make_points(np.array(x), np.array(y))


@pytest.mark.parametrize("name", PATTERNS)
def test_patterns_can_be_trained_on(name: str) -> None:
    points = pattern(name)
    task = points.task
    assert np.abs(points.x).max() <= 2.5
    assert len(task.train.y) + len(task.validation.y) + len(task.test.y) == len(points.y)
    for part in (task.train, task.test):
        assert set(part.y) == set(range(len(points.classes)))


def test_the_split_is_fixed_and_by_class() -> None:
    points = make_points(np.zeros((20, 2)), np.repeat([0, 3], 10))
    task = points.task
    sizes = [np.bincount(part.y).tolist() for part in (task.train, task.validation, task.test)]
    assert sizes == [[7, 7], [1, 1], [2, 2]]
    assert np.array_equal(points.task.test.y, task.test.y)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([], "two classes"),
        ([20], "two classes"),
        ([20, LEAST_EACH - 1], "class B"),
        ([4, 4], "10 are needed"),
    ],
)
def test_too_few_points(counts: list[int], said: str) -> None:
    points = make_points(np.zeros((sum(counts), 2)), np.repeat(np.arange(len(counts)), counts))
    assert said in points.missing
    with pytest.raises(ValueError, match=said):
        _ = points.task


def test_text_that_the_page_writes_is_read_back() -> None:
    points = scattered(60)
    assert read_points("The text", points_text(points)) == (points, ())
    assert read_points("The text", "x,y,label\n" + points_text(points).replace(" ", "")).points == points
    assert (
        read_points_file("a.csv", points_text(points).replace(", ", ";").encode("utf-8-sig")).points == points
    )


@pytest.mark.parametrize("scale", [1e-9, 1e3, 1e29])
def test_any_scale_is_brought_into_the_plane_by_one_affine_map(scale: float) -> None:
    x = np.array([[5.0, 1.0], [6.0, 1.5], [7.0, 1.0]]) * scale
    points, notes = read_points("a", "".join(f"{a!r}\t{b!r}\tiris\n" for a, b in x.tolist()))
    assert points.x.tolist() == [[-2.2, -0.55], [0, 0.55], [2.2, -0.55]]
    assert [note.partition(":")[0] for note in notes] == ["Moved and scaled into the plane", "Classes"]


def test_words_and_numbers_become_letters_and_letters_stay() -> None:
    words = read_points("a", "0,0,no\n1,1,yes\n2,2,no\n")
    assert words.points.classes == ("A", "B")
    assert words.notes == ("Classes: A is no, B is yes.",)
    assert read_points("a", "0,0,2\n1,1,10\n").notes == ("Classes: A is 2, B is 10.",)
    assert read_points("a", "0,0,C\n1,1,F\n").points.classes == ("C", "F")


def test_a_large_table_is_thinned() -> None:
    rows = "".join(f"{i / 1000},{i / 900},{'ab'[i % 2]}\n" for i in range(1000))
    points, notes = read_points("a", rows)
    assert np.bincount(points.y).tolist() == [MOST // 2, MOST // 2]
    assert notes[0] == "Only 400 of 1,000 points are kept, each class in proportion."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "three columns"),
        ("1,2\n", "three columns: x, y and a label. The first line has 2"),
        ("a,b,c\n", "no rows of numbers"),
        ("1,2,A\nx,2,B\n", "line 2: 'x' is not a finite number"),
        ("nan,2,A\n", "not a finite number"),
        ("1e200,2,A\n1,2,B\n", "beyond 1e+30"),
        ("1,2,1.5\n", "not a whole number; use words or whole numbers"),
        ("1,2,A\n1,2\n", "line 2: 2 columns, but 3"),
        ("".join(f"1,2,w{i}\n" for i in range(7)), "7 classes; the plane takes at most 6"),
        ("1" * (MAX_TEXT + 1), "longer than"),
    ],
)
def test_text_that_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(DatasetError) as refused:
        read_points("The text", text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "--" not in str(refused.value)


def test_a_file_that_is_no_text() -> None:
    with pytest.raises(DatasetError, match="not a text"):
        read_points_file("a.csv", b"\xff\xfe\x00,")
