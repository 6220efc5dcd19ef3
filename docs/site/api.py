"""The API reference: a page for each room of deq, another for each module with more than its room exports.

The pages are written at each build from the names that are there, so none can be missing. Names in code, such as
`solve` or `Anderson(tol=1e-6)`, link to their entry, in docstrings and guides alike.
"""

import ast
import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils import nodes
from numpy.typing import ArrayLike
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

import deq

ROOMS = ["solvers", "cells", "gradients", "data", "models", "training", "analysis", "images", "maps", "plots"]
ROOMS += ["devices", "jobs"]
FOLDER = Path(__file__).parents[1] / "api"
EXPORTED = "These names can be imported from ``deq`` itself, or from the package above them.\n"
CALL = re.compile(r"([\w.]+?)(\(.*\))?")
PAPERS = (
    (r"arXiv:(\d+\.\d+)", "https://arxiv.org/abs/"),
    (r"doi:(10\.\S+?)(?=[.,;)]?(?:\s|$))", "https://doi.org/"),
)


def exported(module: str) -> list[str]:
    """What a package names in its __all__, alphabetically."""
    return sorted(getattr(import_module(module), "__all__", []), key=str.lower)


def places() -> dict[str, str]:
    """Name -> the entry that its mention links to; a name that two rooms export, only as deq exports it."""
    found: dict[str, list[str]] = {}
    for room in ROOMS:
        for name in exported(f"deq.{room}"):
            found.setdefault(name, []).append(f"deq.{room}.{name}")
    return {name: where[0] for name, where in found.items() if len(where) == 1 or name in deq.__all__}


def own_names(module: str) -> list[str]:
    """The public names that a module defines, in its order."""
    found: list[str] = []
    for node in ast.parse(inspect.getsource(import_module(module))).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
        found += [getattr(target, "id", getattr(target, "name", "_")) for target in targets]
    return [name for name in found if not name.startswith("_")]


def entry(module: str, name: str) -> str:
    thing = getattr(import_module(module), name)
    if inspect.isclass(thing):
        return f".. autoclass:: {module}.{name}\n   :members:\n"
    if inspect.isroutine(thing) or hasattr(thing, "__wrapped__"):
        return f".. autofunction:: {module}.{name}\n"
    if len(repr(thing)) < 200:
        return f".. autodata:: {module}.{name}\n"
    keys = ", ".join(f"``{key}``" for key in thing) if isinstance(thing, dict) else ""
    what = f"With the keys {keys}." if keys else f"Of type ``{type(thing).__name__}``."
    return f".. autodata:: {module}.{name}\n   :no-value:\n\n   {what}\n"


def page(module: str, names: list[str], below: list[str]) -> str:
    parts = [heading(module, "="), f".. automodule:: {module}\n", *(entry(module, name) for name in names)]
    return "\n".join([*parts, *([heading("Modules", "-"), tree(below)] if below else [])])


def heading(text: str, line: str) -> str:
    return f"{text}\n{line * len(text)}\n"


def tree(pages: list[str]) -> str:
    return ".. toctree::\n   :maxdepth: 1\n\n" + "".join(f"   {page}\n" for page in pages)


def front() -> str:
    """What `deq` itself exports, by room, and the rooms."""
    parts = [heading("deq", "="), ".. automodule:: deq\n\n.. currentmodule:: None\n", EXPORTED]
    for room in (f"deq.{room}" for room in ROOMS):
        rows = [f"   ~{room}.{name}\n" for name in exported("deq") if places().get(name) == f"{room}.{name}"]
        if rows:
            parts += [heading(room, "-"), ".. autosummary::\n   :nosignatures:\n\n" + "".join(rows)]
    return "\n".join([*parts, heading("All packages", "-"), tree([f"deq.{room}" for room in ROOMS])])


def pages() -> Iterator[tuple[str, str]]:
    """Module and page of every room, and of the modules in it that define more than the room exports."""
    for room in (f"deq.{room}" for room in ROOMS):
        module, below = import_module(room), []
        for info in pkgutil.iter_modules(getattr(module, "__path__", []), f"{room}."):
            rest = [name for name in own_names(info.name) if name not in exported(room)]
            if rest:
                below.append(info.name)
                yield info.name, page(info.name, rest, [])
        yield room, page(room, exported(room) or own_names(room), below)


def write(app: Sphinx) -> None:
    """The pages into docs/api, touching only what changed, so that a second build is quick."""
    FOLDER.mkdir(exist_ok=True)
    wanted = {FOLDER / f"{module}.rst": text for module, text in pages()}
    wanted[FOLDER / "index.rst"] = front()
    for path in FOLDER.glob("*.rst"):
        if path not in wanted:
            path.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


def as_text(app: Sphinx, kind: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """A docstring is plain text with `code`: what reStructuredText would read as markup is escaped."""
    if kind == "data":  # a constant has none; this is its type's
        lines.clear()
    parts = "\n".join(lines).split("`")
    parts[::2] = [re.sub(r"([*|\\]|_(?!\w))", r"\\\1", part) for part in parts[::2]]
    text = "``".join(parts)
    for pattern, address in PAPERS:
        text = re.sub(pattern, lambda m, address=address: f"`{m[0]} <{address}{m[1]}>`__", text)
    lines[:] = re.sub(r":\n\n(?=    )", "::\n\n", text).split("\n")  # an indented block is code


def in_short(
    app: Sphinx, kind: str, name: str, thing: Any, options: Any, signature: str | None, result: str | None
) -> tuple[str | None, str | None]:
    """ArrayLike by its name, not by the dozen types that it stands for."""
    return (
        signature.replace(stringify_annotation(ArrayLike, "smart"), "ArrayLike") if signature else None
    ), result


def source_of(app: Sphinx, module: str, name: str) -> str:
    """The module whose source is shown for an entry: where the class or function is written, if that is in deq."""
    written = getattr(getattr(import_module(module), name.partition(".")[0]), "__module__", None) or ""
    return written if written.startswith("deq.") else module


def link_names(app: Sphinx, doctree: nodes.document) -> None:
    """Code that names something public links to its entry."""
    where = places()
    for node in list(doctree.findall(nodes.literal)):
        match = CALL.fullmatch(node.astext())
        target = match and (match[1] if match[1].startswith("deq.") else where.get(match[1]))
        if not target or isinstance(node.parent, (nodes.reference, pending_xref)):
            continue
        target = where.get(target.removeprefix("deq."), target)
        reference = pending_xref(
            "", node.deepcopy(), refdomain="py", reftype="obj", reftarget=target, refdoc=app.env.docname
        )
        node.replace_self(reference)


def without_way_back(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Sources without viewcode's links to their entries: it expects all entries of a module on one page."""
    if name.startswith("_modules/deq") and "body" in context:
        context["body"] = re.sub(r'<a class="viewcode-back".*?</a>', "", context["body"])


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("builder-inited", write)
    app.connect("autodoc-process-docstring", as_text, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", in_short)
    app.connect("viewcode-follow-imported", source_of)
    app.connect("html-page-context", without_way_back)
    app.connect("doctree-read", link_names)
    return {"parallel_read_safe": True}
