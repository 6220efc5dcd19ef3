"""A zip of pictures, CLASS/* or train/CLASS/* and test/CLASS/*, from its bytes: the same parts as in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from zipfile import ZipFile, ZipInfo

from deq.data.download import DatasetError
from deq.data.form import shown
from deq.data.pictures import Part, Picture, is_hidden

MOST_PICTURES = 2_000
MOST_PIXELS = 400_000_000  # in all pictures together: a small zip can hold minutes of work

Names = tuple[str, ...]  # the steps of a path


def zipped_parts(data: bytes, name: str) -> list[Part]:
    """The pictures of each class, of one part or of train and test, sorted; each is unpacked when it is read.

    A folder around everything is allowed. Raises DatasetError for anything but a zip, for one that is damaged, too
    large or points outside itself, and for one without pictures in folders.
    """
    from deq.images import PictureError, is_zip
    from deq.images.bundle import open_zip

    if not is_zip(data):
        raise DatasetError(f"{name} is not a zip: zip a folder that holds a folder for each class.")
    try:
        archive = open_zip(data, MOST_PICTURES)
    except PictureError as error:
        raise DatasetError(f"{name}: {error}") from error
    return [part_of(branch, archive, name) for branch in branches(entries(archive, name), name)]


def entries(archive: ZipFile, name: str) -> dict[Names, ZipInfo]:
    """Entries that are not hidden, folders included, by path without an outer folder. Raises DatasetError."""
    found = {}
    for member in archive.infolist():
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise DatasetError(
                f"{name}: {shown(member.filename)} points outside the zip. Zip the folder again."
            )
        if path.parts and not any(map(is_hidden, path.parts)) and "__MACOSX" not in path.parts:
            found[path.parts] = member
    return unwrapped(found)


def unwrapped(found: dict[Names, ZipInfo]) -> dict[Names, ZipInfo]:
    """Without the outer folder that zipping a folder adds, unless it is a class."""
    tops = {path[0] for path in found}
    wraps = len(tops) == 1 and any(len(path) > 2 for path in found) and not tops & {"train", "test"}
    return {path[1:]: member for path, member in found.items() if path[1:]} if wraps else found


def branches(found: dict[Names, ZipInfo], name: str) -> list[dict[Names, ZipInfo]]:
    """The entries in train and in test, or all as one part. Raises DatasetError if only one of the two is there."""
    there = {
        part: {path[1:]: at for path, at in found.items() if path[0] == part} for part in ("train", "test")
    }
    missing = [part for part, inner in there.items() if not inner]
    if len(missing) == 1:
        raise DatasetError(f"{name}: {missing[0]} is missing: give both a train and a test folder.")
    return [found] if missing else list(there.values())


def part_of(branch: dict[Names, ZipInfo], archive: ZipFile, name: str) -> Part:
    """The pictures of each folder, sorted. Raises DatasetError if there are none."""
    budget = Budget(MOST_PIXELS)
    part: Part = {
        path[0]: [] for path, member in sorted(branch.items(), key=first) if path and is_class(path, member)
    }
    for path, member in sorted(branch.items(), key=first):
        if len(path) == 2 and not member.is_dir():
            part[path[0]].append(Picture("/".join(path), budget.reader(archive, member)))
    if not any(part.values()):
        raise DatasetError(f"{name} holds no pictures in folders: put them at CLASS/NAME.png.")
    return part


def first(item: tuple[Names, ZipInfo]) -> Names:
    return item[0]


def is_class(path: Names, member: ZipInfo) -> bool:
    """Whether the path's first component must be a folder."""
    return len(path) > 1 or member.is_dir()


class Budget:
    """How many pixels may still be decoded."""

    def __init__(self, pixels: int) -> None:
        self.left = pixels

    def reader(self, archive: ZipFile, member: ZipInfo) -> Callable[[], bytes]:
        """A function that unpacks a picture, or raises ValueError if it is refused or the pixels are used up."""
        from deq.images.bundle import extract
        from deq.images.reading import open_checked

        def read() -> bytes:
            data = extract(archive, member)
            image = open_checked(data)
            self.left -= image.width * image.height
            if self.left < 0:
                raise ValueError(
                    f"More than {MOST_PIXELS // 10**6} million pixels in one zip: shrink the pictures or take fewer."
                )
            return data

        return read
