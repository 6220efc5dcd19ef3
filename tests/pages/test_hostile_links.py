"""Links with nonsense in every parameter show the plain page; `make soak` tries all combinations."""

import pytest

from pages.ui.widgets.navigation import PAGES
from tests.pages.conftest import OpenPage, metrics
from tests.pages.links import hostile, parameters, shown_calmly
from tests.support.cases import long

LONG = ("solvers", "predict")  # slow: each link has them solve again


@pytest.mark.parametrize("name", [long(name) if name in LONG else name for name in PAGES])
def test_nonsense_in_every_parameter(name: str, open_page: OpenPage) -> None:
    plain = open_page(name)
    bent = shown_calmly(name, hostile(parameters(name, plain), turn=0))
    assert len(bent.get("plotly_chart")) == len(plain.get("plotly_chart"))
    assert metrics(bent) == metrics(plain)
    assert not bent.error


@pytest.mark.parametrize("value", ["inf", "-Infinity", "1e999", "9" * 400, "nan"])
def test_infinite_and_huge_whole_numbers(value: str, open_page: OpenPage) -> None:
    assert open_page("toy", seed=value).number_input(key="seed").value == 0
