"""The glossary: the table of the tooltips, all of it, and the link to one term."""

from pages.ui.widgets.glossary import TERMS, matching
from tests.pages.conftest import OpenPage


def listed(app) -> list[str]:
    return [element.value.split("**")[1] for element in app.markdown if element.value.startswith("**")]


def test_every_term_is_listed_once(open_page: OpenPage) -> None:
    app = open_page("glossary")
    assert sorted(listed(app)) == sorted(TERMS)
    assert len(app.get("plotly_chart")) == 1


def test_a_link_to_a_term(open_page: OpenPage) -> None:
    found = listed(open_page("glossary", term="Damping"))
    assert found[0] == "damping"
    assert len(found) < len(TERMS) / 4
    app = open_page("glossary", term="flux capacitor")
    assert "No definition mentions this" in app.info[0].value
    assert sorted(listed(app)) == sorted(TERMS)


def test_names_come_before_mentions() -> None:
    found = matching("residual")
    assert found[:2] == ["relative residual", "residual"]
    assert "Anderson" in found[2:]
    assert matching("") == sorted(TERMS, key=str.lower)
