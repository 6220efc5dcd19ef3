"""Names of a model's classes and the reader of its pictures, as stored in its weights."""

from __future__ import annotations

import json
from typing import Any

from deq.data import READERS, Form

CLASSES, READER = "classes", "reader"  # keys in the safetensors metadata
LONGEST = 255  # characters of a name, as of a folder's
MOST = 1024  # names


def form_metadata(form: Form) -> dict[str, str]:
    """The part of a form that is stored in weights, without names that could not be read back."""
    classes = {CLASSES: json.dumps(form.classes)} if are_names(list(form.classes)) else {}
    return classes | ({READER: form.reader} if form.reader else {})


def form_in(metadata: dict[str, str], outputs: int | None) -> Form:
    """The classes and the reader in the metadata of weights. Raises ValueError if they cannot be the model's.

    outputs: of the model, None if only its own code knows.
    """
    reader = metadata.get(READER, "")
    if reader and reader not in READERS:
        raise ValueError(
            f"The weights name an unknown reader {reader[:40]!r}; choose from {', '.join(READERS)}."
        )
    if CLASSES not in metadata:
        return Form(reader=reader)
    try:
        found: Any = json.loads(metadata[CLASSES])
    except (ValueError, RecursionError):
        found = None
    if not are_names(found) or (outputs is not None and len(found) != outputs):
        raise ValueError("The weights' classes must be distinct names, one per output.")
    return Form(tuple(found), reader)


def are_names(found: Any) -> bool:
    """Whether these are 2 to MOST distinct names of bounded length."""
    if not isinstance(found, list) or not 2 <= len(found) <= MOST:
        return False
    return all(isinstance(name, str) and 0 < len(name) <= LONGEST for name in found) and len(
        set(found)
    ) == len(found)
