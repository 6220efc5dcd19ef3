"""The house keeps its shape: imports go one way, files stay small, requirements are what is imported."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT

CORE = sorted((ROOT / "deq").rglob("*.py"))
PAGES = sorted(path for path in (ROOT / "pages").glob("*.py") if path.name != "__init__.py")
UI = sorted((ROOT / "pages" / "ui").rglob("*.py"))
SHIPPED = [ROOT / "app.py", *CORE, *PAGES, *UI]
TESTS = sorted((ROOT / "tests").rglob("*.py"))

CHAIN = ("solvers", "gradients", "models", "training", "jobs")  # each may import those before it
LEAVES = ("cells", "data", "images", "plots")  # import nothing of ours
EXPLORED = ("maps", "formula", "expressions")  # lean on each other only
PACKAGE_NAME = {
    "orbax": "orbax-checkpoint",
    "PIL": "pillow",
    "pi_heif": "pi-heif",
    "streamlit_drawable_canvas": "streamlit-drawable-canvas",
    "tensorflow_datasets": "tensorflow-datasets",
}


def imports(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively; write the full name"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def unit(path: Path) -> str:
    """The part of deq that a file belongs to: `solvers` for deq/solvers/picard.py, `models` for deq/models.py."""
    return path.relative_to(ROOT / "deq").parts[0].removesuffix(".py")


def core_graph() -> dict[str, set[str]]:
    """Which part of deq imports which others."""
    graph: dict[str, set[str]] = {}
    names = {unit(path) for path in CORE}
    for path in CORE:
        found = {name.split(".")[1] for name in imports(path) if name.startswith("deq.")}
        graph.setdefault(unit(path), set()).update((found & names) - {unit(path)})
    return graph


def code_lines(function: ast.FunctionDef) -> int:
    """Lines of a function's body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    first = body[0].lineno if body else function.end_lineno
    return function.end_lineno - first + 1


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", CORE, ids=relative)
def test_core_knows_no_page(path: Path) -> None:
    outside = {name.split(".")[0] for name in imports(path)}
    assert not outside & {"streamlit", "pages", "app", "tests", "matplotlib"}


def test_front_door_only_navigates() -> None:
    assert {name.split(".")[0] for name in imports(ROOT / "app.py")} == {"streamlit", "pages"}


@pytest.mark.parametrize("path", PAGES + UI, ids=relative)
def test_no_page_imports_another(path: Path) -> None:
    ours = [name for name in imports(path) if name.split(".")[0] in ("pages", "app")]
    assert all(name.startswith("pages.ui.") for name in ours)


@pytest.mark.parametrize("path", PAGES + UI, ids=relative)
def test_a_page_s_folder_is_its_own(path: Path) -> None:
    """pages/ui/predict/ serves pages/predict.py alone; what two pages need lies in pages/ui itself."""
    folder = path.parent.name if path in UI else path.stem
    others = {page.stem for page in PAGES if (ROOT / "pages" / "ui" / page.stem).is_dir()} - {folder}
    taken = {name.split(".")[2] for name in imports(path) if name.startswith("pages.ui.")}
    assert not taken & others


def test_pages_start_with_the_guard() -> None:
    for path in PAGES:
        body = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.Expr)]
        calls = [ast.unparse(node) for node in body if isinstance(node.value, ast.Call)]
        assert calls[0] == "require_app()", f"{path.name} does something before require_app()"


def test_core_has_no_cycles() -> None:
    graph = core_graph()
    list(TopologicalSorter({name: graph[name] - {"__init__"} for name in graph}).static_order())


def test_core_arrows() -> None:
    graph = core_graph()
    for place, name in enumerate(CHAIN):
        assert not graph.get(name, set()) & set(CHAIN[place + 1 :]), f"{name} imports what builds on it"
    for leaf in LEAVES:
        assert not graph.get(leaf, set()), f"{leaf} leans on {graph[leaf]}"
    for name in EXPLORED:
        assert graph.get(name, set()) <= set(EXPLORED), f"{name} leans on {graph[name]}"


@pytest.mark.parametrize("path", SHIPPED + TESTS, ids=relative)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    longest = 100 if path in PAGES else 300 if path in TESTS else 250  # tests are lists of cases
    assert len(text.splitlines()) <= longest
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            assert code_lines(node) <= 45, f"{node.name} has {code_lines(node)} lines of code"
            assert path in TESTS or node.args.kwarg is None, f"{node.name} takes **{node.args.kwarg.arg}"


def test_requirements_are_what_is_imported() -> None:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    required = {re.split(r"[<>=\[]", line)[0] for line in lines if line and not line.startswith("#")}
    tops = {name.split(".")[0] for path in SHIPPED for name in imports(path)}
    foreign = tops - sys.stdlib_module_names - {"deq", "pages", "app"}
    read = {name for path in SHIPPED for name in re.findall(r'distribution\("([^"]+)"\)', path.read_text())}
    assert {PACKAGE_NAME.get(name, name) for name in foreign} | read == required


def test_importing_the_core_brings_no_streamlit() -> None:
    code = (
        "import deq, sys; assert 'streamlit' not in sys.modules and 'tensorflow_datasets' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=120)


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
