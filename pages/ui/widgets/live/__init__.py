"""Components that draw in the browser, in plain JavaScript without a build step, and what they share."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent
IMPORT = re.compile(r'^import \{[^}]*\} from "(.+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)


@cache
def live_component(script: Path) -> Callable[..., Any]:
    """The component of SCRIPT.js with SCRIPT.html and SCRIPT.css beside it; call it to draw it.

    What it imports may have a style beside it too.

    Registered on first use: that needs a running server.
    """
    html = script.with_suffix(".html").read_text()
    parts = collected(script)
    styles = [HERE / "live.css", *(style for part in parts if (style := part.with_suffix(".css")).exists())]
    css = "".join(style.read_text() for style in styles)
    return st.components.v2.component(f"deq_{script.stem}", html=html, css=css, js=bundle(script))


def bundle(script: Path) -> str:
    """A script and all that it imports as one module: Streamlit takes a single text."""
    return "\n".join(collected(script).values())


def collected(script: Path) -> dict[Path, str]:
    """The texts of a script and of all that it imports, in the order in which they build on each other."""
    parts: dict[Path, str] = {}
    _collect(script.resolve(), parts)
    return parts


def _collect(script: Path, parts: dict[Path, str]) -> None:
    """Add a script after those that it imports."""
    if script in parts:
        return
    text = script.read_text()
    for name in IMPORT.findall(text):
        _collect((script.parent / name).resolve(), parts)
    parts[script] = EXPORT.sub("", IMPORT.sub("", text))
