"""Without a network every page works with what ships, and says once what is missing."""

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from deq.data import held_out_digits
from pages.ui.widgets.navigation import PAGES
from tests.pages.conftest import OpenPage, labels, press, run_until
from tests.pages.test_train import QUICK
from tests.support.audit import watching

pytestmark = pytest.mark.usefixtures("runs")

MISSING = "is not on this machine"
SAID = {
    "predict": {},
    "solvers": {"race_solvers": "Picard"},
    "train": {"fit_task": "MNIST"},
}  # pages that say so


@pytest.fixture(autouse=True)
def no_network(scikit_learn_only: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, tuple]]]:
    """Every proxy is dead, and nothing was downloaded before. Yields what is done meanwhile."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    held_out_digits.cache_clear()
    with watching() as events:
        yield events
    held_out_digits.cache_clear()


def addresses(events: list[tuple[str, tuple]]) -> list[tuple]:
    """What was looked up or connected to."""
    return [arguments for event, arguments in events if event in ("socket.getaddrinfo", "socket.connect")]


def missing(app: AppTest) -> list[str]:
    """Every line that says that something is missing."""
    lines = [
        element.value
        for kind in (app.caption, app.info, app.warning, app.error, app.markdown)
        for element in kind
    ]
    return [line for line in lines if MISSING in line or "no answer" in line]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_works_on_what_ships(
    name: str, open_page: OpenPage, no_network: list[tuple[str, tuple]]
) -> None:
    app = open_page(name, **SAID.get(name, {}))
    kinds = ("plotly_chart", "imgs", "image", "link_button")
    live = any(found.key.startswith("live_") for found in app.get("bidi_component"))
    assert live or any(app.get(kind) for kind in kinds)
    assert not app.error
    assert not app.warning
    assert len(missing(app)) == (name in SAID)
    assert addresses(no_network) == []  # pages request nothing on their own


@pytest.mark.long
def test_a_run_on_mnist_uses_the_digits(open_page: OpenPage, no_network: list[tuple[str, tuple]]) -> None:
    app = open_page("train", **QUICK | {"fit_task": "MNIST", "fit_epochs": "1"})
    press(app, "Start training")
    run_until(app, lambda: any("scikit-learn" in info.value for info in app.info))
    assert len(missing(app)) == 1
    assert addresses(no_network)
    press(app, "Stop")
    run_until(app, lambda: "Stop" not in labels(app))


def test_a_run_on_fashion_says_what_to_do(open_page: OpenPage) -> None:
    app = open_page("train", **QUICK | {"fit_task": "Fashion-MNIST", "fit_epochs": "1"})
    assert len(missing(app)) == 1
    press(app, "Start training")
    run_until(app, lambda: bool(app.error))
    assert "no answer" in app.error[0].value
    assert "`digits`" in app.error[0].value
