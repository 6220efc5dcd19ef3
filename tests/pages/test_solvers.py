"""The solvers page, tab by tab: known verdicts, code that gives the numbers shown, stopping, bad input."""

import time

import pytest
from streamlit.testing.v1 import AppTest

from deq.analysis.comparison.subjects import RANDOM
from tests.pages.conftest import OpenPage

CHARTS = {
    "Race": 2,
    "Why": 2,
    "Work and precision": 2,
    "Gradients": 1,
    "Memory": 1,
    "Test-time compute": 2,
    "In the batch": 1,
}
# the columns of Why, in the order in which its code prints them
EIGENVALUES = ("spectral radius", "damped radius", "largest Re λ")
DIFFERENT = ("ms", "ms, spread", "backward solves converged")  # measured anew, or formatted for reading
SMALL = {"race_model": RANDOM, "race_size": "8"}
SPIRAL = {"race_model": "spiral cell", "race_size": "8"}


def words(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.markdown, *app.error, *app.info))


def snippet(app: AppTest) -> str:
    return next(code.value for code in app.code if "make_problem" in code.value)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer programs to compile; what each draws stays the same."""
    monkeypatch.setattr("pages.ui.solvers.settings.DEFAULT_SOLVERS", ("Picard", "Anderson", "ODE flow"))
    monkeypatch.setattr("pages.ui.solvers.gradients.DEFAULT", ("Anderson", "one-step"))
    monkeypatch.setattr("pages.ui.solvers.memory.DEPTHS", (10, 1000))
    monkeypatch.setattr("pages.ui.solvers.memory.WAYS", ("implicit", "unrolled"))


@pytest.mark.parametrize("tab", CHARTS)
def test_every_tab_draws_and_is_all_that_is_drawn(open_page: OpenPage, tab: str) -> None:
    app = open_page("solvers", race_view=tab, **SMALL)
    assert len(app.get("plotly_chart")) == CHARTS[tab]
    assert not app.error
    assert len(app.dataframe) >= 1
    assert len(app.get("download_button")) >= len(app.dataframe)
    compile(snippet(app), "snippet", "exec")


def test_the_race_on_the_spiral_says_who_fails_and_why(open_page: OpenPage) -> None:
    app = open_page("solvers", **SPIRAL)
    assert "Fewest evaluations: **ODE flow**" in words(app)
    assert "Picard (0 % converged) and Anderson (0 % converged); the tab Why says why" in words(app)
    app = open_page("solvers", race_view="Why", **SPIRAL)
    told = words(app)
    assert "**Picard** cannot settle: each step makes some error |λ| = 3.041 times as large" in told
    assert "together 1.546, above 1, so nothing assures progress" in told
    assert "**ODE flow** settles: all real parts are below 1, the largest 0.500" in told
    assert told.count("not converged") == 2


def test_damping_moves_the_region(open_page: OpenPage) -> None:
    app = open_page("solvers", race_view="Why", race_radius="1.2", **SMALL)
    before = app.dataframe[0].value["damped radius"][0]
    app.slider(key="race_damping").set_value(0.1).run()
    assert app.dataframe[0].value["damped radius"][0] < before
    assert not app.exception


@pytest.mark.parametrize("tab", [tab for tab in CHARTS if tab != "Memory"])  # its code compiles for a minute
def test_the_code_gives_the_numbers(open_page: OpenPage, tab: str) -> None:
    app = open_page("solvers", race_view=tab, **SMALL)
    printed: list = []
    exec(snippet(app), {"print": lambda *values: printed.extend(values)})
    table = printed[0] if isinstance(printed[0], dict) else dict(zip(EIGENVALUES, printed, strict=False))
    shown = app.dataframe[0].value
    same = [column for column in shown if column in table and column not in DIFFERENT]
    assert len(same) >= 2
    for column in same:
        assert shown[column].tolist() == list(table[column]), column


@pytest.mark.parametrize(
    "query",
    [
        {"race_radius": "nan"},
        {"race_tol": "-1"},
        {"race_size": "9"},
        {"race_solvers": "Gauss"},
        {"race_view": "x"},
    ],
)
def test_nonsense_in_the_link_is_ignored(open_page: OpenPage, query: dict[str, str]) -> None:
    app = open_page("solvers", **(SMALL | query))
    assert not app.error
    assert len(app.get("plotly_chart")) == 2


def test_what_to_try(open_page: OpenPage) -> None:
    app = open_page("solvers", **SMALL)
    next(b for b in app.button if b.label == "Where iteration fails").click().run()
    assert app.selectbox(key="race_model").value == "spiral cell"
    assert "Not converged" in words(app)
    next(b for b in app.button if b.label == "Outside every region").click().run()
    told = words(app)
    assert "Fewest evaluations: **Anderson**" in told
    assert "ODE flow (0 % converged)" in told


def test_own_weights_are_asked_for_and_checked(open_page: OpenPage) -> None:
    app = open_page("solvers", race_model="your own weights", race_size="8")
    assert "Upload a file" in words(app)
    assert not app.get("plotly_chart")
    app.file_uploader(key="race_weights").upload(
        "w.safetensors", b"nothing", "application/octet-stream"
    ).run()
    assert "Not a valid safetensors file" in words(app)
    assert not app.exception


def test_a_warm_tab_answers_at_once(open_page: OpenPage) -> None:
    app = open_page("solvers", **SMALL)
    began = time.perf_counter()
    app.run()
    assert time.perf_counter() - began < 2  # 0.1 s on a quiet machine


def stepping() -> None:
    """A page whose second step is the moment at which "Stop" is pressed."""
    import streamlit as st

    from pages.ui.widgets.steps import in_steps

    def second() -> int:
        if "pressed" not in st.session_state:
            st.session_state["pressed"] = True
            st.session_state["_steps-demo"]["stopped"] = True
        return 2

    st.write(in_steps("demo", "settings", {"a": lambda: 1, "b": second, "c": lambda: 3}))


def test_a_stopped_run_keeps_what_was_done() -> None:
    app = AppTest.from_function(stepping).run()
    assert "Stopped after 2 of 3" in app.info[0].value
    assert "c" not in app.json[0].value
    app.button(key="go-on-demo").click().run()
    assert not app.info
    assert '"c": 3' in app.json[0].value.replace('"c":3', '"c": 3')
