"""The core works without the extras; where one is needed, the error names the command that installs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_architecture import CORE, EXTRAS, room

# As if the extras were not installed.
WITHOUT_EXTRAS = """
import importlib.metadata, sys
MISSING = {"requests", "tensorflow_datasets", "sklearn", "PIL", "pi_heif", "plotly", "streamlit"}
class Missing:
    def find_spec(name, path=None, target=None):
        if name.split(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing)
installed = importlib.metadata.distribution
def distribution(name):
    if name == "scikit-learn":
        raise importlib.metadata.PackageNotFoundError(name)
    return installed(name)
importlib.metadata.distribution = distribution
"""


def without_extras(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_EXTRAS + code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


def test_the_core_is_imported_without_the_extras() -> None:
    rooms = {"images", "plots", "__main__"}
    names = [path.relative_to(ROOT).with_suffix("").parts for path in CORE if room(path) not in rooms]
    needed = {"deq.cli.predict", "deq.analysis.out_of_distribution"}
    modules = sorted({".".join(name).removesuffix(".__init__") for name in names} - needed)
    done = without_extras(f"import {', '.join(modules)}; print(deq.load_pretrained('mlp').card.model)")
    assert done.stdout == "mlp\n", done.stderr


COMMAND = "from deq.__main__ import main; main()"


@pytest.mark.parametrize(
    ("code", "arguments", "extra"),
    [
        (COMMAND, ("train", "digits"), "data"),
        (COMMAND, ("evaluate", "mlp", "--data-dir", "{four}"), "data"),
        (COMMAND, ("predict", "mlp", "docs/digit.png"), "images"),
        ("import deq; deq.load_dataset('digits')", (), "data"),
        ("import deq.plots", (), "app"),
    ],
    ids=str,
)
def test_a_missing_extra_is_named(code: str, arguments: tuple[str, ...], extra: str, tmp_path: Path) -> None:
    from deq.data.download import FILES

    for file in FILES:
        (tmp_path / file).touch()
    done = without_extras(code, *(argument.format(four=tmp_path) for argument in arguments))
    assert f"pip install 'deq-lab[{extra}]'" in done.stderr
    assert extra in EXTRAS
    if code == COMMAND:
        assert done.returncode == 2
        assert "Traceback" not in done.stderr
        assert len(done.stderr.splitlines()) == 1


def test_the_command_trains_without_the_extras() -> None:
    done = without_extras(COMMAND, "train", "toy", "--epochs", "50", "--json")
    assert done.returncode == 0, done.stderr
