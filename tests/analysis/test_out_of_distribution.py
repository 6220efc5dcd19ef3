"""Out-of-distribution inputs, AUROC against its definition, and noise detected by every shipped model."""

import numpy as np
import pytest

from deq.analysis.out_of_distribution import (
    LETTERS,
    auroc,
    auroc_table,
    letter,
    make_ood_inputs,
    score_inputs,
)
from deq.data import load_dataset
from deq.models.checkpoints import load_pretrained, picture_readers


def test_auroc_counts_pairs_and_ties_half() -> None:
    assert auroc(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 1
    assert auroc(np.array([1.0, 1.0]), np.array([1.0])) == 0.5
    inside, outside = np.array([1.0, 4.0, 2.0]), np.array([3.0, 2.0, np.inf])
    wins = np.mean([(b > a) + 0.5 * (b == a) for b in outside for a in inside])
    assert auroc(inside, outside) == pytest.approx(wins)


def test_each_kind_of_input_is_what_its_name_says() -> None:
    digits = load_dataset("digits").test_images[:20, ..., 0]
    kinds = make_ood_inputs(digits)
    assert all(images.dtype == np.uint8 and images.shape[1:] == (28, 28) for images in kinds.values())
    for ours, theirs in zip(kinds["scrambled"], digits, strict=True):
        np.testing.assert_array_equal(np.sort(ours, axis=None), np.sort(theirs, axis=None))
        assert (ours != theirs).any()
    assert (kinds["inverted"].astype(int) + digits == 255).all()
    assert (np.ptp(kinds["blank"], axis=(1, 2)) == 0).all()
    assert not set(LETTERS) & set("BDGIOQSZlqoiszg")


def test_letters_fit_the_frame_of_mnist() -> None:
    ink = np.stack([letter(c, np.random.default_rng(i)) for i, c in enumerate(LETTERS)])
    assert (ink.max(axis=(1, 2)) > 200).all()
    assert not ink[:, :2].any()
    assert not ink[:, :, -2:].any()
    assert len(np.unique(ink.reshape(len(ink), -1), axis=0)) == len(LETTERS)


@pytest.mark.parametrize("name", picture_readers())
def test_noise_is_detected(name: str, mnist_dir) -> None:
    digits, shipped = load_dataset("mnist").test_images[:300, ..., 0], load_pretrained(name)
    noise = make_ood_inputs(digits)["noise"]
    inside, outside = (
        score_inputs(shipped.model, images, shipped.solver, budget=8) for images in (digits, noise)
    )
    table = auroc_table(inside, {"noise": outside})
    assert max(table["noise"].values()) >= 0.95
