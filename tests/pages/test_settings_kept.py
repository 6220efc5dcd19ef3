"""A page that is left for another opens with its last address.

Streamlit's part is replaced: AppTest keeps the widgets of all pages, which a browser does not. In a browser:
tests/browser/test_house.py.
"""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from pages.ui.server import settings

Address = dict[str, list[str]]
Open = Callable[..., Address]


class Params(Address):
    """What st.query_params has of a dictionary."""

    def get_all(self, name: str) -> list[str]:
        return self[name]


class Rerun(Exception):
    """What st.rerun raises."""


def rerun() -> None:
    raise Rerun


@pytest.fixture
def open_at(monkeypatch: pytest.MonkeyPatch) -> Open:
    """open_at("toy", seed=["3"]) runs the page at that address, and gives the address in the end."""
    session = SimpleNamespace(session_state={}, query_params=Params(), rerun=rerun)
    monkeypatch.setattr(settings, "st", session)

    def run(page: str, **address: list[str]) -> Address:
        session.query_params = Params(address)
        for _ in range(2):
            try:
                with settings.keeping_settings(page):
                    break
            except Rerun:
                continue
        return dict(session.query_params)

    return run


def test_a_page_that_was_left_opens_with_its_last_address(open_at: Open) -> None:
    open_at("toy", seed=["3"])
    open_at("toy", seed=["4"], steps=["50"])
    assert open_at("glossary") == {}
    assert open_at("toy") == {"seed": ["4"], "steps": ["50"]}


def test_a_link_wins_over_the_last_address(open_at: Open) -> None:
    open_at("toy", seed=["3"])
    open_at("glossary")
    assert open_at("toy", steps=["50"]) == {"steps": ["50"]}


def test_what_was_cleared_stays_cleared(open_at: Open) -> None:
    open_at("toy", seed=["3"])
    assert open_at("toy") == {}  # on the page: a setting is back at its default
    open_at("glossary")
    assert open_at("toy") == {}
