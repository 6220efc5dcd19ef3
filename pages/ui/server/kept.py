"""The runs and own models of each browser, shared by all its pages and sessions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

import streamlit as st

MIB = 2**20
NUMBERED = "deq_runs"  # a cookie, and a key of the session: the highest number of a run
LARGEST = 10**6  # a higher number in a cookie is not believed

# Another tab may have given a higher number meanwhile.
REMEMBER = """
export default function ({ data }) {
  const known = Number(document.cookie.match(/(?:^|; )deq_runs=(\\d+)/)?.[1] ?? 0);
  if (data.highest > known) document.cookie = `deq_runs=${data.highest}; path=/; max-age=31536000; samesite=lax`;
}
"""


class OwnModel(Protocol):
    """A visitor's own model."""

    @property
    def name(self) -> str: ...
    @property
    def weights(self) -> bytes: ...


Model = TypeVar("Model", bound=OwnModel)


@dataclass
class Belongings(Generic[Model]):
    """What belongs to one browser, the oldest first. runs: numbers by id; models: by name."""

    runs: dict[str, int] = field(default_factory=dict)
    models: dict[str, Model] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Bytes of all models."""
        return sum(len(model.weights) for model in self.models.values())


class Kept(Generic[Model]):
    """A bounded store. Past a limit it forgets a browser's oldest run or model, or the browser idle longest."""

    def __init__(
        self,
        runs: int = 8,
        models: int = 4,
        size: int = 40 * MIB,
        browsers: int = 100,
        total: int = 400 * MIB,
    ) -> None:
        self._most_runs, self._most_models, self._most_size = runs, models, size
        self._most_browsers, self._most_total = browsers, total
        self._browsers: dict[bytes, Belongings[Model]] = {}
        self._lock = Lock()

    def runs(self, browser: bytes) -> dict[str, int]:
        """The ids of its runs with their numbers."""
        with self._lock:
            return dict(self._browsers.get(browser, Belongings()).runs)

    def models(self, browser: bytes) -> dict[str, Model]:
        """Its own models by name."""
        with self._lock:
            return dict(self._browsers.get(browser, Belongings()).models)

    def keep_run(self, browser: bytes, job_id: str, used: int = 0) -> None:
        """Give a new run the next number. used: the highest that the browser remembers, see `highest_number`."""
        with self._lock:
            runs = self._use(browser).runs
            runs.setdefault(job_id, max(used, *runs.values(), 0) + 1)
            for old in [other for other in runs if other != job_id][: max(len(runs) - self._most_runs, 0)]:
                del runs[old]
            self._forget()

    def keep_model(self, browser: bytes, model: Model) -> None:
        """Keep a model; it replaces one of the same name."""
        with self._lock:
            mine = self._use(browser)
            mine.models[model.name] = model
            for old in [name for name in mine.models if name != model.name]:
                if len(mine.models) > self._most_models or mine.size > self._most_size:
                    del mine.models[old]
            self._forget()

    def _use(self, browser: bytes) -> Belongings[Model]:
        """The belongings of a browser, which becomes the last to be forgotten."""
        mine = self._browsers.pop(browser) if browser in self._browsers else Belongings[Model]()
        self._browsers[browser] = mine
        return mine

    def _forget(self) -> None:
        """Forget browsers until both limits hold; the one in use stays."""
        total = sum(mine.size for mine in self._browsers.values())
        for browser in list(self._browsers)[:-1]:
            if len(self._browsers) <= self._most_browsers and total <= self._most_total:
                return
            total -= self._browsers.pop(browser).size


@st.cache_resource(show_spinner=False)
def kept() -> Kept:
    """The store of this server; a visitor reaches only what belongs to their browser."""
    return Kept()


def highest_number() -> int:
    """The highest number of a run that this browser remembers: the store forgets when the server starts again, and then
    an old link to run 1 must not open another one.
    """
    cookie = str(st.context.cookies.get(NUMBERED, ""))  # a page test has no cookies but a stand-in
    remembered = int(cookie) if cookie.isdecimal() and len(cookie) < 8 else 0
    return max(min(remembered, LARGEST), st.session_state.get(NUMBERED, 0))


def remember_numbers(runs: dict[str, int]) -> None:
    """Have the browser remember the numbers of these runs; call it once on a page."""
    highest = max([highest_number(), *runs.values()])
    st.session_state[NUMBERED] = highest
    if highest:
        _remember()(key="remember_numbers", data={"highest": highest}, width="content")


@lru_cache(1)
def _remember() -> Callable[..., Any]:
    """Registered on first use: that needs a running server."""
    return st.components.v2.component("deq_numbers", js=REMEMBER)
