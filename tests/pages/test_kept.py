"""Runs and own models belong to a browser: through refreshes, in bounds, and to nobody else."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from deq.models.checkpoints import PRETRAINED, WEIGHTS
from deq.solvers import Anderson
from pages.ui.readers.model import ModelInUse
from pages.ui.server import kept as kept_module
from pages.ui.server import owner
from pages.ui.server.kept import NUMBERED, Kept, highest_number, kept
from tests.pages.conftest import OpenPage
from tests.pages.test_privacy import token

MINE = "mine (uploaded)"


def model(name: str, size: int) -> ModelInUse:
    return ModelInUse(name, Anderson(), name, False, bytes(size))


def test_a_browser_keeps_its_newest_runs_and_their_numbers() -> None:
    store = Kept(runs=2)
    for job in ("a", "b", "a", "c"):
        store.keep_run(b"1", job)
    assert store.runs(b"1") == {"b": 2, "c": 3}
    assert store.runs(b"2") == {}


def test_numbers_go_on_from_those_that_the_browser_remembers() -> None:
    store = Kept()
    for job, used in (("a", 0), ("b", 7), ("c", 7)):
        store.keep_run(b"1", job, used)
    assert store.runs(b"1") == {"a": 1, "b": 8, "c": 9}


@pytest.mark.parametrize(
    ("cookie", "number"), [("", 0), ("12", 12), ("-3", 0), ("1e9", 0), ("²", 0), ("9" * 5000, 0)]
)
def test_a_cookie_is_a_number_or_nothing(monkeypatch: pytest.MonkeyPatch, cookie: str, number: int) -> None:
    monkeypatch.setattr(kept_module.st, "context", SimpleNamespace(cookies={NUMBERED: cookie}))
    monkeypatch.setattr(kept_module.st, "session_state", {})
    assert highest_number() == number


def test_a_browser_keeps_its_newest_models_by_number_and_bytes() -> None:
    store = Kept(models=2, size=10)
    for name in ("a", "b", "c"):
        store.keep_model(b"1", model(name, 4))
    assert list(store.models(b"1")) == ["b", "c"]
    store.keep_model(b"1", model("d", 8))
    assert list(store.models(b"1")) == ["d"]
    assert store.models(b"2") == {}


@pytest.mark.parametrize("store", [Kept(browsers=2), Kept(total=8)])
def test_the_browser_unused_longest_is_forgotten(store: Kept) -> None:
    for browser in (b"1", b"2", b"1", b"3"):
        store.keep_model(browser, model("a", 4))
    assert [browser for browser in (b"1", b"2", b"3") if store.models(browser)] == [b"1", b"3"]


@pytest.mark.long
def test_an_uploaded_model_survives_a_refresh_and_is_nobody_elses(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "this_browser", lambda: token(1))
    weights = (PRETRAINED / "mlp" / WEIGHTS).read_bytes()
    app = open_page("predict", model="mlp")
    app.file_uploader(key="predict_weights").upload("mine.safetensors", weights).run()
    refreshed = open_page("predict", model=MINE)
    assert refreshed.selectbox(key="model").value == MINE
    assert not any("no longer on this server" in warning.value for warning in refreshed.warning)
    monkeypatch.setattr(owner, "this_browser", lambda: token(2))
    is_gone(open_page("predict", model=MINE).run())
    monkeypatch.setattr(owner, "this_browser", lambda: token(1))
    kept.clear()  # the server starts again
    is_gone(open_page("predict", model=MINE).run())


def is_gone(app: AppTest) -> None:
    """One line says so and names what is shown."""
    assert not app.exception
    (line,) = [warning.value for warning in app.warning if "no longer on this server" in warning.value]
    assert line not in [warning.value for box in app.expander for warning in box.warning]  # it may be closed
    assert MINE in line
    assert app.selectbox(key="model").value == "conv"
    assert line.endswith("Shown instead: conv.")
