"""What the commands share: output, usage errors, opening a model."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from deq.data import StalledDownload
from deq.extras import MissingExtra
from deq.models.checkpoints import CARD, Checkpoint, load_checkpoint, load_pretrained, pretrained_names
from deq.models.weights import weights_of
from deq.training.interrupted import load_interrupted, was_interrupted

stdout, stderr = Console(), Console(stderr=True)


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn a ValueError or a missing extra into one line on stderr and exit status 2."""
    try:
        yield
    except (ValueError, MissingExtra) as error:
        stderr.print(f"Error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        if isinstance(error, StalledDownload):
            os._exit(2)  # an orderly exit would wait for the server
        raise typer.Exit(2) from error


def open_model(source: str) -> Checkpoint:
    """The pretrained model with this name, or the checkpoint in this folder, else its run's last one.

    Raises ValueError.
    """
    if source in pretrained_names():
        return load_pretrained(source)
    if was_interrupted(Path(source)) and not (Path(source) / CARD).exists():
        checkpoint, step = load_interrupted(Path(source))
        stderr.print(
            f"{source} holds no finished run: using its checkpoint of step {step}.",
            markup=False,
            soft_wrap=True,
        )
        return checkpoint
    if Path(source).is_dir():
        return load_checkpoint(source)
    names = ", ".join(pretrained_names())
    raise ValueError(f"{source!r} is neither a folder nor a pretrained model ({names}).")


def read_weights(source: str | None) -> bytes | None:
    """The weights in a safetensors file, or of what `open_model` opens; None for None. Raises ValueError."""
    if source is None:
        return None
    path = Path(source)
    if source not in pretrained_names() and not path.exists():
        names = ", ".join(pretrained_names())
        raise ValueError(
            f"{source!r} is neither a safetensors file, a run folder nor a pretrained model ({names})."
        )
    try:
        return path.read_bytes() if path.is_file() else weights_of(open_model(source).model)
    except OSError as error:
        raise ValueError(f"Cannot read {source}: {error.strerror or error}.") from error


def show(result: dict[str, Any], as_json: bool) -> None:
    """Print the result as a table, or as one JSON object with null for NaN."""
    if as_json:
        print(json.dumps(without_nan(result)))
        return
    table = Table(show_header=False)
    for key, value in result.items():
        table.add_row(key.replace("_", " "), readable(value))
    stdout.print(table)


def readable(value: Any) -> str:
    """A value as text, floats with four significant digits."""
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def without_nan(value: Any) -> Any:
    """Nested plain data with null for what is no number in JSON."""
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
