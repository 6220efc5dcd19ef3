"""With no network at all every page works on what ships, and says once, calmly, what is missing."""

import socket
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from deq.data import download, held_out_digits
from pages.ui.widgets.navigation import ICON, PAGES
from tests.conftest import ROOT
from tests.pages.conftest import OpenPage
from tests.pages.test_train import QUICK, labels, press, run_until, runs  # noqa: F401  (runs: a registry for each test)

MISSING = "is not on this machine"
TOLD = {"predict": {}, "solvers": {"race_size": "8"}, "train": {"fit_task": "MNIST"}}  # where it matters


@pytest.fixture(autouse=True)
def no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """No address can be looked up or reached, and nothing was downloaded before. The addresses that were tried."""
    tried: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        tried.append(arguments[-1])
        raise OSError(101, "Network is unreachable")

    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(download, "PROBE_SECONDS", 1.0)
    held_out_digits.cache_clear()
    yield tried
    held_out_digits.cache_clear()


def told(app: AppTest) -> list[str]:
    """Every line that says that something is missing."""
    lines = [
        element.value
        for kind in (app.caption, app.info, app.warning, app.error, app.markdown)
        for element in kind
    ]
    return [line for line in lines if MISSING in line or "no answer" in line]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_works_on_what_ships(name: str, open_page: OpenPage, no_network: list[object]) -> None:
    app = open_page(name, **TOLD.get(name, {}))
    assert app.get("plotly_chart") or app.get("imgs") or app.get("image")
    assert not app.error
    assert not app.warning
    assert len(told(app)) == (name in TOLD)
    assert no_network == []  # no page asks for anything by itself


def test_a_run_on_mnist_takes_the_digits(open_page: OpenPage, no_network: list[object]) -> None:
    app = open_page("train", **QUICK | {"fit_task": "MNIST", "fit_epochs": "1"})
    press(app, "Start training")
    run_until(app, lambda: any("stand in for it" in info.value for info in app.info))
    assert len(told(app)) == 1
    assert no_network
    press(app, "Stop")
    run_until(app, lambda: "Stop" not in labels(app))


def test_a_run_on_fashion_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page("train", **QUICK | {"fit_task": "Fashion-MNIST", "fit_epochs": "1"})
    assert len(told(app)) == 1
    press(app, "Start training")
    run_until(app, lambda: bool(app.error))
    assert "no answer" in app.error[0].value
    assert "`digits`" in app.error[0].value


def test_the_icon_comes_from_the_server() -> None:
    """The tab's own: Streamlit fetches a Material icon for that place, unlike those on the page, from another host."""
    assert Path(ICON).is_file()
    assert "page_icon=ICON" in (ROOT / "app.py").read_text()
