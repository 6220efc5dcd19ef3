"""Moving pictures: as many frames as fit, with their text, and always the last."""

import io

import numpy as np
import pytest
from PIL import Image

from deq.images.moving import CELL, CROSS, RING, SIDE, moving_picture, moving_words

RED, BLUE = (214, 39, 40), (0, 114, 178)
CELLS = 12


@pytest.fixture
def grids() -> np.ndarray:
    """Noise, which is as large as a frame can become; the last is green."""
    noise = np.random.default_rng(0).choice(np.arange(0, 256, 85, np.uint8), (20, CELLS, CELLS, 3))
    noise[-1] = (0, 255, 0)
    return noise


def made(grids: np.ndarray, hatched: np.ndarray, most: int = 1_500_000) -> tuple[int, list[np.ndarray]]:
    """Bytes, and each frame's pixels."""
    texts = [f"Update {step}" for step in range(len(grids))]
    data = moving_picture(grids, hatched, RED, texts, [(0.5, 0.5, BLUE)], most)
    return len(data), shown(data)


def shown(data: bytes) -> list[np.ndarray]:
    """The pixels of each frame."""
    with Image.open(io.BytesIO(data)) as picture:
        frames = []
        for k in range(picture.n_frames):
            picture.seek(k)
            frames.append(np.asarray(picture.convert("RGB")))
    return frames


def test_frames_are_drawn_as_they_are_with_points_hatching_and_text(grids: np.ndarray) -> None:
    hatched = np.zeros(grids.shape[:3], bool)
    hatched[-1, 0, 0] = True
    _, frames = made(grids, hatched)
    assert len(frames) == len(grids)
    middle = slice(CELL // 2, CELLS * CELL, CELL)
    cells = frames[0][middle, middle]
    far = np.abs(np.add.outer(np.arange(CELLS), -np.arange(CELLS))) > 1  # the point covers the middle
    np.testing.assert_array_equal(cells[far], grids[0][far])
    assert tuple(frames[-1][60, 60]) == BLUE
    assert (frames[-1][:CELL, :CELL] == RED).all(axis=-1).sum() == CELL
    strips = {frame[CELLS * CELL :].tobytes() for frame in frames}
    assert len(strips) == len(grids)


def test_a_film_that_is_too_large_leaves_out_frames_but_not_the_last(grids: np.ndarray) -> None:
    hatched = np.zeros(grids.shape[:3], bool)
    whole, _ = made(grids, hatched)
    size, frames = made(grids, hatched, most=whole // 2)
    assert size <= whole // 2
    assert 1 < len(frames) <= 10
    assert tuple(frames[-1][5, 25]) == (0, 255, 0)


def test_words_are_ringed_where_wrong_and_crosses_where_failed() -> None:
    places = np.full((3, 1, 2), 0.5)
    wrong, failed = np.array([[False], [True], [True]]), np.array([[False], [False], [True]])
    data = moving_words(places, ["1"], [BLUE], wrong, failed, RED, ["a", "b", "c"])
    plain, ringed, crossed = shown(data)
    middle = SIDE // 2
    assert RED not in colors_of(plain)
    assert {RED, BLUE} <= colors_of(ringed)
    assert tuple(ringed[middle, middle + RING]) == RED
    assert BLUE not in colors_of(crossed)
    assert all(tuple(crossed[middle + k, middle + k]) == RED for k in (-CROSS, 0, CROSS))


def colors_of(frame: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(color) for color in frame.reshape(-1, 3).tolist()}
