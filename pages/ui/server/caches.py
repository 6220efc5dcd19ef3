"""Results kept for all visitors, and those of a visitor's own weights kept for that visitor alone."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")
OWN = 8  # results that one session keeps of its own weights, for each function


def kept(
    max_entries: int, show_spinner: bool | str = False, cache: Any = st.cache_data
) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """As `st.cache_data`, or `st.cache_resource`, and shared by all; but not what is computed of weights that a
    visitor brought: that stays in the session and goes with it. An argument has such where its `weights` are not
    empty, as a Subject and a SessionModel may have.
    """

    def decorate(compute: Callable[..., T]) -> Callable[..., T]:
        shared = cache(compute, max_entries=max_entries, show_spinner=show_spinner)
        own = cache(compute, max_entries=OWN, show_spinner=show_spinner, scope="session")

        @wraps(compute)
        def recall(*arguments: Any) -> T:
            is_own = any(getattr(argument, "weights", b"") for argument in arguments)
            return (own if is_own else shared)(*arguments)

        return recall

    return decorate
