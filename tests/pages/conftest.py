"""Pages run without a browser: Streamlit's AppTest on the real app.py."""

import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from deq.data import held_out_digits
from deq.images.drawing import Drawing, to_canvas
from deq.jobs import Registry
from pages.ui.server import disk, memory
from pages.ui.server.runs import registry
from tests.conftest import ROOT

OpenPage = Callable[..., AppTest]
PATIENT = 120.0  # seconds: the machine may be busy

# Every AppTest looks through all installed packages for components, which takes 0.4 s: once is enough.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


@pytest.fixture(scope="module", autouse=True)
def fresh_caches() -> None:
    """No module sees what another left in Streamlit's caches; its tests share models and answers as visitors do."""
    st.cache_data.clear()
    st.cache_resource.clear()
    held_out_digits.cache_clear()


@pytest.fixture(autouse=True)
def own_disk(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The server's cache on disk: a folder that all tests of this run share."""
    folder = tmp_path_factory.getbasetemp() / "kept"
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr(disk, "cache_folder", lambda: folder)
    return folder


@pytest.fixture(autouse=True)
def programs_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test has to compile a program twice, however much memory all tests together hold."""
    monkeypatch.setattr(memory, "MOST", float("inf"))


@pytest.fixture
def scikit_learn_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No MNIST: scikit-learn's 360 test digits are quick, and on every machine. For whole modules, as caches are."""
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def runs() -> Iterator[Registry]:
    """The registry of this test's runs; none outlives the test."""
    made = registry()
    yield made
    made.close()
    registry.clear()


@pytest.fixture
def open_page() -> OpenPage:
    """open_page("toy", seed="3") runs pages/toy.py through app.py as its link ?seed=3 does."""
    return open_by_link


def open_by_link(name: str, **query: str | list[str]) -> AppTest:  # query parameters have any name
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    if name != "home":
        app.switch_page(str(ROOT / "pages" / f"{name}.py"))
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, app.exception
    return app


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def words(app: AppTest) -> str:
    found = (*app.markdown, *app.error, *app.warning, *app.info)
    return " ".join(element.value for element in found).replace("\u00a0", " ")


def opened_by_links(app: AppTest) -> list[tuple[str, dict[str, str]]]:
    """Page and settings of every link to a picture."""
    urls = [urlsplit(node.proto.url) for node in app.get("link_button")]
    return [(url.path, dict(parse_qsl(url.query))) for url in urls]


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def press(app: AppTest, label: str) -> None:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception, app.exception


def run_until(app: AppTest, condition: Callable[[], bool]) -> None:
    """Rerun the page until the condition holds."""
    deadline = time.monotonic() + PATIENT
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
        app.run()
        assert not app.exception, app.exception


@pytest.fixture
def pen(monkeypatch: pytest.MonkeyPatch):
    """pen.draw(app, drawing) is what the browser's canvas sends after a stroke."""
    board = SimpleNamespace(sent=None, key="")

    def canvas(initial_drawing: dict, key: str, **_: object) -> SimpleNamespace:
        if board.key != key:  # a new sheet
            board.sent, board.key = None, key
        return SimpleNamespace(json_data=board.sent or initial_drawing)

    def draw(app: AppTest, drawing: Drawing) -> None:
        board.sent = to_canvas(drawing)
        app.run()
        assert not app.exception

    board.draw = draw
    # The real one registers itself with a running server when it is imported.
    monkeypatch.setitem(sys.modules, "streamlit_drawable_canvas", SimpleNamespace(st_canvas=canvas))
    return board
