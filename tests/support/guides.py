"""The python blocks of a page of documentation, run from top to bottom as a reader runs them."""

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")  # its last digits depend on how XLA compiles


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
        wanted = promised(block)
        if wanted:
            said = printed.getvalue().splitlines()
            assert [NUMBER.sub("#", line) for line in said] == [NUMBER.sub("#", line) for line in wanted], (
                page.name
            )
            for line, promise in zip(said, wanted, strict=True):
                numbers = [float(number) for number in NUMBER.findall(promise)]
                assert [float(number) for number in NUMBER.findall(line)] == pytest.approx(
                    numbers, rel=0.02
                ), line
    return names
