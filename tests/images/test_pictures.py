"""End to end: simulated photos, scans and drawings of unseen digits, read by the shipped model."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

from deq.data import load_dataset
from deq.images import find_digits, read_picture
from deq.models.checkpoints import load_pretrained
from deq.models.inference import infer
from tests.support import pictures

PER_KIND = 3
SEED = 2024


@pytest.fixture(scope="module")
def read(mnist_dir) -> dict[str, np.ndarray]:
    """Kind of picture -> whether each was read correctly, (PER_KIND,)."""
    mnist = load_dataset("mnist", mnist_dir)
    images, labels = [], []
    for k, kind in enumerate(pictures.KINDS):
        for i in range(PER_KIND):
            rng = np.random.default_rng([SEED, k, i])
            number = rng.integers(len(mnist.test_labels))
            images.append(find_digits(read_picture(kind(mnist.test_images[number, ..., 0], rng)))[0])
            labels.append(mnist.test_labels[number])
    shipped = load_pretrained("mlp")
    right = infer(shipped.model, np.stack(images)[..., None], shipped.solver).labels == np.array(labels)
    return dict(zip([kind.__name__ for kind in pictures.KINDS], right.reshape(-1, PER_KIND), strict=True))


def test_nearly_all_are_read_and_some_of_every_kind(read: dict[str, np.ndarray]) -> None:
    assert np.mean(list(read.values())) >= 0.9, read  # 98 % of a few hundred; these are 39
    assert all(right.any() for right in read.values()), read


@pytest.mark.long
def test_digits_of_eight_by_eight_pixels_are_read() -> None:
    """Real handwriting that no model here was trained on, white on black, enlarged from 8x8."""
    digits = load_digits()
    pictures_of = [np.repeat(np.uint8(255 * image / 16)[..., None], 3, axis=2) for image in digits.images]
    read = np.stack([find_digits(picture)[0] for picture in pictures_of])[..., None]
    shipped = load_pretrained("conv")
    assert (infer(shipped.model, read, shipped.solver).labels == digits.target).mean() >= 0.95
