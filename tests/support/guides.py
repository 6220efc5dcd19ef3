"""The python blocks of a page of documentation, run from top to bottom as a reader runs them."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any


def blocks_of(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


def promised(block: str) -> list[str]:
    """What the block says that it prints: the comments behind its prints, and the lines of comment at its end."""
    beside = re.findall(r"^ *print\(.*\)  # (.*)$", block, re.MULTILINE)
    end = re.search(r"((?:^# .*\n)+)\Z", block, re.MULTILINE)
    return beside + (re.findall(r"^# (.*)$", end[1], re.MULTILINE) if end else [])


def run_blocks(page: Path) -> dict[str, Any]:
    """The names that the blocks define, once each has printed what it promises."""
    names: dict[str, Any] = {"__name__": "guide"}
    for block in blocks_of(page):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block, page.name, "exec", dont_inherit=True), names)
        if promised(block):
            assert printed.getvalue().splitlines() == promised(block), page.name
    return names
