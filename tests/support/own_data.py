"""Scikit-learn's digits as users have their data: a folder of PNGs, a .npz and a .csv."""

import io
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from deq.data import Dataset, load_dataset

TRAIN, TEST = 155, 40  # so that 140 train and 15 validate


@cache
def digits() -> Dataset:
    """Scikit-learn's digits, enlarged once."""
    return load_dataset("digits")


def write_pictures(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """Pictures (n, 28, 28, 1) as folder/LABEL/NUMBER.png."""
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        place = folder / str(label)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(place / f"{i:03}.png")


def write_folder(folder: Path, train: int = TRAIN, test: int = TEST) -> Path:
    """A folder with train/CLASS/* and test/CLASS/*."""
    write_pictures(folder / "train", digits().train_images[:train], digits().train_labels[:train])
    write_pictures(folder / "test", digits().test_images[:test], digits().test_labels[:test])
    return folder


def arrays(train: int = TRAIN, test: int = TEST) -> dict[str, np.ndarray]:
    """The four arrays of a .npz."""
    return {
        "x_train": digits().train_images[:train, ..., 0],
        "y_train": digits().train_labels[:train],
        "x_test": digits().test_images[:test, ..., 0],
        "y_test": digits().test_labels[:test],
    }


def write_npz(path: Path, **changed: np.ndarray) -> Path:
    """A .npz of pictures, with some arrays changed."""
    np.savez(path, **arrays() | changed)
    return path


def write_csv(path: Path, rows: int = TRAIN + TEST, words: bool = True) -> Path:
    """A .csv with a header, 16 numbers a row (means over 7 x 7 pixels) and the label in the last column."""
    means = digits().train_images[:rows].reshape(rows, 4, 7, 4, 7).mean((2, 4)).reshape(rows, 16)
    labels = [f"digit {n}" if words else str(n) for n in digits().train_labels[:rows]]
    lines = [
        ",".join(f"{v:.3f}" for v in row) + f",{label}" for row, label in zip(means, labels, strict=True)
    ]
    header = ",".join([*(f"x{i}" for i in range(16)), "what"])
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def zipped_folder(folder: Path, root: str = "") -> bytes:
    """The files of a folder as a zip, in a folder of that name if one is given."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, str(Path(root) / path.relative_to(folder)))
    return data.getvalue()
