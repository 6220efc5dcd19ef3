"""Caches: results of shipped models for all visitors, of a visitor's own for that session only; long work by turns."""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, Protocol, TypeVar, TypeVarTuple

import streamlit as st

from deq.analysis.comparison.lineup import RACERS
from pages.ui.server.runs import long_work


class Subject(Protocol):
    """The model or problem behind a result; `shared` says whether other visitors may see the result."""

    @property
    def shared(self) -> bool: ...


S = TypeVar("S", bound=Subject)
Ts = TypeVarTuple("Ts")
T = TypeVar("T")
OWN = 8  # results per session and function for a visitor's own models
# Streamlit's own hash is the same for two solvers whose settings have equal names and values.
SOLVERS = {type(entry.default): repr for entry in RACERS.values()}


def cached(
    max_entries: int, show_spinner: bool | str = False, cache: Any = st.cache_data
) -> Callable[[Callable[[S, *Ts], T]], Callable[[S, *Ts], T]]:
    """`st.cache_data` or `st.cache_resource` by subject and other arguments, for all visitors if the subject is shared.

    Results of a visitor's own model stay in the session and end with it.
    """

    def decorate(compute: Callable[[S, *Ts], T]) -> Callable[[S, *Ts], T]:
        shared = cache(compute, max_entries=max_entries, show_spinner=show_spinner, hash_funcs=SOLVERS)
        own = cache(compute, max_entries=OWN, show_spinner=show_spinner, hash_funcs=SOLVERS, scope="session")

        @wraps(compute)
        def recall(subject: S, *arguments: *Ts) -> T:
            return (shared if subject.shared else own)(subject, *arguments)

        return recall

    return decorate


class _Unknown(Exception):
    """The result is not in the cache."""


_looking = ContextVar("looking", default=False)  # what is not in the cache is not computed


@dataclass(frozen=True)
class Queued(Generic[*Ts, T]):
    """Long work whose results are kept: `known` only looks, a call waits for its turn where nothing is known.

    Nobody waits with Streamlit's lock on a result, or others who want the same one could not leave: to look is to call
    the cached function, recall, which ends with an exception, not cached, instead of computing.
    """

    recall: Callable[[*Ts], T]

    def known(self, *arguments: *Ts) -> T | None:
        token = _looking.set(True)
        try:
            return self.recall(*arguments)
        except _Unknown:
            return None
        finally:
            _looking.reset(token)

    def __call__(self, *arguments: *Ts) -> T:
        found = self.known(*arguments)
        if found is not None:
            return found
        with long_work():
            return self.recall(*arguments)


def queued(
    cache: Callable[[Callable[[*Ts], T]], Callable[[*Ts], T]],
) -> Callable[[Callable[[*Ts], T]], Queued[*Ts, T]]:
    """For long work. `cache` is the decorator that keeps the results."""

    def decorate(compute: Callable[[*Ts], T]) -> Queued[*Ts, T]:
        @wraps(compute)
        def computed(*arguments: *Ts) -> T:
            if _looking.get():
                raise _Unknown
            return compute(*arguments)

        return Queued(cache(computed))

    return decorate
