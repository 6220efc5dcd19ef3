"""The runs and own models of each browser, shared by all its pages and sessions."""

from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, Protocol, TypeVar

import streamlit as st

MIB = 2**20


class OwnModel(Protocol):
    """A visitor's own model."""

    @property
    def name(self) -> str: ...
    @property
    def weights(self) -> bytes: ...


Model = TypeVar("Model", bound=OwnModel)


@dataclass
class Belongings(Generic[Model]):
    """Of one browser, the oldest first. runs: numbers by id; models: by name."""

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

    def keep_run(self, browser: bytes, job_id: str) -> None:
        """Give a new run the next number."""
        with self._lock:
            runs = self._use(browser).runs
            runs.setdefault(job_id, max(runs.values(), default=0) + 1)
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
