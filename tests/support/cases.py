"""Cases of a parametrised test, of which `make test` tries a few and `make long` the others."""

from collections.abc import Container, Iterable, Mapping
from typing import Any

import pytest


def long(*values: Any, id: str | None = None) -> Any:
    """A case that `make long` alone tries; it has a value for each argument."""
    return pytest.param(*values, id=id, marks=pytest.mark.long)


def few_of(cases: Mapping[str, Any] | Iterable[str], quick: Container[str]) -> list[Any]:
    """All cases by name, or the names themselves; `make test` tries those in `quick`, `make long` the others."""
    named = cases if isinstance(cases, Mapping) else {name: name for name in cases}
    return [pytest.param(v, id=name) if name in quick else long(v, id=name) for name, v in named.items()]
