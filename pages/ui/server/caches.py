"""Results kept for all visitors, and those of a visitor's own model kept for that visitor alone."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

import streamlit as st

from deq.analysis.comparison.lineup import RACERS


class Subject(Protocol):
    """What a result is of: it declares whether the result may be shared."""

    @property
    def shared(self) -> bool: ...


S = TypeVar("S", bound=Subject)
P = ParamSpec("P")
T = TypeVar("T")
OWN = 8  # results that one session keeps of its own models, for each function
# Streamlit would take two solvers for one that agree in the names and values of their settings.
SOLVERS = {type(entry.default): repr for entry in RACERS.values()}


def kept(
    max_entries: int, show_spinner: bool | str = False, cache: Any = st.cache_data
) -> Callable[[Callable[Concatenate[S, P], T]], Callable[Concatenate[S, P], T]]:
    """As `st.cache_data`, or `st.cache_resource`, by the subject and the other arguments; shared where the subject is.

    What is computed of a visitor's own model stays in the session and goes with it.
    """

    def decorate(compute: Callable[Concatenate[S, P], T]) -> Callable[Concatenate[S, P], T]:
        shared = cache(compute, max_entries=max_entries, show_spinner=show_spinner, hash_funcs=SOLVERS)
        own = cache(compute, max_entries=OWN, show_spinner=show_spinner, hash_funcs=SOLVERS, scope="session")

        @wraps(compute)
        def recall(subject: S, /, *args: P.args, **kwargs: P.kwargs) -> T:
            return (shared if subject.shared else own)(subject, *args, **kwargs)

        return recall

    return decorate
