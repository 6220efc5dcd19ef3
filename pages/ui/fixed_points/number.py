"""The tab One number: the cobweb, the verdict, the rate of convergence."""

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from deq.maps.scalar import FixedPoints, fixed_points, lipschitz_constant, maps_into_itself, orbit
from deq.maps.verdicts import Verdict, judge_orbit
from deq.plots.orbits import distance_curve
from pages.ui.fixed_points.controls import MapSettings, example_buttons, map_controls, suggestion
from pages.ui.fixed_points.live import live_number
from pages.ui.fixed_points.words import banach_sentence, fixed_point_table, number, verdict_sentence
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import show_code
from pages.ui.widgets.downloads import csv_button
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.text import signed

NEARBY = 1e-8
SNIPPET = """
import numpy as np
from deq.maps.formula import parse_formula
from deq.maps.scalar import ScalarMap, fixed_points, orbit
from deq.maps.verdicts import judge_orbit
from deq.plots.cobweb import cobweb

f = parse_formula({formula!r})
g = ScalarMap(f, a={a}, b={b}, damping={damping})
fixed = fixed_points(g, {low}, {high})
x = np.linspace({low}, {high}, 401)
xs = orbit(g, {start}, {num_steps})
figure = cobweb(x, f(x, {a}, {b}), xs, g_x=g(x) if g.damping < 1 else None, fixed=fixed.x, stable=fixed.stable)
print(judge_orbit(g, {start}), fixed)
figure
"""


def draw_number() -> None:
    """Examples, the live picture with the controls beside it, the verdict, details."""
    example_buttons()
    left, right = st.columns([3.2, 1], gap="medium")
    answer = right.container(key="answer_verdict")
    settings = map_controls([right.container() for _ in range(4)])
    if settings is None:
        return
    g = settings.g
    fixed = fixed_points(g, settings.low, settings.high)
    verdict = judge_orbit(g, settings.start)
    with answer:
        st.metric("Verdict", verdict.text, help=tip("verdict"))
    with left:
        live_number(settings, fixed)
    with st.container(key="answer_more"):
        _answers(settings, fixed, verdict)


def _answers(settings: MapSettings, fixed: FixedPoints, verdict: Verdict) -> None:
    """What the verdict is based on: numbers, sentences and a curve; then tables, files and code."""
    xs = orbit(settings.g, settings.start, settings.num_steps)
    _metrics(verdict, fixed)
    left, right = st.columns(2, gap="medium")
    with left:
        st.markdown(verdict_sentence(verdict, orbit(settings.g, settings.start, 2000)))
        st.markdown(_banach(settings))
        suggestion()
    with right:
        show(_distances(settings, verdict, xs), "distance", alt="The distance after every step")
    _details(settings, fixed, xs, verdict)


def _banach(settings: MapSettings) -> str:
    lipschitz = lipschitz_constant(settings.g, settings.low, settings.high)
    inside = maps_into_itself(settings.g, settings.low, settings.high)
    return banach_sentence(lipschitz, inside, settings.low, settings.high)


def _distances(settings: MapSettings, verdict: Verdict, xs: np.ndarray) -> go.Figure:
    """The distance to the limit, or without a limit, to an orbit that starts 1e-8 away."""
    damped = settings.damping < 1
    if verdict.limit is not None:
        return distance_curve(np.abs(xs - verdict.limit), verdict.predicted_rate, damped=damped)
    neighbour = orbit(settings.g, settings.start + NEARBY, settings.num_steps)
    rate = float(np.exp(verdict.lyapunov)) if verdict.kind == "chaotic" else None
    title = "distance to an orbit<br>started 10<sup>-8</sup> away"
    with np.errstate(invalid="ignore"):  # both may have escaped to infinity
        distance = np.abs(xs - neighbour)
    return distance_curve(distance, rate, y_title=title, damped=damped)


def _metrics(verdict: Verdict, fixed: FixedPoints) -> None:
    """The limit, the rate, the fixed points."""
    limit = "none" if verdict.limit is None else number(verdict.limit, 7)
    predicted = verdict.predicted_rate
    rate = verdict.lyapunov if predicted is None else predicted
    stable = int(fixed.stable.sum())
    count = (
        "a whole interval" if len(fixed.segments) else f"{stable} stable, {len(fixed.x) - stable} unstable"
    )
    with st.container(horizontal=True, gap="large"):
        st.metric("Limit", limit, width="content")
        label, term = (
            ("Rate |slope at x\\*|", "slope") if predicted is not None else ("Lyapunov exponent",) * 2
        )
        st.metric(label, signed(rate, 4) if np.isfinite(rate) else "-", help=tip(term), width="content")
        st.metric("Fixed points in the window", count, help=tip("fixed point"), width="content")


def _details(settings: MapSettings, fixed: FixedPoints, xs: np.ndarray, verdict: Verdict) -> None:
    """The table of fixed points and downloads, made while they are open; the code."""
    box = st.expander(
        "Table of fixed points and data", key="number_data", icon=":material/table:", on_change="rerun"
    )
    if box.open:
        with box:
            _data(settings, fixed, xs, verdict)
    show_code(SNIPPET.format_map(settings.named | {"num_steps": settings.num_steps}))


def _data(settings: MapSettings, fixed: FixedPoints, xs: np.ndarray, verdict: Verdict) -> None:
    """The table of fixed points, and files."""
    f, x = settings.f, settings.window
    table = fixed_point_table(np.asarray(f.value_and_slope(fixed.x)[1]), fixed)
    if len(fixed.x):
        st.dataframe(table, hide_index=True)
    for start, end in fixed.segments:
        st.markdown(f"Every x from {start:g} to {end:g} is a fixed point.")
    limit = np.nan if verdict.limit is None else verdict.limit
    with st.container(horizontal=True):
        k = np.arange(len(xs))
        csv_button("Download the orbit", {"k": k, "x": xs, "distance": np.abs(xs - limit)}, "orbit.csv")
        csv_button("Download the curve", {"x": x, "f(x)": f(x), "damped": settings.g(x)}, "curve.csv")
        csv_button("Download the fixed points", table, "fixed-points.csv")
