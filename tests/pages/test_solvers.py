"""The Solvers page, tab by tab: known verdicts, code that gives the numbers shown, stopping, bad input."""

import base64
import csv
import io
import json
import re
import time
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from deq.analysis.comparison.lineup import Lineup
from deq.analysis.comparison.race import Run, race, race_table
from deq.analysis.comparison.subjects import RANDOM, YOURS, Subject, make_problem
from deq.analysis.comparison.work_precision import WorkPrecision
from deq.data import held_out_digits
from deq.models.architectures import Architecture, construct
from deq.models.weights import weights_of
from pages.ui.readers.digit import KEY
from pages.ui.solvers.compute import path_sentence
from pages.ui.solvers.precision import _points
from pages.ui.solvers.race import race_report, race_sentence
from pages.ui.solvers.settings import Settings
from pages.ui.solvers.tables import time_sentence
from tests.pages.conftest import OpenPage, press, words

CHARTS = {
    "Race": 3,
    "Why": 2,
    "Work and precision": 2,
    "Gradients": 2,
    "Test-time compute": 2,
}
# The columns of Why, in the order in which its code prints them.
EIGENVALUES = ("spectral radius", "damped radius", "largest Re λ")
SHARES = {"converged", "same class", "accuracy"}  # shown as percentages
DIFFERENT = (
    "ms",
    "ms, lower quartile",
    "ms, upper quartile",
    "backward solves converged",
)  # measured anew, or formatted for reading
FEW = ["Picard", "Anderson", "ODE flow"]
SMALL = {
    "race_model": RANDOM,
    "race_size": "8",
    "race_solvers": FEW,
    "race_gradients": ["Anderson", "one-step"],
}
SPIRAL = {"race_model": "spiral cell", "race_size": "8", "race_solvers": FEW}


def snippet(app: AppTest) -> str:
    return next(code.value for code in app.code if "make_problem" in code.value)


@pytest.mark.parametrize("tab", CHARTS)
def test_every_tab_draws_and_is_all_that_is_drawn(open_page: OpenPage, tab: str) -> None:
    app = open_page("solvers", race_view=tab, **SMALL)
    if tab == "Race":
        app.run()  # the controls rest, and the times follow
    assert len(app.get("plotly_chart")) == CHARTS[tab]
    assert not app.error
    assert len(app.dataframe) >= 1
    assert len(app.get("download_button")) >= len(app.dataframe)
    compile(snippet(app), "snippet", "exec")


def test_the_race_is_timed_when_the_controls_rest(open_page: OpenPage) -> None:
    app = open_page("solvers", race_seed="77", **SMALL)
    for damping in (0.3, 0.2):
        app.slider(key="race_damping").set_value(damping).run()
        assert "Times appear once you have left the controls alone" in " ".join(
            caption.value for caption in app.caption
        )
        assert "ms" not in app.dataframe[0].value
        assert "Least time" not in words(app)
    app.run()
    assert not app.exception
    assert (app.dataframe[0].value["ms"] > 0).all()
    assert "Least time" in words(app)
    assert "Times appear" not in " ".join(caption.value for caption in app.caption)


def test_the_race_on_the_spiral_says_who_fails_and_why(open_page: OpenPage) -> None:
    app = open_page("solvers", **SPIRAL)
    assert "Fewest evaluations: **ODE flow**" in words(app)
    assert "Picard (0 % converged) and Anderson (0 % converged); see Why" in words(app)
    app = open_page("solvers", race_view="Why", **SPIRAL)
    shown = words(app)
    assert "**Picard** diverges: each step multiplies some error by |λ| = 3.041" in shown
    assert "together 1.546, above 1, so progress is not guaranteed" in shown
    assert "**ODE flow** converges: all real parts are below 1, the largest 0.500" in shown
    assert shown.count("not converged") == 2


def test_damping_moves_the_region(open_page: OpenPage) -> None:
    app = open_page("solvers", race_view="Why", race_radius="1.2", **SMALL)
    before = app.dataframe[0].value["damped radius"][0]
    app.slider(key="race_damping").set_value(0.1).run()
    assert app.dataframe[0].value["damped radius"][0] < before
    assert not app.exception


def test_a_link_sets_what_the_closed_popover_holds(open_page: OpenPage) -> None:
    held = {"race_damping": 0.3, "race_max_nfe": 120, "race_memory": 7, "race_rank": 12, "race_seed": 3}
    app = open_page("solvers", **SMALL, **{name: str(value) for name, value in held.items()})
    assert {name: app.session_state[name] for name in held} == held
    assert "memory=7" in snippet(app)
    assert "max_nfe=120" in snippet(app)


def test_old_tabs_open_where_they_moved(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory compiles nine programs, whose sizes do not matter here."""
    monkeypatch.setattr("pages.ui.solvers.memory.memory_of", lambda *_: 1)
    app = open_page("solvers", race_view="Memory", **SMALL)
    assert "From 10 to 1,000 evaluations memory grows by a factor of" in words(app)
    assert app.session_state["race_view"] == "Gradients"
    app = open_page("solvers", race_view="In the batch", **SMALL)
    assert app.session_state["race_view"] == "Race"
    assert "With Anderson" in words(app)


@pytest.mark.long  # nine programs are compiled for it
def test_memory_is_drawn(open_page: OpenPage) -> None:
    app = open_page("solvers", race_view="Gradients", race_against="memory", **SMALL)
    assert len(app.get("plotly_chart")) == 1
    assert "From 10 to 1,000 evaluations memory grows by a factor of" in words(app)
    compile(snippet(app), "snippet", "exec")


@pytest.mark.long
def test_your_digit_is_what_is_solved(open_page: OpenPage) -> None:
    link = {"race_batch": "your digit", "race_solvers": FEW, "race_size": "8"}
    app = open_page("solvers", **link)
    assert "You have no digit yet" in " ".join(caption.value for caption in app.caption)
    assert 'Subject("mlp", "test digits"' in snippet(app)
    app.session_state[KEY] = held_out_digits().test_images[0].tobytes()
    app.run()
    assert not app.exception
    assert "You have no digit yet" not in " ".join(caption.value for caption in app.caption)
    printed: list = []
    exec(snippet(app), {"print": lambda *values: printed.extend(values)})
    assert app.dataframe[0].value["NFE, max"].tolist() == printed[0]["NFE, max"]
    assert len(app.dataframe[1].value) == 1  # the batch


def test_no_winner_where_quartiles_overlap() -> None:
    steady = np.linspace(0.01, 0.011, 9)
    assert "Least time: **fast** (10.5 ms" in time_sentence({"fast": steady, "slow": 2 * steady})
    shared = time_sentence({"fast": steady, "near": 1.01 * steady, "slow": 2 * steady})
    assert "no winner; the quartiles of near overlap with those of fast" in shared


def test_the_report_holds_the_numbers_of_its_figures() -> None:
    names = ("Picard", "Anderson")
    settings = Settings(Subject(RANDOM, "noise", 8), names, Lineup())
    problem = make_problem(settings.subject)
    runs = {name: race(problem, settings.solver(name)) for name in names}
    seconds = {name: np.linspace(0.01, 0.02, 9) * (1 + place) for place, name in enumerate(names)}
    text = race_report(settings, runs, seconds, race_table(runs, seconds, None))
    assert not re.search(r"<(script|link|img)[^>]*(src|href)=", text)  # nothing is fetched
    assert jax.__version__ in text
    found = {
        name: list(csv.DictReader(base64.b64decode(data).decode().splitlines()))
        for name, data in re.findall(r'download="([^"]*)" href="data:text/csv;base64,([^"]*)"', text)
    }
    for name, row, line in zip(names, found["race.csv"], race_times_drawn(text), strict=True):
        assert row["solver"] == name == line["name"]
        assert float(row["ms"]) == line["x"][0] == pytest.approx(1e3 * np.median(seconds[name]))
        taken = [float(row[name]) for row in found["race-seconds.csv"]]
        assert 1e3 * np.quantile(taken, 0.75) - line["x"][0] == pytest.approx(line["error_x"]["array"][0])
    assert len(found["race-curves.csv"]) == sum(
        np.isfinite(run.trace_residual).sum() for run in runs.values()
    )


def test_the_report_shows_the_digit_that_is_solved() -> None:
    digit = held_out_digits().test_images[3]
    settings = Settings(Subject("mlp", YOURS, 1, digit=digit.tobytes()), ("Picard",), Lineup())
    runs = {"Picard": race(make_problem(settings.subject), settings.solver("Picard"))}
    text = race_report(settings, runs, {}, race_table(runs, {}, None))
    (data,) = re.findall(r'<img src="data:image/png;base64,([^"]*)"', text)
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))
    np.testing.assert_array_equal(shown, digit[..., 0])


def race_times_drawn(text: str) -> list[dict]:
    """The traces of the report's last figure."""
    start = text.rindex("Plotly.newPlot(")
    return json.JSONDecoder().raw_decode(text, text.index("[{", start))[0]


@pytest.mark.parametrize("tab", CHARTS)
def test_the_code_gives_the_numbers(open_page: OpenPage, tab: str) -> None:
    app = open_page("solvers", race_view=tab, **SMALL)
    printed: list = []
    exec(snippet(app), {"print": lambda *values: printed.extend(values)})
    table = printed[0] if isinstance(printed[0], dict) else dict(zip(EIGENVALUES, printed, strict=False))
    shown = app.dataframe[0].value
    same = [column for column in shown if column in table and column not in DIFFERENT]
    assert len(same) >= 2
    for column in same:
        size = 100 if column in SHARES else 1
        assert shown[column].tolist() == [size * value for value in table[column]], column


def test_what_to_try(open_page: OpenPage) -> None:
    app = open_page("solvers", **SMALL)
    press(app, "Where iteration fails")
    assert app.selectbox(key="race_model").value == "spiral cell"
    assert "Not converged" in words(app)
    press(app, "Outside every region")
    shown = words(app)
    assert "Fewest evaluations: **Anderson**" in shown
    assert "ODE flow (0 % converged)" in shown


def test_one_unsolved_reference_leaves_the_median_of_the_others() -> None:
    error = np.array([[np.nan, 0.1, 0.3], [np.nan] * 3])
    curve = WorkPrecision(np.array([1e-2, 1e-3]), error, np.ones((2, 3)), np.ones((2, 3), bool))
    *_, median, _ = _points({"Picard": curve}, lambda name: np.ones(2))["Picard"]
    np.testing.assert_allclose(median, [0.2, np.nan])


def test_the_alignment_score_leaves_failures_out() -> None:
    ends = {"another": SimpleNamespace(cosine=np.array([1.0, -1.0]), distance=np.zeros(2))}
    ends["another"].converged = np.array([True, False])
    sentence = path_sentence(ends, "Anderson")
    assert "score: **1.0000**" in sentence
    assert "Not converged and left out: 1 of 2 solves" in sentence


def test_own_weights_that_read_no_digits_are_refused(open_page: OpenPage) -> None:
    app = open_page("solvers", race_model="your own weights", race_size="8")
    points = Architecture(2, 2)
    data = weights_of(construct(points), points)
    app.file_uploader(key="race_weights").upload("a.safetensors", data, "application/octet-stream").run()
    assert not app.exception
    assert "which these weights do not read" in app.error[0].value


def test_own_weights_are_asked_for(open_page: OpenPage) -> None:
    app = open_page("solvers", race_model="your own weights", race_size="8")
    assert "Upload a .safetensors file" in words(app)
    assert not app.get("plotly_chart")


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
    assert "Stopped after 2 of 3 steps" in app.info[0].value
    assert "c" not in app.json[0].value
    app.button(key="go-on-demo").click().run()
    assert not app.info
    assert '"c": 3' in app.json[0].value.replace('"c":3', '"c": 3')


def test_a_tie_names_all_who_need_as_few() -> None:
    def run(nfe: int) -> Run:
        n, small = np.full(2, nfe), np.full(2, 1e-5)
        return SimpleNamespace(nfe=n, converged=np.ones(2, bool), error=small, residual=small)

    said = race_sentence({"Picard": run(20), "Anderson": run(9), "Broyden": run(9)}, {}, 50)
    assert said.startswith("Fewest evaluations: **Anderson** and **Broyden** (9 each).")
    assert race_sentence({"Picard": run(20)}, {}, 50).startswith("Fewest evaluations: **Picard** (20).")
