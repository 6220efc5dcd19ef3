"""Models to safetensors bytes, which cannot run code, and back."""

from __future__ import annotations

import dataclasses
import json
import math
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import safetensors
import safetensors.numpy
from flax import nnx

from deq.cells import MonotoneCell
from deq.data import Form
from deq.models.architectures import Architecture, construct
from deq.models.labels import form_in, form_metadata
from deq.models.model import EquilibriumModel
from deq.models.model_file import ADMITTED, Make, fresh, is_model_file
from deq.models.start import add_start, has_learned_start, has_start, input_of, state_width, width_in
from deq.models.zoo import MODELS, build

ARCHITECTURE, TEMPERATURE, CODE, M = "architecture", "temperature", "code", "m"  # keys in the metadata
KEPT = nnx.Not(nnx.RngState)  # parameters and statistics; random state is not part of a trained model
OWN = "own"  # the name of a model that deq does not know


class CheckpointError(ValueError):
    """A checkpoint is missing, damaged or does not fit the model; the message says what is wrong."""


def needs_code(weights: str, name: str) -> CheckpointError:
    """The error if a user's own model is loaded without the function that builds it."""
    return CheckpointError(
        f"{weights} need the code of their model{'' if name == OWN else f', {name}'}: pass its function, in Python as "
        "build=, on the command line as --model FILE.py:FUNCTION; start a dashboard with DEQ_MODEL=FILE.py:FUNCTION."
    )


def weights_of(
    model: EquilibriumModel,
    architecture: Architecture | None = None,
    code: str | None = None,
    form: Form = Form(),
) -> bytes:
    """The weights as safetensors, with a fitted temperature and a monotone cell's m in the metadata. If these hold an
    architecture too, the bytes alone define the model.

    code: FILE.py:FUNCTION of a user's own model. form: its classes and its reader of pictures.
    """
    described = {} if architecture is None else {ARCHITECTURE: json.dumps(dataclasses.asdict(architecture))}
    if code is not None:
        described[CODE] = code
    if model.temperature != 1:
        described[TEMPERATURE] = repr(float(model.temperature))
    if isinstance(model.cell, MonotoneCell) and model.cell.m != 1:
        described[M] = repr(float(model.cell.m))
    described |= form_metadata(form)
    return safetensors.numpy.save(_arrays(model), described or None)


def restore_weights(name: str, data: bytes, make: Make | None = None) -> EquilibriumModel:
    """The model that safetensors bytes describe, or the model `name` if they hold weights alone.

    make: the function that builds a user's own model. Raises CheckpointError if the weights do not fit.
    """
    arrays = _read(data)
    try:
        model = _template(name, data, make, arrays)
        model.temperature = _number_of(data, TEMPERATURE, 0.01, 100)
        if isinstance(model.cell, MonotoneCell):
            model.cell.m = _m_of(data)
        form_of(data)
    except (ValueError, TypeError) as error:
        raise CheckpointError(str(error)) from error
    _fill(name, model, arrays)
    model.eval()  # type: ignore[no-untyped-call]  # of Flax
    return model


def _template(name: str, data: bytes, make: Make | None, arrays: dict[str, np.ndarray]) -> EquilibriumModel:
    """The model that weights are for, as shapes; a user's own is built with values, which its code may need."""
    make = make or ADMITTED.get(name)
    if make is not None:
        model = fresh(name, make)
        if has_start(arrays):
            add_start(model, width_in(arrays), rngs=nnx.Rngs(0))
        return model
    described = architecture_of(data)
    if described is None and is_model_file(name):
        raise needs_code("These weights", name)
    return nnx.eval_shape(partial(_fresh, described or name, has_start(arrays)))


def _fresh(kind: str | Architecture, starts: bool) -> EquilibriumModel:
    """A model in MODELS or of an architecture."""
    model = build(kind) if isinstance(kind, str) else construct(kind)
    if starts:
        add_start(model, state_width(model, input_of(kind)), rngs=nnx.Rngs(0))
    return model


def take_weights(name: str, model: EquilibriumModel, data: bytes) -> None:
    """Load the weights in safetensors bytes into the model `name`, to continue training from them.

    A learned start that the weights lack stays as it is. Raises CheckpointError that names what does not fit.
    """
    arrays = _read(data)
    if has_start(arrays) and not has_learned_start(model):
        raise CheckpointError("These weights have a learned start: add --set learned_start=true to keep it.")
    if has_learned_start(model) and not has_start(arrays):
        arrays |= {key: array for key, array in _arrays(model).items() if has_start([key])}
    if isinstance(model.cell, MonotoneCell) and _m_of(data) != model.cell.m:
        raise CheckpointError(
            f"These weights are of a monotone cell with m = {_m_of(data):g}; {name} has m = {model.cell.m:g}."
        )
    _fill(name, model, arrays)


def _read(data: bytes) -> dict[str, np.ndarray]:
    try:
        return safetensors.numpy.load(data)
    except (safetensors.SafetensorError, ValueError, KeyError) as error:
        raise CheckpointError(f"Not a valid safetensors file: {error}.") from error


def _fill(name: str, model: EquilibriumModel, arrays: dict[str, np.ndarray]) -> None:
    _check_fit(name, model, arrays)
    state = nnx.state(model, KEPT)
    there = jax.device_put(arrays)
    filled = [(path, leaf.replace(there[_key(path)])) for path, leaf in nnx.to_flat_state(state)]
    nnx.update(model, nnx.from_flat_state(filled))


def architecture_of(data: bytes) -> Architecture | None:
    """The architecture in the metadata of safetensors bytes, if any. Raises ValueError or TypeError if invalid."""
    try:
        metadata = _metadata(data)
        return Architecture(**json.loads(metadata[ARCHITECTURE])) if ARCHITECTURE in metadata else None
    except RecursionError as error:
        raise ValueError("the header is nested too deeply") from error


def form_of(data: bytes) -> Form:
    """The classes and the reader of pictures in the metadata of safetensors bytes. Raises ValueError if invalid."""
    described = architecture_of(data)
    metadata = _metadata(data)
    return form_in(metadata, described.outputs if described else None if CODE in metadata else 10)


def _code_of(data: bytes) -> str | None:
    """FILE.py:FUNCTION of the code that builds the model, if the metadata name one. Raises ValueError if invalid."""
    named = _metadata(data).get(CODE)
    if named is not None and not (is_model_file(named) and len(named) <= 200 and named.isprintable()):
        raise ValueError("the name of the model's code is invalid")
    return named


def _m_of(data: bytes) -> float:
    """A monotone cell's m in the metadata, 1 if there is none. Raises ValueError."""
    return _number_of(data, M, 1e-6, 1e6)


def _number_of(data: bytes, key: str, low: float, high: float) -> float:
    """A number in the metadata, 1 if there is none. Raises ValueError if it is not one in [low, high]."""
    written = _metadata(data).get(key, "1")
    try:
        number = float(written)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        raise ValueError(
            f"The weights' {key} must be a number from {low:g} to {high:g}, not {written[:40]!r}."
        )
    return number


def _metadata(data: bytes) -> dict[str, str]:
    size = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + size]).get("__metadata__", {})


def model_name(data: bytes) -> str:
    """The name to give `restore_weights` for safetensors bytes that come without a card.

    "own" if they describe their architecture, FILE.py:FUNCTION if they name the code that builds the model, else the
    model in MODELS whose weights have the same names and shapes. Raises CheckpointError if there is none.
    """
    tensors = _read(data)
    try:
        if architecture_of(data):
            return "own"
        if code := _code_of(data):
            return code
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CheckpointError(f"These weights cannot be read: {str(error).rstrip('.')}.") from error
    found = {key: array.shape for key, array in tensors.items() if not has_start([key])}
    for name, shapes in _known_shapes().items():
        if shapes == found:
            return name
    raise CheckpointError(
        f"The weights describe no architecture and fit none of {', '.join(MODELS)}: use weights from deq train."
    )


@lru_cache(1)
def _known_shapes() -> dict[str, dict[str, tuple[int, ...]]]:
    return {name: _shapes(nnx.eval_shape(partial(build, name))) for name in MODELS}


def _key(path: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in path)


def _arrays(model: EquilibriumModel) -> dict[str, np.ndarray]:
    """Floats as float32, which is all that is read again."""
    flat = ((_key(path), leaf[...]) for path, leaf in nnx.to_flat_state(nnx.state(model, KEPT)))
    return {
        key: np.asarray(v, np.float32 if jnp.issubdtype(v.dtype, jnp.floating) else None) for key, v in flat
    }


def _shapes(model: EquilibriumModel) -> dict[str, tuple[int, ...]]:
    return {_key(path): leaf.shape for path, leaf in nnx.to_flat_state(nnx.state(model, KEPT))}


def _check_fit(name: str, model: EquilibriumModel, arrays: dict[str, np.ndarray]) -> None:
    named = "this model" if name == OWN else name
    wanted = {_key(path): leaf for path, leaf in nnx.to_flat_state(nnx.state(model, KEPT))}
    if wanted.keys() != arrays.keys():
        difference = ", ".join(sorted(wanted.keys() ^ arrays.keys())[:4])
        raise CheckpointError(f"These weights are not those of {named}: they differ in {difference}.")
    for key, leaf in wanted.items():
        kind = np.dtype("float32") if np.issubdtype(leaf.dtype, np.floating) else leaf.dtype
        needed, found = f"{kind}{list(leaf.shape)}", f"{arrays[key].dtype}{list(arrays[key].shape)}"
        if needed != found:
            raise CheckpointError(f"{key} of {named} must be {needed}, but these weights have {found}.")
        if not np.isfinite(arrays[key]).all():
            raise CheckpointError(
                f"{key} has values that are not finite: train again with a lower learning rate."
            )
