"""The guides do what they say: every block of python and every cell of the notebook is run."""

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import jax.numpy as jnp
import numpy as np
import pytest
import yaml
from flax import nnx
from streamlit.testing.v1 import AppTest

import deq
from deq import Anderson, fit, load_dataset, solve
from deq.data import classify
from deq.training import Finished
from deq.training.recipes import DENSE, Recipe
from tests.conftest import ROOT
from tests.solvers import test_contract as contract
from tests.support.cases import few_of
from tests.support.guides import blocks_of, run_blocks
from tests.support.problems import contraction
from tests.test_architecture import ARROWS

DOCS = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"])
EXTENDING = ROOT / "docs" / "extending.md"  # its blocks are files of their own
GUIDE = blocks_of(EXTENDING)
SOLVER, CELL, PAGE, DATASET = GUIDE


RUN = {path.name: path for path in DOCS if blocks_of(path) and path != EXTENDING}


@pytest.mark.parametrize("path", few_of(RUN, ("accelerators.md",)))
def test_the_blocks_of_a_guide_print_what_they_promise(path: Path) -> None:
    assert run_blocks(path)


def lines_of_code(block: str) -> int:
    """Lines that are neither blank nor imports nor the docstring at the top."""
    lines = [line for line in block.splitlines()[1:] if line.strip()]
    return sum(not line.startswith(("import ", "from ")) for line in lines)


def run(block: str) -> SimpleNamespace:
    """What a block defines."""
    names: dict = {"__name__": "guide"}
    exec(compile(block, "docs/extending.md", "exec", dont_inherit=True), names)
    return SimpleNamespace(**names)


@pytest.mark.parametrize("block", GUIDE, ids=["solver", "cell", "page", "data set"])
def test_each_addition_is_short(block: str) -> None:
    assert lines_of_code(block) < 30
    assert max(map(len, block.splitlines())) <= 120


def test_the_solver_passes_the_contract() -> None:
    heavy_ball = run(SOLVER).HeavyBall
    problem = contraction(size=0.9)
    found = solve(problem.f, jnp.asarray(problem.z0, jnp.float32), heavy_ball(tol=1e-6))
    plain = solve(problem.f, jnp.asarray(problem.z0, jnp.float32), heavy_ball(tol=1e-6, momentum=0.0))
    np.testing.assert_allclose(found.z, problem.z_star, atol=1e-4)
    assert found.converged.all()
    assert (found.nfe != plain.nfe).any()  # momentum changes the way, not the end
    contract.test_trace_records_the_iterates(heavy_ball())
    contract.test_vmap_over_settings_and_problems(heavy_ball())
    with pytest.raises(ValueError, match="momentum"):
        heavy_ball(momentum=1.0)


@pytest.mark.long
def test_the_cell_trains() -> None:
    gated = run(CELL).gated
    recipe = Recipe(Anderson(tol=1e-3, max_nfe=30), epochs=4, learning_rate=1e-2, steps_per_call=10)
    *_, finished = fit(gated(rngs=nnx.Rngs(0)), load_dataset("digits"), recipe)
    assert isinstance(finished, Finished)
    assert finished.test.accuracy > 0.7  # chance is 0.1
    assert finished.test.converged > 0.99


def test_the_page_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pages.ui.widgets import navigation

    (tmp_path / "home.py").write_text("import streamlit as st\n\nst.title('Home')\n")
    (tmp_path / "square_root.py").write_text(PAGE)
    one_line = ("Square root", ":material/square_foot:", "Babylon's way to it.")
    monkeypatch.setattr(navigation, "PAGES", {"home": navigation.PAGES["home"], "square_root": one_line})
    monkeypatch.setattr(navigation, "FOLDER", tmp_path)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    app.switch_page(str(tmp_path / "square_root.py"))
    app.query_params["root_a"] = "9"
    app.run()
    assert not app.exception, app.exception
    assert app.metric[0].value == "3.000000"
    assert len(app.get("plotly_chart")) == 1
    app.slider(key="root_damping").set_value(0.5).run()
    assert not app.exception
    assert app.slider(key="root_a").value == 9.0


@pytest.mark.long
def test_the_data_set_is_learnt() -> None:
    guide = run(DATASET)
    data = guide.circle()
    task = classify(data)
    assert (len(task.train.y), len(task.validation.y), len(task.test.y)) == (720, 80, 200)
    assert 0.45 < data.train_labels.mean() < 0.55
    *_, finished = fit(guide.reader(data), data, replace(DENSE, epochs=20, batch_size=40, steps_per_call=18))
    assert finished.test.accuracy > 0.9


@pytest.mark.long
def test_the_notebook_runs_as_it_stands(capsys: pytest.CaptureFixture) -> None:
    notebook = json.loads((ROOT / "docs" / "deq.ipynb").read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in notebook["cells"]}) == len(notebook["cells"])
    names: dict = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    assert float(names["plain"].z[0, 0]) == pytest.approx(0.739085, abs=1e-5)
    assert all(found.converged.all() for found in names["race"].values())
    assert float(names["answer"][0, 0]) == pytest.approx(-10, abs=0.1)
    assert names["right"].mean() > 0.85
    errors = list(names["errors"].values())
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1e-4 < errors[0]
    assert capsys.readouterr().out.count("100% converged") >= 5


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_links_between_the_pages_hold(path: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
        outside = target.startswith(("https://", "http://", "#"))
        assert outside or (path.parent / target.partition("#")[0]).exists() or target == "api/index", target


def test_references_are_defined() -> None:
    text = (ROOT / "docs" / "peers.md").read_text()
    assert set(re.findall(r"\]\[(\w+)\]", text)) == set(
        re.findall(r"^\[(\w+)\]: https://", text, re.MULTILINE)
    )


def test_files_named_by_the_docs_exist() -> None:
    for path in DOCS:
        for name in re.findall(r"`((?:deq|pages|tests|benchmarks)/[\w/.]+)`", path.read_text()):
            assert (ROOT / name).exists(), f"{path.name} speaks of {name}"


def test_the_picture_shows_real_imports() -> None:
    """Every arrow between parts of deq is an import, and none of the parts is made up."""
    arrows = re.findall(r'data-from="(\w+)" data-to="(\w+)"', (ROOT / "docs/architecture.svg").read_text())
    drawn = [(here, there) for here, there in arrows if here not in ("app", "pages", "ui")]
    assert {name for arrow in drawn for name in arrow} == set(ARROWS)
    for here, there in drawn:
        assert there in ARROWS[here], f"{here} does not import {there}"


def test_the_citation_has_what_its_schema_requires() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert (citation["version"], citation["license"]) == (deq.__version__, project["license"])
    assert f"## {deq.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert all("name" in author or "family-names" in author for author in citation["authors"])


def test_the_image_copies_what_is_there_and_nothing_is_kept_from_it() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    sent = (ROOT / ".dockerignore").read_text().splitlines()
    for words in re.findall(r"^COPY (?:--chown=\S+ )?(.*) \S+$", dockerfile, re.MULTILINE):
        for source in words.split():
            assert (ROOT / source).exists(), source
            assert f"!{source}" in sent, source
    assert re.search(r"^USER (?!root)", dockerfile, re.MULTILINE)
    assert "/_stcore/health" in dockerfile


def test_what_can_be_relied_on_names_tests_that_exist() -> None:
    named = re.findall(r"`(tests/[\w/]*test_\w+\.py)`", (ROOT / "docs" / "RELIABILITY.md").read_text())
    assert len(named) > 15
    for name in named:
        assert (ROOT / name).exists(), name
