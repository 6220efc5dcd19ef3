"""The code behind a picture."""

from collections.abc import Iterable

import streamlit as st

from deq.solvers import ODEFlow, Solver


def show_code(snippet: str) -> None:
    """An expander with a snippet that gives the numbers on the page when it is run in a notebook."""
    with st.expander("Show the code", icon=":material/code:"):
        st.code(snippet.strip(), language="python", wrap_lines=True)


def imports_of(solvers: Iterable[Solver]) -> str:
    """The lines that import what the solvers are written with: repr(solver) is then code that makes it."""
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
