"""What outlives a server: programs, kept where there is a disk for them, and not too many."""

import os
from pathlib import Path

import pytest

from pages.ui.server import disk


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
    disk.delete_oldest(tmp_path.glob("*"), 250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["program-0", "program-1"]
