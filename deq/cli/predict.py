"""deq predict."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import typer
from rich.progress import track

from deq.cli.report import open_model, readable, show, stderr, stdout, usage_errors
from deq.images import MAX_BYTES, PictureError, find_digits, pictures_in, read_picture
from deq.models.checkpoints import Checkpoint
from deq.models.inference import infer

_BATCH = 32  # a fixed batch size, so that any number of digits compiles once


def run(source: str, paths: list[Path], as_json: bool) -> None:
    """Print one entry per picture, in the given order and in that of a zip; exit status 1 if one failed."""
    with usage_errors():
        checkpoint = open_model(source)
        if checkpoint.card.model == "toy":
            raise ValueError("toy maps numbers to numbers and cannot read pictures; choose another model.")
    named = [
        picture
        for path in track(paths, "Reading", console=stderr, transient=True)
        for picture in _pictures(path)
    ]
    read = [digits for _, digits in named if isinstance(digits, np.ndarray)]
    answers = iter(_predict(checkpoint, np.concatenate(read)) if read else [])
    entries = [_entry(name, digits, answers) for name, digits in named]
    if as_json:
        show({"predictions": entries}, as_json)
    else:
        for entry in entries:
            stdout.print(_line(entry), markup=False, highlight=False, soft_wrap=True)
    if any("error" in entry for entry in entries):
        raise typer.Exit(1)


def _pictures(path: Path) -> Iterator[tuple[str, np.ndarray | str]]:
    """Name and digits, or an error, of the picture in a file or of each picture in a zip."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # enough to detect files that are too large
    except OSError as error:
        yield str(path), f"Cannot read {path}: {error.strerror or error}."
        return
    for name, picture in pictures_in(data):
        shown = "".join(c if c.isprintable() else "?" for c in name)  # no escape codes for the terminal
        yield f"{path}/{shown}" if name else str(path), _digits(picture)


def _digits(data: bytes | PictureError) -> np.ndarray | str:
    """The digits in a picture, (n, 28, 28) uint8, or an error message."""
    try:
        if isinstance(data, PictureError):
            raise data
        return find_digits(read_picture(data))
    except PictureError as error:
        return str(error)


def _entry(name: str, digits: np.ndarray | str, answers: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """The result for one picture: its first digit, a list of further ones, or an error."""
    if isinstance(digits, str):
        return {"image": name, "error": digits}
    first, *further = islice(answers, len(digits))
    return {"image": name} | first | ({"digits": further} if further else {})


def _predict(checkpoint: Checkpoint, images: np.ndarray) -> Iterator[dict[str, Any]]:
    """One prediction per image: uint8 (n, 28, 28), n > 0."""
    found = infer(checkpoint.model, images[..., None], checkpoint.solver, batch_size=_BATCH)
    for i in range(len(images)):
        yield {
            "label": int(found.labels[i]),
            "probabilities": [round(float(p), 6) for p in found.probabilities[i]],
            "nfe": int(found.nfe[i]),
            "residual": float(found.residual[i]),
            "converged": bool(found.converged[i]),
        }


def _line(entry: dict[str, Any]) -> str:
    if "error" in entry:
        return f"{entry['image']}: {entry['error']}"
    answers = [entry, *entry.get("digits", [])]
    text = ", ".join(
        f"{a['label']} ({100 * max(a['probabilities']):.1f} %{'' if a['converged'] else ', not converged'})"
        for a in answers
    )
    return f"{entry['image']}: {text}; {readable(entry['nfe'])} evaluations"
