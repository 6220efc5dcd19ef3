"""The cache of compiled programs on disk: where it is, and that it stays small."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pages.ui.server.disk import delete_oldest
from tests.conftest import ROOT

SHOW_FOLDER = """
import os, tempfile
tempfile.tempdir = os.environ["TEMP_FOLDER"]
from pages.ui.server.disk import PROGRAMS, keep_programs
keep_programs()
print(os.environ.get(PROGRAMS.upper()), end="")
"""


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"XDG_CACHE_HOME": "TMP"}, "TMP/deq/programs"),
        ({"XDG_CACHE_HOME": "/dev/null"}, "TMP/deq-*/programs"),
        ({"XDG_CACHE_HOME": "/dev/null", "TEMP_FOLDER": "/dev/null"}, "None"),
        ({"XDG_CACHE_HOME": "TMP", "JAX_COMPILATION_CACHE_DIR": "/elsewhere"}, "/elsewhere"),
    ],
    ids=["cache", "temporary", "nowhere", "set by JAX"],
)
def test_where_programs_are_kept(environment: dict[str, str], folder: str, tmp_path: Path) -> None:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JAX_")}
    chosen = {"TEMP_FOLDER": "TMP"} | environment
    chosen = {name: value.replace("TMP", str(tmp_path)) for name, value in chosen.items()}
    command = [sys.executable, "-c", SHOW_FOLDER]
    shown = subprocess.run(
        command, cwd=ROOT, env=inherited | chosen, capture_output=True, text=True, check=True
    )
    assert Path(shown.stdout).match(folder.replace("TMP", str(tmp_path)))


def test_the_oldest_programs_are_deleted(tmp_path: Path) -> None:
    for age in range(4):
        file = tmp_path / f"program-{age}"
        file.write_bytes(b"x" * 100)
        os.utime(file, (1000 - age, 1000 - age))
    delete_oldest(tmp_path.glob("*"), 250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["program-0", "program-1"]
