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
from deq.models.card import CARD, Card, read_card
from deq.models.checkpoints import Checkpoint, load_checkpoint, load_pretrained, pretrained_names, weights_in
from deq.models.model_file import Make, ModelFile
from deq.models.weights import OWN, weights_of
from deq.training.interrupted import load_interrupted, was_interrupted

stdout, stderr = Console(), Console(stderr=True)
WORDS = {  # of a result's key in a table
    "converged_fraction": "solves converged",
    "nfe_mean": "evaluations per solve",
    "residual_mean": "mean residual",
    "places": "places answered right",
}
SHARES = ("accuracy", "places", "converged_fraction")  # keys shown in percent


@contextmanager
def usage_errors() -> Iterator[None]:
    """Turn a ValueError or a missing extra into one line on stderr and exit status 2."""
    try:
        yield
    except (ValueError, MissingExtra) as error:
        say(f"Error: {error}", "red")
        if isinstance(error, StalledDownload):
            os._exit(2)  # an orderly exit would wait for the server
        raise typer.Exit(2) from error


def open_model(source: str, file: ModelFile | None = None) -> Checkpoint:
    """The pretrained model with this name, or the weights in this folder, or the last checkpoint of a run that was
    interrupted there.

    file: the code of the user's own model; a warning says if it has changed since training. Raises ValueError.
    """
    if source in pretrained_names():
        checkpoint = load_pretrained(source)
    elif Path(source).is_dir():
        checkpoint = _in_folder(Path(source), file.make if file else None)
    else:
        names = ", ".join(pretrained_names())
        raise ValueError(f"{source!r} is neither a folder nor a pretrained model ({names}).")
    if file is not None:
        _check_code(source, checkpoint.card, file)
    return checkpoint


def _in_folder(folder: Path, make: Make | None) -> Checkpoint:
    """The finished run in a folder, or its last checkpoint. Raises ValueError."""
    if (folder / CARD).exists() or not was_interrupted(folder):
        return load_checkpoint(folder, make)
    checkpoint, step = load_interrupted(folder, make)
    say(f"{folder} holds no finished run: using its checkpoint of update {step}.", style="")
    return checkpoint


def _check_code(source: str, card: Card, file: ModelFile) -> None:
    """Warn if the code has changed since training. Raises ValueError for a model that deq itself builds."""
    if card.model_sha256 is None and card.model != OWN:
        raise ValueError(f"{source} holds {card.model}, which deq builds: leave out --model.")
    if card.model_sha256 not in (None, file.sha256):
        say(f"{file.name} has changed since {source} was trained: its results may differ from the card's.")
    elif card.model not in (OWN, file.name):
        say(
            f"{source} was trained with {card.model}, not {file.name}: its results may differ from the card's."
        )


def read_weights(source: str | None, file: ModelFile | None = None) -> bytes | None:
    """The weights in a safetensors file, or of anything that `open_model` opens; None for None. Raises ValueError."""
    if source is None:
        return None
    path = Path(source)
    if source not in pretrained_names() and not path.exists():
        names = ", ".join(pretrained_names())
        raise ValueError(
            f"{source!r} is neither a safetensors file, a run folder nor a pretrained model ({names})."
        )
    try:
        if (path / CARD).exists():
            return weights_in(path, read_card(path / CARD))
        return path.read_bytes() if path.is_file() else weights_of(open_model(source, file).model)
    except OSError as error:
        raise ValueError(f"Cannot read {source}: {error.strerror or error}.") from error


def say(text: str, style: str = "yellow") -> None:
    """A line on stderr, yellow where something may be wrong."""
    stderr.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def show(result: dict[str, Any], as_json: bool) -> None:
    """Print the result as a table, or as one JSON object with null for NaN."""
    if as_json:
        print(json.dumps(without_nan(result)))
        return
    table = Table(show_header=False)
    for key, value in result.items():
        table.add_row(words(key), readable(key, value))
    stdout.print(table)


def words(key: str) -> str:
    return WORDS.get(key, key.replace("_", " "))


def readable(key: str, value: Any) -> str:
    """A value as text: shares in percent, other floats with four significant digits."""
    if value is None:
        return "-"
    if key in SHARES:
        return f"{100 * value:.2f} %"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def without_nan(value: Any) -> Any:
    """Nested plain data with null for NaN and infinity, which JSON lacks."""
    if isinstance(value, dict):
        return {key: without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
