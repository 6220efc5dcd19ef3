"""A user's own data: folders, .npz and .csv become data sets; what cannot be read is refused in one line."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deq.data import READERS, DatasetError, Form, classify, load_own_data
from deq.data.own import mixed, scaled
from deq.data.tables import read_rows
from tests.support.own_data import arrays, digits, write_csv, write_folder, write_npz, write_pictures

DIGITS = tuple("0123456789")


def letters(folder: Path, count: int = 6) -> Path:
    """Two classes of grey pictures of 40 x 20, `count` each."""
    rng = np.random.default_rng(0)
    for name in ("left", "right"):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            picture = rng.integers(0, 256, (20, 40), np.uint8)
            Image.fromarray(picture).save(folder / name / f"{i}.png")
    return folder


def test_a_folder_with_train_and_test(tmp_path: Path) -> None:
    """Pictures of 28 x 28 are kept to the pixel by the plain reader."""
    own = load_own_data(write_folder(tmp_path), Form(reader="plain"))
    data = own.dataset
    assert (own.form.classes, own.notes, data.num_classes) == (DIGITS, (), 10)
    known = {
        image.tobytes(): label
        for image, label in zip(digits().train_images, digits().train_labels, strict=True)
    }
    assert all(known[x.tobytes()] == y for x, y in zip(data.train_images, data.train_labels, strict=True))
    task = classify(data)
    assert (len(task.train.y), len(task.validation.y), len(task.test.y)) == (140, 15, 40)
    assert len(set(task.validation.y)) == 10


def test_digits_are_brought_to_mnist_s_style(tmp_path: Path) -> None:
    """Where every class is a digit: large ones, dark on light, are cut out and centred."""
    large = 255 - np.kron(digits().train_images[:20], np.ones((1, 3, 3, 1), np.uint8))
    write_pictures(
        tmp_path,
        np.pad(large, ((0, 0), (20, 0), (0, 30), (0, 0)), constant_values=255),
        digits().train_labels[:20],
    )
    own = load_own_data(tmp_path)
    assert (own.form.reader, own.form.classes) == ("digits", DIGITS)
    read = {y: x for x, y in zip(own.dataset.train_images / 255, own.dataset.train_labels, strict=True)}
    for label, image in read.items():
        alike = [np.corrcoef(image.ravel(), other.ravel())[0, 1] for other in digits().train_images[:20]]
        assert digits().train_labels[int(np.argmax(alike))] == label


def test_a_folder_without_a_test_set_is_split_by_class(tmp_path: Path) -> None:
    own = load_own_data(letters(tmp_path, count=20))
    task = classify(own.dataset)
    assert own.form == Form(("left", "right"), "plain")
    assert own.notes == ("Split 40 examples: 28 for training, 4 for validation, 8 for testing.",)
    for part, size in ((task.train, 28), (task.validation, 4), (task.test, 8)):
        assert (len(part.y), int(part.y.sum())) == (size, size // 2)
    again = load_own_data(tmp_path)
    assert again.sha256 == own.sha256
    assert np.array_equal(again.dataset.test_images, own.dataset.test_images)


def test_every_stretch_of_the_order_holds_each_class_in_proportion() -> None:
    labels = np.repeat([0, 1, 2], [50, 30, 20])
    for part in np.split(labels[mixed(labels)], 5):
        assert np.abs(np.bincount(part, minlength=3) - [10, 6, 4]).max() <= 1


def test_broken_pictures_are_skipped_counted_and_the_first_three_named(tmp_path: Path) -> None:
    folder, outside = letters(tmp_path / "data"), tmp_path / "secret.png"
    Image.new("L", (28, 28)).save(outside)
    for i in range(4):
        (folder / "left" / f"b{i}.png").write_bytes(b"" if i else b"\x1b[31m no picture")
    (folder / "left" / ".DS_Store").touch()
    (folder / "right" / "a link.png").symlink_to(outside)
    os.mkfifo(folder / "right" / "fifo.png")
    own = load_own_data(folder)
    assert len(own.dataset.train_labels) + len(own.dataset.test_labels) == 12
    assert own.notes[0].startswith(
        "Skipped 6 of 18 pictures: left/b0.png (This is not a picture in a known format"
    )
    assert own.notes[0].endswith("and 3 more.")
    assert own.notes[0].count(".png") == 3


def empty_files(folder: Path) -> None:
    for i in range(10_000):
        place = folder / "ab"[i % 2]
        place.mkdir(exist_ok=True)
        (place / f"{i}.png").touch()


def with_empty_class(folder: Path) -> None:
    letters(folder)
    (folder / "middle").mkdir()


def with_one_class(folder: Path) -> None:
    write_pictures(folder, np.zeros((3, 28, 28, 1), np.uint8), np.zeros(3, int))


def with_half(folder: Path) -> None:
    letters(folder / "train")


def with_strange_test_class(folder: Path) -> None:
    letters(folder / "train")
    letters(folder / "test")
    (folder / "test" / "left").rename(folder / "test" / "up\x1b[31m")


def with_linked_class(folder: Path) -> None:
    letters(folder)
    (folder / "zeta").symlink_to("/etc")


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda folder: None, "no pictures: put them at"),
        (lambda folder: (folder / "a.png").touch(), "no pictures"),
        (with_one_class, "one class only, '0'"),
        (with_empty_class, "class 'middle' is empty"),
        (with_half, "test is missing"),
        (with_strange_test_class, "'up?[31m' is not a class of the training set ('left', 'right')"),
        (with_linked_class, "leads out of"),
        (empty_files, "Skipped 10,000 of 10,000 pictures: a/0.png (The file is empty."),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_a_folder_that_is_refused(tmp_path: Path, write: object, message: str) -> None:
    write(tmp_path)
    with pytest.raises(DatasetError) as refused:
        load_own_data(tmp_path)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_arrays_of_pictures_and_of_vectors(tmp_path: Path) -> None:
    whole = load_own_data(write_npz(tmp_path / "a.npz"))
    assert (whole.form, whole.dataset.train_images.dtype) == (Form(DIGITS, "plain"), np.uint8)
    parts = {key: arrays()[key] / 255 for key in ("x_train", "x_test")}
    grey = load_own_data(write_npz(tmp_path / "b.npz", **parts)).dataset
    np.testing.assert_allclose(grey.train_images * 255, whole.dataset.train_images, atol=1e-4)
    flat = {key: value.reshape(len(value), -1) for key, value in parts.items()}
    vectors = load_own_data(write_npz(tmp_path / "c.npz", **flat, y_train=arrays()["y_train"].astype(float)))
    assert vectors.dataset.train_images.shape == (155, 784)
    assert np.isfinite(vectors.dataset.test_images).all()
    assert abs(vectors.dataset.train_images[:140].mean()) < 1e-5


def header_alone(shape: tuple[int, ...]) -> bytes:
    """A .npy that claims a shape and holds nothing."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return file.getvalue()


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for key in arrays():
            archive.writestr(f"{key}.npy", header_alone((10**400, 28, 28)))


def damaged(path: Path) -> None:
    data = write_npz(path).read_bytes()
    path.write_bytes(data[:200] + b"\xff" * 50 + data[250:])


LABELS = arrays()["y_train"]


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_bytes(b"\x80\x04."), "damaged or not a .npz"),
        (damaged, "damaged or not a .npz"),
        (bomb, "unpacks to more than 2 GB"),
        (lambda path: np.savez(path, x_train=np.ones(3)), "lacks y_train, x_test, y_test"),
        (lambda path: write_npz(path, y_train=np.array([{}] * 155)), "pickled objects"),
        (lambda path: write_npz(path, y_train=LABELS[:-1]), "x_train has 155 rows, but y_train has 154"),
        (lambda path: write_npz(path, y_train=LABELS - 1), "number classes from 0"),
        (lambda path: write_npz(path, y_train=LABELS + 0.5), "not whole numbers"),
        (lambda path: write_npz(path, y_train=LABELS * np.nan), "not whole numbers"),
        (lambda path: write_npz(path, y_train=LABELS * 2), "no training example has the label 1"),
        (lambda path: write_npz(path, y_train=LABELS * 0), "one class only"),
        (lambda path: write_npz(path, y_train=LABELS.astype(str)), "must hold n numbers"),
        (lambda path: write_npz(path, y_test=np.full(40, 10)), "y_test has the label 10, outside 0 to 9"),
        (lambda path: write_npz(path, x_train=np.full((155, 28, 28), np.nan)), "not finite"),
        (lambda path: write_npz(path, x_train=np.full((155, 28, 28), -1.0)), "runs from -1 to -1"),
        (lambda path: write_npz(path, x_train=np.zeros((155, 32, 32))), "[155, 32, 32]"),
        (lambda path: write_npz(path, x_train=np.zeros((155, 784))), "differ in shape"),
        (
            lambda path: write_npz(path, x_train=np.zeros((155, 2000)), x_test=np.zeros((40, 2000))),
            "vectors of 2,000 numbers",
        ),
        (
            lambda path: write_npz(path, x_train=np.full((155, 2), 1e200), x_test=np.zeros((40, 2))),
            "beyond 1e+30",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_arrays_that_are_refused(tmp_path: Path, write: object, message: str) -> None:
    write(tmp_path / "a.npz")
    with pytest.raises(DatasetError) as refused:
        load_own_data(tmp_path / "a.npz")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_table_with_words_as_labels(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv")
    own = load_own_data(path)
    assert own.form.classes == tuple(f"digit {n}" for n in range(10))
    assert len(own.form.mean) == own.dataset.train_images.shape[1] == 16
    assert own.notes == ("Split 195 examples: 137 for training, 19 for validation, 39 for testing.",)
    x = own.dataset.train_images[: -own.dataset.validation]
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-4)
    assert all(np.isclose(x.std(0), 1, atol=1e-3) | (x.std(0) == 0))
    rows = scaled(path, read_rows(path, own.form), own.form)  # the column of labels is left out
    assert {row.tobytes() for row in own.dataset.test_images} <= {row.tobytes() for row in rows}
    assert load_own_data(path, own.form).sha256 == own.sha256


@pytest.mark.parametrize("labels", [("0", "1"), ("cat", "dog")])
def test_names_that_count_the_columns_are_names(tmp_path: Path, labels: tuple[str, str]) -> None:
    """As pandas writes a table of numbers with a column of labels."""
    rows = "".join(f"{i},{i * i},0.1,{labels[i % 2]}\n" for i in range(60))
    (tmp_path / "a.csv").write_text(f"0,1,2,label\n{rows}")
    own = load_own_data(tmp_path / "a.csv")
    assert own.form.classes == labels
    assert own.form.scale[2] == 1  # a constant column, whose computed spread is a rounding error


@pytest.mark.parametrize("head", ["", "species,a,b\n", "\ufeffspecies;a;b\n"])
def test_the_label_may_stand_anywhere(tmp_path: Path, head: str) -> None:
    rows = "".join(f"{i % 3}.0,{i},{i * i}\n\n" for i in range(30))
    path = tmp_path / "a.csv"
    path.write_text(head + (rows.replace(",", ";") if ";" in head else rows))
    form = Form(label="species" if head else "")
    if head:
        assert load_own_data(path, form).form.classes == ("0", "1", "2")
    else:  # the last column is i squared
        assert len(load_own_data(path, form).form.classes) == 30


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [
        ("", "", "need 1 to 1,024 of numbers"),
        ("a,b,c\n", "", "no rows of numbers"),
        ("1,2,0\n3,4\n", "", "line 2: 2 columns, but 3"),
        ("1,2,0\n3,nan,1\n", "", "line 2: 'nan' is not a finite number"),
        ("a,b,y\n1,2,0\n3,,1\n", "", "line 3: '' is not a finite number"),
        ("1,2,0\n3,4,0\n", "", "one class only"),
        ("1,2,0\n3,4,0.5\n", "", "line 2: the label '0.5' is not a whole number"),
        ("1,2,x\n3,4,\n", "", "line 2: the label is missing"),
        ("1,2,0\n3,4,1\n", "y", "it has no header"),
        ("a,b,c\n3,4,1\n", "y", "its columns are 'a', 'b', 'c'"),
        (",".join("1" * 1_000_000), "", "has more than 1,025 columns"),
        ("1,2,0\n3,4,1\n", "", "too few to split"),
        ("\x00\x01,\x02\n" * 5, "", "line 2: '??' is not a finite number"),
        ('1,2,"0\n' * 3, "", "holds"),
    ],
    ids=lambda value: value[:20].encode("unicode_escape").decode() if isinstance(value, str) else "",
)
def test_a_table_that_is_refused(tmp_path: Path, text: str, label: str, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(DatasetError) as refused:
        load_own_data(path, Form(label=label))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["nothing", "a.txt", "n" * 300])
def test_what_is_no_data(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(DatasetError, match=r"does not exist|is neither a folder"):
        load_own_data(tmp_path / name)


def test_readers_are_those_of_the_picture_room() -> None:
    from deq.images import READERS as FUNCTIONS

    assert tuple(FUNCTIONS) == READERS
