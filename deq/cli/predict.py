"""deq predict."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import typer

from deq.cli.inputs import Found, files_in, source_for
from deq.cli.own_data import form_of, progress
from deq.cli.own_model import read_code
from deq.cli.process import failed_writes
from deq.cli.report import open_model, readable, say, show, stdout, usage_errors
from deq.models import TASK_MODELS
from deq.models.checkpoints import Checkpoint
from deq.models.inference import infer
from deq.training.run_folder import CannotWrite

_BATCH = 32  # a fixed batch size, so that any number of pictures compiles once
_COLUMNS = ("name", "class", "label", "probability", "nfe", "residual", "converged", "error")


def run(source: str, model: str | None, paths: list[Path], table: Path | None, as_json: bool) -> None:
    """Print one entry per picture, in the order given; exit status 1 if one failed.

    Folders are sorted by name; zips are read as stored.
    """
    with usage_errors():
        checkpoint = open_model(source, read_code(model))
        if checkpoint.card.dataset in TASK_MODELS:
            raise ValueError(
                f"{source} learns {checkpoint.card.dataset} and reads no pictures: choose another model."
            )
        read = source_for(form_of(checkpoint.card))
        file = _opened(table) if table else None
    files = progress(files_in(paths))
    entries = []
    with failed_writes(), _written(table) if table else nullcontext(), file or nullcontext():
        write = csv.DictWriter(file, _COLUMNS).writerow if file else None
        for entry in _answered(checkpoint, (found for path in files for found in read(path))):
            entries.append(entry)
            if write:
                write(_row(entry))
            elif not as_json:
                stdout.print(_line(entry), markup=False, highlight=False, soft_wrap=True)
    if as_json:
        show({"predictions": entries}, as_json)
    failed = sum("error" in entry for entry in entries)
    if table is not None:
        text = f"Lines in {table}: {len(entries):,}; errors: {failed:,}."
        say(text, style="")
    if failed:
        raise typer.Exit(1)


@contextmanager
def _written(table: Path) -> Iterator[None]:
    """Turn a full disk into CannotWrite."""
    try:
        yield
    except OSError as error:
        raise CannotWrite(
            f"Cannot write {table}: {error.strerror or error}. Free disk space and try again."
        ) from error


def _opened(table: Path) -> TextIO:
    """The table with its first line written. Raises ValueError."""
    try:
        file = table.open("w", newline="", encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        raise ValueError(f"Cannot write {table}: {error.strerror or error}.") from error
    csv.DictWriter(file, _COLUMNS).writeheader()
    return file


def _answered(checkpoint: Checkpoint, found: Iterable[tuple[str, Found]]) -> Iterator[dict[str, Any]]:
    """An entry for each input, solved as soon as a batch is full."""
    waiting: list[tuple[str, Found]] = []
    rows = 0
    for name, inputs in found:
        waiting.append((name, inputs))
        rows += 0 if isinstance(inputs, str) else len(inputs)
        if rows >= _BATCH:
            yield from _entries(checkpoint, waiting)
            waiting, rows = [], 0
    yield from _entries(checkpoint, waiting)


def _entries(checkpoint: Checkpoint, named: list[tuple[str, Found]]) -> list[dict[str, Any]]:
    read = [inputs for _, inputs in named if not isinstance(inputs, str)]
    answers = iter(_predict(checkpoint, np.concatenate(read)) if read else [])
    return [_entry(name, inputs, answers) for name, inputs in named]


def _entry(name: str, inputs: Found, answers: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """The result for one picture or vector: its first digit, a list of further ones, or an error."""
    if isinstance(inputs, str):
        return {"image": name, "error": inputs}
    first, *further = islice(answers, len(inputs))
    return {"image": name} | first | ({"digits": further} if further else {})


def _predict(checkpoint: Checkpoint, inputs: np.ndarray) -> Iterator[dict[str, Any]]:
    """One prediction per input (n, ...), n > 0, with the name of its class where the card has names."""
    found = infer(checkpoint.model, inputs, checkpoint.solver, checkpoint.gradient, batch_size=_BATCH)
    classes = dict(enumerate(checkpoint.card.classes or ()))
    for i, label in enumerate(map(int, found.labels)):
        named = {"label": label} | ({"class": classes.get(label, str(label))} if classes else {})
        yield named | {
            "probabilities": [round(float(p), 6) for p in found.probabilities[i]],
            "nfe": int(found.nfe[i]),
            "residual": float(found.residual[i]),
            "converged": bool(found.converged[i]),
        }


def _row(entry: dict[str, Any]) -> dict[str, Any]:
    """A line of the table; of several digits in a picture, the first."""
    if "error" in entry:
        return {"name": entry["image"], "error": entry["error"]}
    kept = {key: entry[key] for key in ("label", "nfe", "residual", "converged")}
    named = {"name": entry["image"], "class": entry.get("class", entry["label"])}
    return named | kept | {"probability": max(entry["probabilities"])}


def _line(entry: dict[str, Any]) -> str:
    if "error" in entry:
        return f"{entry['image']}: {entry['error']}"
    answers = [entry, *entry.get("digits", [])]
    text = ", ".join(
        f"{a.get('class', a['label'])} ({100 * max(a['probabilities']):.1f} %"
        f"{'' if a['converged'] else ', not converged'})"
        for a in answers
    )
    nfe = readable("nfe", entry["nfe"])
    return f"{entry['image']}: {text}; {nfe} evaluation{'s' * (nfe != '1')}"
