"""A user's own model: a function in a Python file, named FILE.py:FUNCTION."""

from __future__ import annotations

import hashlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb
from types import ModuleType

from flax import nnx

from deq.models.model import EquilibriumModel

Make = Callable[..., EquilibriumModel]  # (*, rngs: nnx.Rngs) -> a model with fresh weights

# Functions that weights may name without the user passing them again, such as that of a server's operator.
ADMITTED: dict[str, Make] = {}

_FORM = re.compile(r"(.+\.py)(?::(\w*))?")


@dataclass(frozen=True)
class ModelFile:
    """A loaded file.

    name: FILE.py:FUNCTION without folders. sha256: of the file, not of its imports. make: the function.
    """

    name: str
    sha256: str
    make: Make


def is_model_file(text: str) -> bool:
    """Whether a name refers to code, FILE.py:FUNCTION."""
    return _FORM.fullmatch(text) is not None


def load_model_file(text: str) -> ModelFile:
    """Run the file in FILE.py:FUNCTION, which can do anything a program can, and return the function.

    Raises a one-line ValueError if the file cannot be read or run, or has no such function.
    """
    match = _FORM.fullmatch(text)
    if match is None or not match[2]:
        raise ValueError(f"{text!r} names no function: write FILE.py:FUNCTION.")
    path = Path(match[1]).expanduser()
    try:
        code = path.read_bytes()
    except OSError as error:
        raise ValueError(f"Cannot read {path}: {error.strerror or error}.") from error
    module = _run(path, code)
    make = getattr(module, match[2], None)
    if not callable(make):
        raise ValueError(f"{path} has no function {match[2]!r}{_functions(module)}.")
    return ModelFile(f"{path.name}:{match[2]}", hashlib.sha256(code).hexdigest(), make)


def fresh(name: str, make: Make, seed: int = 0) -> EquilibriumModel:
    """The model that a user's function returns. Raises a one-line ValueError if it fails or returns anything else."""
    with named_errors(name, make):
        model = make(rngs=nnx.Rngs(seed))
    if not isinstance(model, EquilibriumModel):
        raise ValueError(f"{name} must return an EquilibriumModel, not {type(model).__name__}.")
    return model


@contextmanager
def named_errors(name: str, make: Make) -> Iterator[None]:
    """Turn an error in a user's code into a one-line ValueError that names the line in the file."""
    file = getattr(getattr(make, "__code__", None), "co_filename", "")
    try:
        yield
    except Exception as error:
        if isinstance(error, ValueError) and not _lines(error, file):
            raise  # an error of deq already says what to do
        raise ValueError(f"{name} failed: {_reason(error, file)}") from error


def _run(path: Path, code: bytes) -> ModuleType:
    """The module that a file's code defines; it may import files next to it. Raises ValueError."""
    module = ModuleType(f"deq_model_{path.stem}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        with _importing_from(path.resolve().parent):
            exec(compile(code, str(path), "exec"), module.__dict__)  # unlike an import it writes nothing
    except (Exception, SystemExit) as error:
        raise ValueError(f"{path} cannot be run: {_reason(error, str(path))}") from error
    return module


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Make the modules in a folder importable, for now: another model's folder may have modules of the same names."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        new = {name: sys.modules[name] for name in set(sys.modules) - before}
        for name, module in new.items():
            if (file := getattr(module, "__file__", None)) and Path(file).is_relative_to(folder):
                del sys.modules[name]


def _functions(module: ModuleType) -> str:
    """The functions to choose from."""
    own = [
        name for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__
    ]
    found = [name for name in own if inspect.isfunction(getattr(module, name)) and not name.startswith("_")]
    return f"; it has {', '.join(found)}" if found else ""


def _reason(error: BaseException, file: str) -> str:
    """Kind, message and line of an error in a user's file, in one line."""
    message = str(error).strip().partition("\n")[0].rstrip(".")
    what = f"{type(error).__name__}: {message}" if message else type(error).__name__
    lines = _lines(error, file)
    return f"{what} (line {lines[-1]})." if lines else f"{what}."


def _lines(error: BaseException, file: str) -> list[int]:
    """The lines of a file that an error passed through, the outermost first."""
    return [frame.lineno or 0 for frame in extract_tb(error.__traceback__) if frame.filename == file]
