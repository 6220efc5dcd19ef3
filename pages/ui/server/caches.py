"""Caches: results of shipped models for all visitors, results of a visitor's own model for that session only."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Protocol, TypeVar, TypeVarTuple

import streamlit as st

from deq.analysis.comparison.lineup import RACERS


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
