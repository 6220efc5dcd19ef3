"""What to install when an optional package is missing."""

from collections.abc import Iterator
from contextlib import contextmanager


class MissingExtra(ImportError):
    """An optional package is not installed; the message names the command that installs it."""


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Turn a missing import into MissingExtra, which names the extra `name` of deq-lab that brings it."""
    try:
        yield
    except ModuleNotFoundError as error:
        needed = error.name or "an optional package"
        raise MissingExtra(
            f"This needs {needed}, which is not installed. Run: pip install 'deq-lab[{name}]'"
        ) from error
