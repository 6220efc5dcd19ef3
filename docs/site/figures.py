"""The notebook's plotly figures, drawn by the script that plotly itself ships: no network."""

import os
import re
from pathlib import Path
from typing import Any

import plotly
from sphinx.application import Sphinx

SCRIPT = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
CDN = re.compile(r'<script[^>]*?(src="https://cdn[^>]*>|>\s*import "https://cdn[^<]*)</script>')


def from_here(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """Replaces the scripts that plotly would fetch by the one in the site."""
    if "body" in context and CDN.search(context["body"]):
        script = f'<script src="{context["pathto"](f"_static/{SCRIPT.name}", resource=True)}"></script>'
        context["body"] = script + CDN.sub("", context["body"])  # before the figures, which call it


def setup(app: Sphinx) -> dict[str, Any]:
    os.environ["PLOTLY_RENDERER"] = "notebook_connected"
    app.config.html_static_path.append(str(SCRIPT))
    app.connect("html-page-context", from_here)
    return {"parallel_read_safe": True}
