"""Augmentation stays within its bounds, and leaves a picture unchanged where they are 0."""

import jax
import numpy as np

from deq.data.augment import Augmentation

KEY = jax.random.key(0)
NONE = Augmentation(0, 0, 0, 0)


augment = jax.jit(lambda augmentation, images, key: augmentation(images, key), static_argnums=0)


def augmented(augmentation: Augmentation, images: np.ndarray, key: jax.Array = KEY) -> np.ndarray:
    return np.asarray(augment(augmentation, images, key))


def blob(row: float, column: float) -> np.ndarray:
    """A soft dot at (row, column), uint8 (1, 28, 28, 1)."""
    y, x = np.mgrid[:28, :28]
    dot = 255 * np.exp(-((y - row) ** 2 + (x - column) ** 2) / 8)
    return np.round(dot).astype(np.uint8)[None, ..., None]


def centre(image: jax.Array) -> np.ndarray:
    y, x = np.mgrid[:28, :28]
    weight = np.asarray(image)[..., 0]
    return np.array([(weight * y).sum(), (weight * x).sum()]) / weight.sum()


def test_zero_bounds_leave_the_picture_unchanged() -> None:
    image = blob(10, 17)
    np.testing.assert_allclose(augmented(NONE, image), image / 255, atol=1e-6)


def test_shift_stays_within_its_bound() -> None:
    images = np.repeat(blob(13.5, 13.5), 200, axis=0)
    moved = np.array([centre(image) for image in augmented(Augmentation(0, 0, 0, 3), images)]) - 13.5
    assert np.abs(moved).max() <= 3.05
    assert np.abs(moved).max(axis=0).min() > 2.5
    assert np.abs(moved.mean(axis=0)).max() < 0.5


def test_rotation_is_about_the_centre() -> None:
    images = np.repeat(blob(13.5, 21.5), 200, axis=0)
    moved = np.array([centre(image) for image in augmented(Augmentation(90, 0, 0, 0), images)]) - 13.5
    np.testing.assert_allclose(np.hypot(*moved.T), 8, atol=0.2)
    angles = np.degrees(np.arctan2(moved[:, 0], moved[:, 1]))
    assert -91 < angles.min() < -75
    assert 75 < angles.max() < 91


def test_scale_and_shear_move_linearly() -> None:
    images = np.repeat(blob(13.5, 21.5), 200, axis=0)
    scaled = np.array([centre(image) for image in augmented(Augmentation(0, 0.2, 0, 0), images)])
    assert 8 / 1.2 - 0.2 < (scaled[:, 1] - 13.5).min() < (scaled[:, 1] - 13.5).max() < 8 / 0.8 + 0.2
    sheared = np.array([centre(image) for image in augmented(Augmentation(0, 0, 0.2, 0), images)])
    np.testing.assert_allclose(sheared[:, 0], 13.5, atol=1.8)


def test_result_depends_on_the_key_alone() -> None:
    images = np.repeat(blob(12, 12), 4, axis=0)
    one, same = augmented(Augmentation(), images), augmented(Augmentation(), images)
    other = augmented(Augmentation(), images, jax.random.key(1))
    assert (one == same).all()
    assert not (one == other).all()
    assert not (one[0] == one[1]).all()


def test_elastic_moves_parts_independently_and_within_its_bound() -> None:
    corners = [(6, 6), (6, 21), (21, 6), (21, 21)]
    images = np.concatenate([np.repeat(blob(*corner), 50, axis=0) for corner in corners])
    moved = np.array([centre(image) for image in augmented(Augmentation(0, 0, 0, 0, elastic=2), images)])
    moved -= np.repeat(corners, 50, axis=0)
    assert np.abs(moved).max() < 2.6
    assert np.abs(moved).max() > 1
    both = augmented(Augmentation(0, 0, 0, 0, elastic=2), blob(7, 7) + blob(20, 20))[0]
    upper = (np.arange(28) < 14)[:, None, None]
    parts = centre(both * upper) - 7, centre(both * ~upper) - 20
    assert np.abs(parts[0] - parts[1]).max() > 0.2


def test_stroke_thickens_and_thins() -> None:
    images = np.repeat(blob(13.5, 13.5), 200, axis=0)
    ink = augmented(Augmentation(0, 0, 0, 0, stroke=0.8), images).sum((1, 2, 3))
    plain = float((images[0] / 255).sum())
    assert ink.min() < 0.75 * plain < 1.25 * plain < ink.max()


def test_blur_keeps_the_ink_and_lowers_the_peak() -> None:
    images = np.repeat(blob(13.5, 13.5), 200, axis=0)
    found = augmented(Augmentation(0, 0, 0, 0, blur=1.0), images)
    np.testing.assert_allclose(found.sum((1, 2, 3)), float((images[0] / 255).sum()), rtol=1e-3)
    assert found.max((1, 2, 3)).min() < 0.93 * float(images.max() / 255)
