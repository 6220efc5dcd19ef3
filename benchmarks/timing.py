"""Wall time of compiled functions, and tables of results."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

import jax
from rich.console import Console
from rich.table import Table


def arguments(description: str, *, timed: bool = True) -> argparse.Namespace:
    """Parse --json and, for what is timed, --repeat."""
    return parser(description, timed=timed).parse_args()


def parser(description: str, *, timed: bool = True) -> argparse.ArgumentParser:
    """What parses --json and, for what is timed, --repeat."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--json", action="store_true", help="one JSON object on stdout instead of a table")
    if timed:
        options.add_argument(
            "--repeat", type=int, default=15, help="timed runs after compilation (default 15)"
        )
    return options


def milliseconds(run: Callable[[], Any], repeat: int) -> tuple[float, float]:
    """Median time of a warm function and its spread (half the interquartile range), in ms."""
    jax.block_until_ready(run())
    return _median_and_spread([1e3 * _seconds(run) for _ in range(max(repeat, 4))])


def ratio(run: Callable[[], Any], other: Callable[[], Any], repeat: int) -> tuple[float, float]:
    """Median and spread (half the interquartile range) of run's time over other's, run alternately."""
    for warm in (run, other):
        jax.block_until_ready(warm())
    return _median_and_spread([_seconds(run) / _seconds(other) for _ in range(max(repeat, 4))])


def _median_and_spread(values: list[float]) -> tuple[float, float]:
    low, middle, high = statistics.quantiles(values, n=4)
    return middle, (high - low) / 2


def _seconds(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    jax.block_until_ready(run())
    return time.perf_counter() - began


def report(title: str, rows: Iterable[dict[str, Any]], as_json: bool) -> None:
    """Print rows, all with the same keys, as a table or as JSON."""
    rows = list(rows)
    if as_json:
        print(json.dumps({"title": title, "rows": rows}))
        return
    table = Table(title=title)
    for column in rows[0]:
        table.add_column(column, justify="left" if isinstance(rows[0][column], str) else "right")
    for row in rows:
        table.add_row(*(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row.values()))
    console = Console()
    console.width = max(console.width, 120)  # in a pipe rich assumes 80 columns and wraps the rows
    console.print(table)
