"""What pages share: tables as text, links with their settings, the glossary, the list of pages."""

import csv
import io
import json
import tomllib

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from deq.images.pixels import enlarged
from deq.plots.style import DIGIT_COLORS
from pages.ui.widgets.charts import TEMPLATE
from pages.ui.widgets.downloads import csv_text
from pages.ui.widgets.glossary import TERMS, tip
from pages.ui.widgets.navigation import FOLDER, PAGES
from tests.conftest import ROOT
from tests.pages.conftest import OpenPage


def test_csv_keeps_every_digit() -> None:
    third = np.array([1 / 3, -2e-300, np.inf])
    rows = list(csv.reader(io.StringIO(csv_text({"k": np.arange(3), "value": third}))))
    assert rows[0] == ["k", "value"]
    assert [row[0] for row in rows[1:]] == ["0", "1", "2"]
    assert [float(row[1]) for row in rows[1:]] == third.tolist()


def test_csv_quotes_what_needs_it() -> None:
    assert list(csv.reader(io.StringIO(csv_text({"a, b": np.array(['"x"', "y"])}))))[1] == ['"x"']


@pytest.mark.parametrize("table", [{"a": [1, 2], "b": [1]}, {"a": [[1, 2]]}, {"a": 1.0}])
def test_csv_refuses_ragged_tables(table: dict) -> None:
    with pytest.raises(ValueError, match="equal length"):
        csv_text(table)


def test_glossary_is_one_table_of_sentences() -> None:
    for term in TERMS:
        assert tip(term)[0].isupper()
        assert tip(term).endswith(".")
    assert tip("fixed point").endswith("f(z\\*)\u00a0=\u00a0z\\*.")
    with pytest.raises(ValueError, match="glossary"):
        tip("flux capacitor")


def test_every_page_of_the_menu_is_a_file() -> None:
    found = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert found == set(PAGES)


def test_a_picture_is_sent_as_it_is() -> None:
    """Plotly builds and checks nothing, and adds no template of its own."""

    def draw() -> None:
        import streamlit as st

        from deq.plots.residuals import residual_curve
        from pages.ui.widgets.charts import show

        figure = residual_curve([1, 2, 3], [1.0, 0.1, 0.01], 1e-2)
        show(figure, "residual")
        st.write(len(figure.traces))  # raises if plotly has built it

    app = AppTest.from_function(draw).run()
    assert not app.exception
    spec = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert spec["layout"]["template"] == TEMPLATE
    assert spec["data"][0]["name"] == "Anderson"


def test_enlarged_pixels_are_squares() -> None:
    shown = enlarged(np.array([[1, 2], [3, 4]]), 2)
    assert shown.tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]


def luminance(color: str) -> float:
    """Relative luminance of "#rrggbb" (WCAG 2.1), 0 to 1."""
    parts = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "least"), [("textColor", 7), ("linkColor", 4.5), ("primaryColor", 3)])
def test_theme_can_be_read(scheme: str, ink: str, least: float) -> None:
    theme = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    assert theme["chartCategoricalColors"] == list(DIGIT_COLORS)
    for paper in ("backgroundColor", "secondaryBackgroundColor"):
        dark, bright = sorted(luminance(theme[scheme][name]) for name in (ink, paper))
        assert (bright + 0.05) / (dark + 0.05) >= least


@pytest.mark.parametrize("name", ["home", "toy", "fixed_points", "think", "glossary"])
def test_every_picture_can_be_taken_away(open_page: OpenPage, name: str) -> None:
    app = open_page(name)
    closed = len(app.get("download_button"))
    app.session_state["download"] = True  # as if opened
    app.run()
    assert not app.exception
    pictures = len(app.get("plotly_chart")) + (name == "think")  # whose curve belongs to the live picture
    assert pictures > 0
    assert len(app.get("download_button")) - closed == pictures
