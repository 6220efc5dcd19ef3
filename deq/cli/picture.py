"""The plot of a comparison, as a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from deq.extras import extra
from deq.training.comparison import Contender, points, scored_by


def check_picture(path: Path | None) -> None:
    """Raise ValueError or MissingExtra where `write_picture` would, before anything is trained."""
    if path is None:
        return
    if path.suffix.lower() != ".html":
        raise ValueError(f"--picture writes an .html file; got {path}.")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"{path.parent} is not a folder: create it, or name another file with --picture.")
    with extra("app"):
        import deq.plots.contenders  # noqa: F401


def write_picture(path: Path, contenders: Sequence[Contender]) -> None:
    """Draw the test accuracy, or the loss, of each contender against its evaluations. Raises ValueError."""
    with extra("app"):
        from deq.plots.contenders import effort_and_accuracy, effort_and_loss
        from deq.plots.document import document
    draw = effort_and_loss if scored_by(contenders) == "loss" else effort_and_accuracy
    try:
        path.write_text(document(draw(points(contenders)), "Contenders compared"))
    except OSError as error:
        raise ValueError(f"Cannot write {path}: {error.strerror or error}.") from error
