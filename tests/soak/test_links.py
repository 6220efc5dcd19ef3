"""Every parameter of every view of every page with every wrong value: no traceback."""

import pytest

from pages.ui.widgets.navigation import PAGES
from tests.pages.conftest import open_by_link
from tests.pages.links import VALUES, hostile, parameters, shown_calmly, views
from tests.soak.conftest import Report

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("name", PAGES)
def test_nonsense_in_every_parameter_of_every_view(name: str, report: Report) -> None:
    for view in views(name):
        names = [key for key in parameters(name, open_by_link(name, **view)) if key not in view]
        for turn in range(len(VALUES)):
            shown_calmly(name, hostile(names, turn) | view)
        report("inputs tried", len(names) * len(VALUES))
