"""python -m deq predict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import typer

from deq.checkpoints import Checkpoint
from deq.cli.report import open_model, readable, show, stdout, usage_errors
from deq.evaluation import predict
from deq.images import PictureError, find_digits, read_picture

_BATCH = 8  # digits are read in blocks of this many, so that any number compiles once


def run(source: str, paths: list[Path], as_json: bool) -> None:
    """Print one entry per picture, in the order given; exit status 1 if one failed."""
    with usage_errors():
        checkpoint = open_model(source)
        if checkpoint.card.model == "toy":
            raise ValueError("toy maps numbers to numbers and reads no pictures; choose another model.")
    entries = [_entry(checkpoint, path) for path in paths]
    if as_json:
        show({"predictions": entries}, as_json)
    else:
        for entry in entries:
            stdout.print(_line(entry), markup=False, highlight=False, soft_wrap=True)
    if any("error" in entry for entry in entries):
        raise typer.Exit(1)


def _entry(checkpoint: Checkpoint, path: Path) -> dict[str, Any]:
    """The first digit of a picture, further ones as a list, or the reason why there is none."""
    try:
        digits = find_digits(read_picture(path.read_bytes()))
    except PictureError as error:
        return {"image": str(path), "error": str(error)}
    except OSError as error:
        return {"image": str(path), "error": f"Cannot read {path}: {error.strerror or error}."}
    first, *further = _read(checkpoint, np.stack([digit.image for digit in digits])[..., None])
    return {"image": str(path)} | first | ({"digits": further} if further else {})


def _read(checkpoint: Checkpoint, images: np.ndarray) -> list[dict[str, Any]]:
    """One answer for each uint8 image of (n, 28, 28, 1)."""
    answers = []
    for start in range(0, len(images), _BATCH):
        block = images[start : start + _BATCH]
        filled = np.concatenate([block, np.zeros((_BATCH - len(block), *block.shape[1:]), np.uint8)])
        probabilities, solution = predict(checkpoint.model, jnp.asarray(filled), checkpoint.solver)
        for i in range(len(block)):
            answers.append(
                {
                    "label": int(np.argmax(probabilities[i])),
                    "probabilities": [round(float(p), 6) for p in probabilities[i]],
                    "nfe": int(solution.nfe[i]),
                    "residual": float(solution.residual[i]),
                    "converged": bool(solution.converged[i]),
                }
            )
    return answers


def _line(entry: dict[str, Any]) -> str:
    if "error" in entry:
        return f"{entry['image']}: {entry['error']}"
    answers = [entry, *entry.get("digits", [])]
    told = ", ".join(
        f"{a['label']} ({100 * max(a['probabilities']):.1f} %{'' if a['converged'] else ', not converged'})"
        for a in answers
    )
    return f"{entry['image']}: {told}; {readable(entry['nfe'])} evaluations"
