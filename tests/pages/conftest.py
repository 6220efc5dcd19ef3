"""Pages run without a browser: Streamlit's AppTest on the real app.py."""

from collections.abc import Callable
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from deq.data import held_out_digits
from pages.ui.server import disk, memory
from tests.conftest import ROOT

OpenPage = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def fresh_caches() -> None:
    """No test sees what another left in Streamlit's caches."""
    st.cache_data.clear()
    st.cache_resource.clear()
    held_out_digits.cache_clear()


@pytest.fixture(autouse=True)
def own_disk(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What pages keep from one start to the next lies in a folder that this run of the tests shares."""
    folder = tmp_path_factory.getbasetemp() / "kept"
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr(disk, "folder", lambda: folder)
    return folder


@pytest.fixture(autouse=True)
def programs_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much memory the tests hold together, none waits for a program that it has compiled already."""
    monkeypatch.setattr(memory, "MOST", float("inf"))


@pytest.fixture
def open_page() -> OpenPage:
    """open_page("toy", seed="3") runs pages/toy.py through app.py as its link ?seed=3 does."""
    return open_by_link


def open_by_link(name: str, **query: str) -> AppTest:  # query parameters have any name
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    if name != "home":
        app.switch_page(str(ROOT / "pages" / f"{name}.py"))
        for key, value in query.items():
            app.query_params[key] = value
        app.run()
    assert not app.exception, app.exception
    return app
