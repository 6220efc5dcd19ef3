"""The README's pictures, light and dark: HTML, which Sphinx does not follow, so they are copied to where it points."""

import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

PICTURE = re.compile(r'(?:src|srcset)="(docs/[^"]+)"')


def copied(app: Sphinx, failed: Exception | None) -> None:
    if failed or app.builder.format != "html":
        return
    for path in PICTURE.findall((Path(app.srcdir) / "README.md").read_text()):
        target = Path(app.outdir) / path
        target.parent.mkdir(exist_ok=True)
        shutil.copy(Path(app.srcdir) / path, target)


def setup(app: Sphinx) -> dict[str, Any]:
    app.connect("build-finished", copied)
    return {"parallel_read_safe": True}
