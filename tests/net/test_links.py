"""Old links say what they said: every parameter of every view, and whole links as visitors keep them."""

from urllib.parse import parse_qs

import pytest

from pages.ui.widgets.navigation import PAGES
from tests.net.record import load, seen
from tests.pages.links import views
from tests.support.cases import few_of

RECORD = load("links.json")


@pytest.fixture(autouse=True)
def memory_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine programs are compiled for it, and their sizes change no link; tests/pages/test_solvers.py measures it."""
    monkeypatch.setattr("pages.ui.solvers.memory.memory_of", lambda *_: 1)


QUICK = ("home", "train", "think", "glossary", "lesson")  # the others compile and solve most


def of(page: str) -> list[str]:
    """The recorded links of a page."""
    return [link for link in RECORD if link.partition("?")[0] == page]


@pytest.mark.parametrize("page", few_of(list(PAGES), QUICK))
def test_a_plain_and_a_whole_link_mean_what_they_meant(page: str) -> None:
    """A default must stay as it is: links leave it out."""
    compare([of(page)[0], of(page)[-1]])


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES)
def test_all_other_links_mean_what_they_meant(page: str) -> None:
    compare(of(page)[1:-1])


def compare(links: list[str]) -> None:
    """Each link restores what it restored when it was recorded."""
    for link in links:
        now = seen(link)
        for key, old in RECORD[link].items():
            new, where = now.get(key), f"{key} in {link}"
            assert new, f"{where} is gone"
            assert set(new.get("options", [])) >= set(old.get("options", [])), where
            assert new["default"] == old["default"], where
            assert new.get("value") == old.get("value"), where
            if "min" in old:
                assert new["min"] <= old["min"] < old["max"] <= new["max"], where


@pytest.mark.parametrize("page", PAGES)
def test_every_view_is_recorded(page: str) -> None:
    recorded = [parse_qs(link.partition("?")[2]) for link in of(page)]
    for view in views(page):
        assert any(
            {key: [value] for key, value in view.items()}.items() <= query.items() for query in recorded
        )
