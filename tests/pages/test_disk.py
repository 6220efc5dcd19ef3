"""What outlives a server: kept whole, found again, and done without where there is no disk for it."""

import os
from pathlib import Path

import numpy as np
import pytest

from pages.ui.server import disk

FOUND = {"step.x": np.arange(3), "step.y": np.asarray(0.25)}


@pytest.fixture
def code(tmp_path: Path) -> list[Path]:
    file = tmp_path / "code.py"
    file.write_text("x = 1")
    return [file]


class Search:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> disk.Arrays:
        self.times += 1
        return FOUND


def test_found_once_and_again_for_other_code(code: list[Path], own_disk: Path) -> None:
    search = Search()
    for _ in range(2):
        arrays = disk.kept("once", code, search)
        assert arrays.keys() == FOUND.keys()
        np.testing.assert_array_equal(arrays["step.x"], FOUND["step.x"])
        assert arrays["step.y"].item() == 0.25
    assert search.times == 1
    code[0].write_text("x = 2")
    disk.kept("once", code, search)
    assert search.times == 2
    assert len(list(own_disk.glob("once-*.npz"))) == 1  # the old one made way


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"PK\x03\x04 half of one"])
def test_a_damaged_file_is_found_anew(code: list[Path], own_disk: Path, damage: bytes) -> None:
    search = Search()
    disk.kept(f"hurt{len(damage)}", code, search)
    next(own_disk.glob(f"hurt{len(damage)}-*.npz")).write_bytes(damage)
    for _ in range(2):
        np.testing.assert_array_equal(
            disk.kept(f"hurt{len(damage)}", code, search)["step.x"], FOUND["step.x"]
        )
    assert search.times == 2


@pytest.mark.parametrize("place", [None, Path("/dev/null/deq")])
def test_without_a_disk_it_is_found_every_time(
    code: list[Path], place: Path | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "folder", lambda: place)
    search = Search()
    for _ in range(2):
        assert disk.kept("never", code, search) is FOUND
    assert search.times == 2


def test_folder_falls_back_where_the_cache_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the real one
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert disk.folder.__wrapped__() == tmp_path / "deq"
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    monkeypatch.setattr(disk.tempfile, "tempdir", str(tmp_path))
    assert disk.folder.__wrapped__().parent == tmp_path
    monkeypatch.setattr(disk.tempfile, "tempdir", "/dev/null")
    assert disk.folder.__wrapped__() is None


def test_programs_are_kept_unless_told_where(own_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(disk.sys.modules, "jax", raising=False)  # as before its import
    monkeypatch.setenv(disk.LEAST.upper(), "1")
    monkeypatch.setenv(disk.PROGRAMS.upper(), "/elsewhere")
    disk.keep_programs.__wrapped__()
    assert os.environ[disk.PROGRAMS.upper()] == "/elsewhere"
    monkeypatch.delenv(disk.PROGRAMS.upper())
    disk.keep_programs.__wrapped__()
    assert os.environ[disk.PROGRAMS.upper()] == str(own_disk / "programs")


def test_the_oldest_programs_make_room(tmp_path: Path) -> None:
    for age in range(4):
        file = tmp_path / f"program-{age}"
        file.write_bytes(b"x" * 100)
        os.utime(file, (1000 - age, 1000 - age))
    disk._make_room(tmp_path.glob("*"), 250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["program-0", "program-1"]
