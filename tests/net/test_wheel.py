"""A wheel holds deq, all of it and nothing else; its models load far from the sources, without the extras."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import Distribution
from pathlib import Path

import pytest

import deq
from tests.conftest import ROOT
from tests.net.record import load
from tests.test_architecture import required
from tests.test_extras import WITHOUT_EXTRAS

NEEDED = ("deq", "pyproject.toml", "README.md", "LICENSE", "requirements")
CHECK = (
    WITHOUT_EXTRAS
    + """
import sys, deq
assert deq.__file__.startswith(sys.argv[1]), deq.__file__
for name in sys.argv[2:]:
    deq.load_pretrained(name)
"""
)


def sources() -> list[str]:
    """The files that git does not ignore; without git those that a wheel is made of."""
    listing = "git ls-files --cached --others --exclude-standard"
    done = subprocess.run(listing, shell=True, cwd=ROOT, capture_output=True, text=True, check=False)
    found = [ROOT / name for name in done.stdout.splitlines()]
    found = found or [path for top in NEEDED for path in (ROOT / top, *(ROOT / top).rglob("*"))]
    return [str(path.relative_to(ROOT)) for path in found if path.is_file() and path.suffix != ".pyc"]


@pytest.mark.long
def test_a_wheel_works_far_from_the_sources(tmp_path: Path) -> None:
    for name in sources():  # a copy: a build leaves its own files beside the code
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "src" / name)
    flags = ["--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path)]
    build = [sys.executable, "-m", "pip", "wheel", ".", *flags]
    done = subprocess.run(build, cwd=tmp_path / "src", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
        wheel.extractall(tmp_path / "installed")
    check_metadata(distribution_in(tmp_path / "installed"))
    assert inside == {name for name in sources() if name.startswith("deq/")}
    names = [model["name"] for model in load("models.json")["models"]]
    check = [sys.executable, "-c", CHECK, str(tmp_path / "installed"), *names]
    env = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}
    subprocess.run(check, cwd=tmp_path, env=env, check=True)


def distribution_in(folder: Path) -> Distribution:
    return Distribution.at(next(folder.glob("*.dist-info")))


def check_metadata(wheel: Distribution) -> None:
    """The version is that of the source, the command is `deq`, and only the core comes without an extra."""
    assert wheel.version == deq.__version__
    assert [(entry.name, entry.value) for entry in wheel.entry_points] == [("deq", "deq.__main__:main")]
    plain = {re.split(r"[<>=]", line)[0] for line in wheel.requires if "extra ==" not in line}
    assert plain == required("core")
    extras = {path.stem for path in (ROOT / "requirements").iterdir()} - {"core"}
    assert set(wheel.metadata.get_all("Provides-Extra")) == extras
