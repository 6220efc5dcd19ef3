"""Many pictures in one zip, opened with care: nothing is written to disk, nothing larger than a bound is unpacked."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath

from deq.images.reading import MAX_BYTES, PictureError

MAX_FILES = 200
MAX_UNPACKED = 100_000_000  # bytes of all pictures in a zip together


def is_zip(data: bytes) -> bool:
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def pictures_in(data: bytes) -> Iterator[tuple[str, bytes | PictureError]]:
    """The pictures in a file: itself, with no name, or those of a zip; a zip as a whole may be the error."""
    if not is_zip(data):
        yield "", data
        return
    try:
        yield from unpack(data)
    except PictureError as error:
        yield "", error


def unpack(data: bytes) -> Iterator[tuple[str, bytes | PictureError]]:
    """The files in a zip, one at a time: name and bytes, or why these are not to be had.

    Raises:
        PictureError: the zip as a whole is too large, damaged, empty, holds too many files or unpacks to too much.
    """
    if len(data) > MAX_BYTES:
        raise PictureError(f"The zip has more than {MAX_BYTES // 10**6} MB. Pack fewer pictures.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except Exception as error:  # damaged archives raise almost anything
        raise PictureError("The zip is damaged. Pack it again.") from error
    members = [member for member in archive.infolist() if not is_clutter(member)]
    check_size(members)
    for member in members:
        try:
            yield member.filename, extract(archive, member)
        except PictureError as error:
            yield member.filename, error


def is_clutter(member: zipfile.ZipInfo) -> bool:
    """Folders, and what file managers leave behind."""
    parts = PurePosixPath(member.filename).parts
    return member.is_dir() or "__MACOSX" in parts or parts[-1:] in ((".DS_Store",), ("Thumbs.db",), ())


def check_size(members: list[zipfile.ZipInfo]) -> None:
    """By the table of contents alone. Raises PictureError."""
    if not members:
        raise PictureError("The zip holds no files.")
    if len(members) > MAX_FILES:
        raise PictureError(f"The zip holds {len(members):,} files. Pack at most {MAX_FILES}.")
    if sum(member.file_size for member in members) > MAX_UNPACKED:
        raise PictureError(f"The zip unpacks to more than {MAX_UNPACKED // 10**6} MB. Pack smaller pictures.")


def extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The bytes of one file, which the table of contents may lie about. Raises PictureError."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise PictureError("Its name leads out of the zip. Rename it and pack again.")
    if member.flag_bits & 1:
        raise PictureError("It is locked with a password. Pack it without one.")
    try:
        with archive.open(member) as file:
            data = file.read(MAX_BYTES + 1)  # more is refused by its size
    except Exception as error:
        raise PictureError("It is damaged inside the zip. Pack it again.") from error
    if is_zip(data):
        raise PictureError("A zip inside a zip is not opened. Pack the pictures themselves.")
    return data
