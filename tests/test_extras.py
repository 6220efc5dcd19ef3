"""The core works without the extras; where one is needed, the error names the command that installs it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.cases import long
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


@pytest.mark.parametrize(
    ("code", "extra"), [long("import deq; deq.load_dataset('digits')", "data"), ("import deq.plots", "app")]
)
def test_a_missing_extra_is_named(code: str, extra: str) -> None:
    done = without_extras(code)
    assert f"pip install 'deq-lab[{extra}]'" in done.stderr
    assert extra in EXTRAS


# Several commands in one process, each with its status and what it says.
COMMANDS = """
import json, shlex
from typer.testing import CliRunner
from deq.cli import app
done = [CliRunner().invoke(app, shlex.split(command)) for command in sys.argv[1:]]
print(json.dumps([(one.exit_code, one.stderr) for one in done]))
"""


@pytest.mark.long
def test_commands_name_a_missing_extra_and_train_without_any(tmp_path: Path) -> None:
    from deq.data.download import FILES

    for file in FILES:
        (tmp_path / file).touch()
    for name in "ab":
        (tmp_path / "own" / name).mkdir(parents=True)
        (tmp_path / "own" / name / "1.png").touch()
    missing = {
        "train digits": "data",
        f"evaluate mlp --data-dir '{tmp_path}'": "data",
        "predict mlp docs/digit.png": "images",
        f"train '{tmp_path}/own'": "images",
    }
    done = without_extras(COMMANDS, *missing, "train toy --epochs 50 --json")
    *refused, trained = json.loads(done.stdout)
    for extra, (status, error) in zip(missing.values(), refused, strict=True):
        assert f"pip install 'deq-lab[{extra}]'" in error
        assert (status, len(error.splitlines())) == (2, 1)
    assert trained[0] == 0, trained
