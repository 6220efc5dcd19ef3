"""The code behind a picture."""

from collections.abc import Iterable

import streamlit as st

from deq.solvers import ODEFlow, Solver


def show_code(snippet: str) -> None:
    """An expander with a snippet that reproduces the numbers on the page."""
    with st.expander("Show the code", icon=":material/code:"):
        st.code(snippet.strip(), language="python", wrap_lines=True)


def imports_of(solvers: Iterable[Solver]) -> str:
    """The imports that repr(solver) needs to run as code."""
    found: dict[str, set[str]] = {}
    for solver in solvers:
        module = type(solver).__module__
        home = "deq" if module.startswith("deq.solvers.") else module
        found.setdefault(home, set()).add(type(solver).__name__)
        if isinstance(solver, ODEFlow):
            found.setdefault("diffrax", set()).add(type(solver.method).__name__)
    return "\n".join(f"from {home} import {', '.join(sorted(names))}" for home, names in found.items())


def solvers_code(solvers: dict[str, Solver]) -> str:
    """name -> solver as code."""
    return "{" + ", ".join(f'"{name}": {solver!r}' for name, solver in solvers.items()) + "}"
