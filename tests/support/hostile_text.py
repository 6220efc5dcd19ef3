"""Hostile formulas and weights, and checks that reading them has no side effects."""

from __future__ import annotations

import json
import struct
import warnings

import numpy as np
import safetensors.numpy

from deq.maps.formula import FUNCTIONS, FormulaError, parse_formula
from deq.models import build
from deq.models.weights import CheckpointError, model_name, restore_weights, weights_of
from tests.support.audit import touching_nothing

PIECES = [
    *"0123456789.+-*/() xab",
    *FUNCTIONS,
    "**",
    "//",
    "e9",
    "lambda x",
    " if ",
    " else ",
    " is ",
    " in ",
    "not ",
]
PIECES += [
    "await ",
    "yield ",
    "None",
    "x.real",
    "import os",
    "exec(x)",
    "0x",
    "1j",
    "9" * 60,
    "-" * 150,
    "(" * 29,
]
VALUES = np.array([0.0, -0.0, 5e-324, 1.0, -1e308, np.inf, -np.inf, np.nan])


def some_formula(rng: np.random.Generator) -> str:
    return "".join(rng.choice(PIECES, rng.integers(1, 12)))


def read_formula(text: str) -> bool:
    """Whether the text is a formula; values and slopes may be NaN or inf, but never raise, warn or touch files."""
    with touching_nothing(), warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            formula = parse_formula(text)
        except FormulaError:
            return False
        y, slope = formula.value_and_slope(VALUES, -1e300, np.nan)
        assert y.shape == slope.shape == formula(VALUES, 0.0, 5e-324).shape == VALUES.shape
        return True


def some_weights(rng: np.random.Generator, sound: bytes) -> bytes:
    """Sound weights with nonsense in a tensor's entry, the metadata, the header's length or a few bytes."""
    size = int.from_bytes(sound[:8], "little")
    header = json.loads(sound[8 : 8 + size])
    names = [name for name in header if name != "__metadata__"]
    entry = header[names[rng.integers(len(names))]]
    nonsense = [2**63, -1, 0, 1e308, None, "x", [], {}, [[[]]], [2**40, 2**40], True]
    which = rng.integers(0, 6)
    if which == 0:
        entry[("dtype", "shape", "data_offsets")[rng.integers(3)]] = nonsense[rng.integers(len(nonsense))]
    elif which == 1:
        header["__metadata__"] = [{"architecture": json.dumps(n)} for n in nonsense][
            rng.integers(len(nonsense))
        ]
    elif which == 2:
        header[str(rng.integers(9))] = header.pop(names[0])
    text = json.dumps(header).encode()
    length = int(rng.choice([2**63 - 1, 2**32, 0, size - 1])) if which == 3 else len(text)
    data = bytearray(struct.pack("<Q", length) + text + sound[8 + size :])
    if which >= 4:
        for at in rng.integers(0, size if which == 4 else len(data), 4):
            data[at] = rng.integers(0, 256)
    return bytes(data)


def compile_first() -> None:
    """Compile what sound weights need, or read it from JAX's cache, before opened files are watched."""
    restore_weights("toy", SOUND)


def read_weights(data: bytes) -> bool:
    """Whether the bytes make a model; reading them may not touch a file."""
    with touching_nothing():
        try:
            model = restore_weights(model_name(data), data)
        except CheckpointError:
            return False
    return model is not None


def deep(opening: bytes, count: int = 100_000) -> bytes:
    """A header of opening brackets, which overflows the stack of a recursive parser."""
    return struct.pack("<Q", len(opening) * count) + opening * count


def toy_with(**changes: np.ndarray) -> bytes:
    """The toy's weights with some tensors replaced."""
    sound = safetensors.numpy.load(SOUND)
    return safetensors.numpy.save(sound | changes)


SOUND = weights_of(build("toy"))
FIRST = sorted(safetensors.numpy.load(SOUND))[0]
SHAPE = safetensors.numpy.load(SOUND)[FIRST].shape
HOSTILE_WEIGHTS = {
    "nothing": b"",
    "a header of 2^63 bytes": struct.pack("<Q", 2**63) + b"{}",
    "brackets 100,000 deep": deep(b"["),
    "tables 100,000 deep": deep(b'{"a":'),
    "an architecture 100,000 deep": safetensors.numpy.save(
        {"a": np.zeros(1, np.float32)}, {"architecture": "[" * 100_000}
    ),
    "a pickle": b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    "NaN": toy_with(**{FIRST: np.full(SHAPE, np.nan, np.float32)}),
    "inf": toy_with(**{FIRST: np.full(SHAPE, np.inf, np.float32)}),
    "doubles": toy_with(**{FIRST: np.zeros(SHAPE)}),
    "another shape": toy_with(**{FIRST: np.zeros((3, 5, 7), np.float32)}),
    "another name": toy_with(**{"../../etc/passwd": np.zeros(3, np.float32)}),
    "an absurd architecture": safetensors.numpy.save(
        {"a": np.zeros(1, np.float32)},
        {"architecture": json.dumps({"inputs": 10**12, "outputs": 10, "width": 4})},
    ),
    "classes 100,000 deep": safetensors.numpy.save(safetensors.numpy.load(SOUND), {"classes": "[" * 100_000}),
    "a reader of files": safetensors.numpy.save(
        safetensors.numpy.load(SOUND), {"reader": "../../etc/passwd"}
    ),
    "an architecture of another version": safetensors.numpy.save(
        {"a": np.zeros(1, np.float32)},
        {"architecture": json.dumps({"inputs": 4, "outputs": 4, "attention": True})},
    ),
}
