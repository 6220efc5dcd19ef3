"""Many pictures in one zip: nothing is written to disk, and no more than a fixed size is unpacked."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath

from deq.images.reading import MAX_BYTES, PictureError

MAX_FILES = 200
MAX_UNPACKED = 100_000_000  # bytes, all pictures of a zip together


def is_zip(data: bytes) -> bool:
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def pictures_in(data: bytes) -> Iterator[tuple[str, bytes | PictureError]]:
    """Name and bytes of each picture in an upload, a single file (no name) or a zip; an error where one is refused."""
    if not is_zip(data):
        yield "", data
        return
    try:
        yield from unpack(data)
    except PictureError as error:
        yield "", error


def count_pictures(data: bytes) -> int:
    """How many `pictures_in` yields; nothing is unpacked."""
    try:
        return len(pictures_of(open_zip(data, MAX_FILES))) if is_zip(data) else 1
    except PictureError:
        return 1


def unpack(data: bytes) -> Iterator[tuple[str, bytes | PictureError]]:
    """Name of each file in a zip with its bytes, or the error that refuses it.

    Raises:
        PictureError: the whole zip is too large, damaged, empty, has too many files or unpacks to too much.
    """
    archive = open_zip(data, MAX_FILES)
    for member in pictures_of(archive):
        try:
            yield member.filename, extract(archive, member)
        except PictureError as error:
            yield member.filename, error


def open_zip(data: bytes, most: int) -> zipfile.ZipFile:
    """A zip of at most `most` files, from its bytes; nothing is unpacked yet. Raises PictureError as `unpack` does."""
    if len(data) > MAX_BYTES:
        raise PictureError(f"The zip is larger than {MAX_BYTES // 10**6} MB. Zip fewer pictures.")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except Exception as error:  # damaged archives raise almost anything
        raise PictureError("The zip is damaged. Zip the pictures again.") from error
    check_size(pictures_of(archive), most)
    return archive


def pictures_of(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [member for member in archive.infolist() if not is_hidden(member)]


def is_hidden(member: zipfile.ZipInfo) -> bool:
    """Folders and the hidden files of file managers."""
    parts = PurePosixPath(member.filename).parts
    return member.is_dir() or "__MACOSX" in parts or parts[-1:] in ((".DS_Store",), ("Thumbs.db",), ())


def check_size(members: list[zipfile.ZipInfo], most: int) -> None:
    """Check the sizes that the table of contents declares. Raises PictureError."""
    if not members:
        raise PictureError("The zip contains no files.")
    if len(members) > most:
        raise PictureError(f"The zip contains {len(members):,} files. Zip at most {most:,}.")
    if sum(member.file_size for member in members) > MAX_UNPACKED:
        raise PictureError(f"The zip unpacks to more than {MAX_UNPACKED // 10**6} MB. Zip smaller pictures.")


def extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """The bytes of one file, never trusting its declared size. Raises PictureError."""
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise PictureError("Its path points outside the zip. Rename it and zip again.")
    if member.flag_bits & 1:
        raise PictureError("It is password-protected. Zip it without a password.")
    try:
        with archive.open(member) as file:
            data = file.read(MAX_BYTES + 1)  # one byte more makes read_picture refuse it
    except Exception as error:
        raise PictureError("It is damaged inside the zip. Zip it again.") from error
    if is_zip(data):
        raise PictureError("Zips inside a zip are not opened. Zip the pictures themselves.")
    return data
