"""Record what the tests of this folder hold the code to: `python -m tests.net.record [links weights run commands]`.

Users keep links, weights and runs: record anew only what is changed on purpose. To record another link, add it to
records/links.json with an empty object beside it.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipfile
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jax
import numpy as np
from flax import nnx
from streamlit.testing.v1.element_tree import Node

from deq import Anderson
from deq.models.architectures import ACTIVATIONS, CELLS, INJECTIONS, NORMALISATIONS, Architecture, construct
from deq.models.weights import weights_of
from tests.cli.test_cli import answer, deq_process
from tests.conftest import ROOT
from tests.pages.conftest import open_by_link
from tests.pages.links import bound

RECORDS = Path(__file__).parent / "records"
RUN = ("train", "toy", "--seed", "3", "--epochs", "600")
COMMANDS = ("evaluate toy", "train toy --epochs 20", "predict mlp docs/digit.png")


def load(name: str) -> Any:
    return json.loads((RECORDS / name).read_text())


def seen(link: str) -> dict[str, Any]:
    """The parameters of the page at a link such as toy?seed=3: what each may be, its default and what the link sets."""
    page, _, query = link.partition("?")
    app = open_by_link(page, **parse_qs(query))
    found = {key: described(node) for key, node in sorted(bound(app).items())}
    for key in parse_qs(query).keys() & found.keys():
        found[key]["value"] = app.session_state[key]
    return json.loads(json.dumps(found))


def described(node: Node) -> dict[str, Any]:
    """Kind, options as they stand in a link or bounds, and the default of a widget or of tabs."""
    if node.type == "tab_container":
        labels = [tab.label for tab in node.children.values()]
        return {"kind": "tabs", "options": labels, "default": [node.proto.tab_container.default_tab_label]}
    options, default = getattr(node, "options", []), node.proto.default
    default = [default] if isinstance(default, str | int | float) else list(default)
    if options:
        return {"kind": node.type, "options": options, "default": [options[int(i)] for i in default]}
    bounds = {name: getattr(node, name) for name in ("min", "max", "step") if hasattr(node, name)}
    return {"kind": node.type, "default": default} | bounds


def kinds(value: Any) -> Any:
    """The keys and types of JSON data, and the label of a digit. A list holds things of one kind."""
    if isinstance(value, dict):
        return {key: inner if key == "label" else kinds(inner) for key, inner in value.items()}
    return [kinds(value[0])] if isinstance(value, list) else type(value).__name__


def links() -> None:
    found = (f"{json.dumps(link)}: {json.dumps(seen(link))}" for link in load("links.json"))
    (RECORDS / "links.json").write_text("{\n" + ",\n".join(found) + "\n}\n")


def weights() -> None:
    """Small models with every option of the builder and noise on all weights, and their outputs for one input."""
    x, outputs = np.linspace(-1, 1, 8, dtype=np.float32).reshape(4, 2), {}
    combined = list(product(CELLS, ACTIVATIONS, INJECTIONS, NORMALISATIONS))[::5]
    with zipfile.ZipFile(RECORDS / "weights.zip", "w") as pack:
        for i, (cell, *options) in enumerate(combined):
            architecture = Architecture(2, 2, cell, 3, 4, *options)
            model = construct(architecture, seed=i)
            drawn = partial(jax.random.normal, jax.random.key(i))
            noisy = jax.tree.map(lambda w, drawn=drawn: w + 0.1 * drawn(w.shape), nnx.state(model, nnx.Param))
            nnx.update(model, noisy)
            y, solution = model(x, Anderson(tol=1e-6))
            assert solution.converged.all(), architecture
            outputs[f"{i}.safetensors"] = y.tolist()
            pack.writestr(f"{i}.safetensors", weights_of(model, architecture))
    write("weights.json", {"x": x.tolist(), "outputs": outputs})


def run() -> None:
    """A run stopped by SIGTERM in its middle, and what it gives without a stop."""
    found, status = answer(deq_process(*RUN, "--json")), 0
    while status != 128 + signal.SIGTERM:  # its steps take milliseconds: the signal may come too late
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            process = subprocess.Popen([sys.executable, "-m", "deq", *RUN, "--out", name], cwd=ROOT)
            while process.poll() is None and not (folder / "metrics.jsonl").exists():
                pass
            process.terminate()
            status = process.wait()
            shutil.make_archive(str(RECORDS / "interrupted"), "zip", folder)
            step = max(int(path.name) for path in (folder / "checkpoints").iterdir())
    write("interrupted.json", {"step": step} | found)


def commands() -> None:
    write("models.json", answer(deq_process("models", "--json")))
    write(
        "commands.json",
        {command: kinds(answer(deq_process(*command.split(), "--json"))) for command in COMMANDS},
    )


def write(name: str, value: Any) -> None:
    (RECORDS / name).write_text(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp()  # a stranger's machine has no MNIST
    os.environ.pop("MNIST_DIR", None)
    recorders = {record.__name__: record for record in (links, weights, run, commands)}
    for name in sys.argv[1:] or recorders:
        recorders[name]()
