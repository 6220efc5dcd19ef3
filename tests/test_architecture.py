"""The house keeps its shape: five floors, every arrow on a list, small files, requirements that are imported."""

import ast
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.conftest import ROOT

CORE = sorted((ROOT / "deq").rglob("*.py"))
PAGES = sorted(path for path in (ROOT / "pages").glob("*.py") if path.name != "__init__.py")
UI = sorted((ROOT / "pages" / "ui").rglob("*.py"))
SCRIPTS = sorted((ROOT / "pages" / "ui").rglob("*.js"))
SHIPPED = [ROOT / "app.py", *CORE, *PAGES, *UI]
TESTS = sorted((ROOT / "tests").rglob("*.py"))
PLOTLYS = ROOT / "deq" / "plots" / "figure.py"  # it overrides methods of plotly, which take any attribute

# Each floor's rooms, and every arrow that is allowed: room -> the rooms that it imports, all on lower floors. `data`
# imports `images` only when it reads a user's folder, where a picture must become what Predict makes of a picture.
FLOORS: list[dict[str, set[str]]] = [
    {"solvers": set(), "cells": set(), "images": set(), "maps": set(), "plots": set(), "devices": set()},
    {"gradients": {"solvers"}, "data": {"images", "maps"}},
    {"models": {"solvers", "cells", "devices", "gradients", "data"}},
    {
        "training": {"solvers", "cells", "devices", "gradients", "data", "models"},
        "analysis": {"solvers", "cells", "images", "maps", "gradients", "data", "models"},
    },
    {
        "jobs": {"solvers", "data", "models", "training"},
        "cli": {"solvers", "devices", "images", "plots", "gradients", "data", "models", "training"},
    },
]
ARROWS = {room: arrows for floor in FLOORS for room, arrows in floor.items()}
# The same in pages/ui; a page's own folder may import all three.
SHARED_UI: dict[str, set[str]] = {"widgets": set(), "server": {"widgets"}, "readers": {"widgets", "server"}}

KIN = {"jax", "flax", "diffrax", "equinox", "lineax", "optax", "numpy"}  # all that the mathematics leans on
EXTRAS = {
    "data": {"data"},
    "images": {"images", "analysis"},
    "app": {"plots"},
}  # and the rooms that need them
MATHEMATICS = ("solvers", "cells", "gradients")
PACKAGE_NAME = {
    "orbax": "orbax-checkpoint",
    "PIL": "pillow",
    "pi_heif": "pi-heif",
    "streamlit_drawable_canvas": "streamlit-drawable-canvas",
    "tensorflow_datasets": "tensorflow-datasets",
    "tomli_w": "tomli-w",
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> list[str]:
    """Full names of the modules that a file imports, also inside functions."""
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; write the full name"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


def room(path: Path) -> str:
    """The room of deq that a file belongs to: `solvers` for deq/solvers/picard.py."""
    return path.relative_to(ROOT / "deq").parts[0].removesuffix(".py")


def arrows() -> dict[str, set[str]]:
    """Which room of deq imports which others."""
    found: dict[str, set[str]] = {name: set() for name in ARROWS}
    for path in CORE:
        if (
            path.parent != ROOT / "deq" or room(path) in ARROWS
        ):  # not the doors, __init__ and __main__, nor extras
            names = {name.split(".")[1] for name in imports(path) if name.startswith("deq.")}
            found.setdefault(room(path), set()).update(names & set(ARROWS) - {room(path)})
    return found


def code_lines(function: ast.FunctionDef) -> int:
    """Lines of a function's body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    first = body[0].lineno if body else function.end_lineno
    return function.end_lineno - first + 1


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_core_knows_no_page() -> None:
    for path in CORE:
        outside = {name.split(".")[0] for name in imports(path)}
        assert not outside & {"streamlit", "pages", "app", "tests"}, relative(path)


def test_classes_belong_to_their_structures() -> None:
    """JAX's own registration lets jit take one class for another; see deq/solvers/pytree.py."""
    for path in CORE:
        names = {node.attr for node in ast.walk(tree(path)) if isinstance(node, ast.Attribute)}
        assert "register_dataclass" not in names, relative(path)


def test_front_door_only_navigates() -> None:
    assert {name.split(".")[0] for name in imports(ROOT / "app.py")} == {"streamlit", "pages"}


def test_no_page_imports_another() -> None:
    for path in PAGES + UI:
        ours = [name for name in imports(path) if name.split(".")[0] in ("pages", "app")]
        assert all(name.startswith("pages.ui.") for name in ours), relative(path)


def test_a_page_s_folder_is_its_own() -> None:
    """pages/ui/predict/ serves pages/predict.py alone; what two pages need lies in widgets, readers or server."""
    for path in PAGES + UI:
        folder = path.parent.name if path in UI else path.stem
        taken = {name.split(".")[2] for name in imports(path) if name.startswith("pages.ui.")}
        assert taken - {folder} <= SHARED_UI.get(folder, set(SHARED_UI)), relative(path)


def test_a_page_s_folder_holds_about_ten_files() -> None:
    counts = Counter(path.parent.name for path in UI)
    assert max(counts.values()) <= 11, counts


def test_pages_start_with_the_guard() -> None:
    for path in PAGES:
        body = [node for node in tree(path).body if isinstance(node, ast.Expr)]
        calls = [ast.unparse(node) for node in body if isinstance(node.value, ast.Call)]
        assert calls[0] == "require_app()", f"{path.name} does something before require_app()"


def test_every_arrow_is_on_the_list() -> None:
    """An arrow that is not needed any more leaves the list too."""
    assert arrows() == ARROWS


def test_arrows_point_downwards() -> None:
    below: set[str] = set()
    for floor in FLOORS:
        for name, taken in floor.items():
            assert taken <= below, f"{name} imports {taken - below}, which is no floor below it"
        below |= set(floor)


def test_the_mathematics_leans_on_jax_and_its_kin_alone() -> None:
    for path in (path for path in CORE if room(path) in MATHEMATICS):
        foreign = {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names - {"deq"}
        assert foreign <= KIN, f"{relative(path)} imports {foreign - KIN}"


def test_files_and_functions_stay_small() -> None:
    for path in SHIPPED + TESTS:
        longest = 100 if path in PAGES else 300 if path in TESTS else 250  # tests are lists of cases
        assert len(path.read_text().splitlines()) <= longest, relative(path)
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef):
                where = f"{relative(path)}: {node.name}"
                assert code_lines(node) <= 45, f"{where} has {code_lines(node)} lines of code"
                named = node.args.kwarg is None or path in [*TESTS, PLOTLYS]
                assert named, f"{where} takes **{node.args.kwarg.arg}"


def test_scripts_stay_small_and_run_no_text() -> None:
    for path in SCRIPTS:
        text = path.read_text()
        assert len(text.splitlines()) <= 250, relative(path)
        assert not re.search(r"\beval\b|\bFunction\(|import\(|document\.write|outerHTML|insertAdjacent", text)


def required(name: str) -> set[str]:
    """The packages in requirements/NAME.txt."""
    lines = (ROOT / "requirements" / f"{name}.txt").read_text().splitlines()
    return {re.split(r"[<>=\[]", line)[0] for line in lines if line and not line.startswith("#")}


def packages(path: Path) -> set[str]:
    """The packages that a file imports or reads a file of."""
    tops = {name.split(".")[0] for name in imports(path)} - sys.stdlib_module_names - {"deq", "pages", "app"}
    read = re.findall(r'distribution\("([^"]+)"\)', path.read_text())
    return {PACKAGE_NAME.get(name, name) for name in tops} | set(read)


def test_requirements_are_what_is_imported() -> None:
    parts = re.findall(r"^-r requirements/(\w+).txt$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert parts == ["core", *EXTRAS]
    stated = [package for part in parts for package in required(part)]
    assert len(stated) == len(set(stated))
    assert set(stated) == set().union(*map(packages, SHIPPED))


def test_an_extra_is_imported_in_its_rooms_alone() -> None:
    for path in CORE:
        for name, rooms in EXTRAS.items():
            taken = packages(path) & required(name)
            assert not taken or room(path) in rooms, f"{relative(path)} imports {taken}"


ALONE = """
import signal, sys
before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
from deq import solve, equilibrium, fit
dashboard = {"streamlit", "plotly", "PIL", "tensorflow_datasets", "sklearn", "deq.images", "deq.plots"}
assert not dashboard & set(sys.modules), dashboard & set(sys.modules)
import deq.cli, deq.training, deq.__main__
assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
"""


def test_the_library_comes_without_the_dashboard_and_installs_no_signal_handler() -> None:
    subprocess.run([sys.executable, "-c", ALONE], cwd=ROOT, check=True, timeout=120)


def test_front_page_needs_no_jax() -> None:
    """It is drawn from arrays: whoever comes first after a start does not wait for JAX."""
    modules = [*imports(ROOT / "app.py"), *imports(ROOT / "pages" / "home.py")]
    names = sorted({name.rpartition(".")[0] for name in modules if name.startswith(("deq.", "pages."))})
    code = f"import sys, {', '.join(names)}; assert not {{'jax', 'sklearn', 'scipy'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


def test_every_name_of_the_core_is_found() -> None:
    import deq

    assert all(callable(getattr(deq, name)) for name in deq.__all__)
    assert set(deq.__all__) <= set(dir(deq))
    with pytest.raises(AttributeError, match="no attribute 'solv'"):
        deq.solv  # noqa: B018
