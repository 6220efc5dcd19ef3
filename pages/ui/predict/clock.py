"""The clock: what the page sends to its live picture of one solve, which one slider moves in the browser."""

import base64
import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import ArrayLike

from deq.analysis.answers import Answer
from deq.analysis.explanation.plane import Plane
from deq.analysis.explanation.units import as_picture, moments, unit_equations
from deq.plots.state_plane import window_of
from deq.plots.style import ACCENT, FAILED_RED, HIGHLIGHT, NEUTRAL, solver_style
from pages.ui.predict.results import Case, landmarks_of
from pages.ui.predict.words import bars_caption
from pages.ui.readers.model import ModelInUse
from pages.ui.server.caches import cached
from pages.ui.widgets.charts import offer
from pages.ui.widgets.live import live_component

HERE = Path(__file__).parent
MOST_CLASSES = 12  # the most probable
UNSOLVED = "Probabilities after every evaluation; no equilibrium was reached, so none of them is an answer."
LANDMARKS = 200  # numerals at most; those that would cover others are left out
FLOOR = -17.0  # log10 of a residual of zero, which a log axis cannot show
LOOK = {"neutral": NEUTRAL, "answer": ACCENT, "failed": FAILED_RED, "more": ACCENT, "less": HIGHLIGHT}


def draw_clock(case: Case) -> None:
    """The path of the state, the probabilities, the residual and every unit, at one moment of the solve."""
    plane, missing = None, ""
    if case.chosen.reads_digits:
        try:
            plane = landmarks_of(case.chosen).plane
        except ValueError as error:
            missing = f"The plane cannot be drawn. {error} Train the model longer, or choose another."
    live_component(HERE / "clock.js")(key="clock", data=message(case, plane))
    if missing:
        st.warning(missing)
    st.caption(clock_caption(case, plane))
    offer("solve", lambda: table_of(case, plane))
    offer("state", lambda: units_of(case.answer))


def clock_caption(case: Case, plane: Plane | None) -> str:
    """What the numerals are, and the calibration of the probabilities."""
    said = bars_caption(case.answer, case.chosen) if case.answer.converged else UNSOLVED
    if plane is None:
        return said
    share = 100 * plane.explained.sum()
    return (
        "Numerals: equilibria of training digits, as many as fit, in the plane of their first two principal "
        f"components ({share:.0f} % of their variance). Curves: {said[0].lower()}{said[1:]}"
    )


def message(case: Case, plane: Plane | None) -> dict[str, Any]:
    """The solve at its moments; large arrays as base64 of float32, others as lists with None for what is not finite."""
    answer, seen = case.answer, moments(len(case.answer.nfe))
    states = np.asarray(answer.states[seen], np.float32)
    kept = np.sort(np.argsort(-answer.probabilities, kind="stable")[:MOST_CLASSES])
    style = solver_style(case.solver_name)
    return {
        "name": _name(case, states),
        "nfe": answer.nfe[seen].tolist(),
        "residual": _numbers(log_residual(answer.residual[seen])),
        "tol": float(np.log10(case.solver.tol)),
        "converged": answer.converged,
        "paths": _numbers(answer.paths[seen][:, kept]),
        "names": [case.chosen.names[k] for k in kept],
        "answer": int(np.flatnonzero(kept == answer.label)[0]),
        "label": case.chosen.names[answer.label],
        "solver": {"color": style.color},
        "plane": plane and _plane(plane, states, case.chosen),
        "shape": as_picture(states).shape[1:],
        "states": _packed(states),
        "scale": _scale(states),
        "equation": _equation(case, states),
        "look": LOOK,
    }


def _name(case: Case, states: np.ndarray) -> str:
    """The same for the same answer only."""
    whole = hashlib.sha256(states.tobytes() + case.answer.image.tobytes())
    whole.update(f"{case.chosen.fingerprint} {case.solver!r}".encode())
    return whole.hexdigest()[:16]


def log_residual(residual: np.ndarray) -> np.ndarray:
    """log10 of residuals, at least FLOOR."""
    return np.log10(np.maximum(residual, 10.0**FLOOR))


def _numbers(values: np.ndarray) -> list[Any]:
    """The values as nested lists to six digits of the largest, with None for NaN and infinity, which JSON lacks."""
    known = np.isfinite(values)
    finite = np.where(known, values, 0).astype(float)
    rounded = finite.round(5 - math.floor(math.log10(np.abs(finite).max() or 1))).astype(object)
    rounded[~known] = None
    return rounded.tolist()


def _packed(values: ArrayLike) -> str:
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


def _scale(states: np.ndarray) -> dict[str, float]:
    """The ends of the colour scale for all moments: from zero up, or centred at zero if there are both signs."""
    known = states[np.isfinite(states)]
    low, high = np.quantile(known, (0.005, 0.995)) if known.size else (0.0, 0.0)
    largest = float(max(abs(low), abs(high), 1e-6))
    return {"low": 0.0 if low >= 0 else -largest, "high": largest}


@cached(16)
def _numerals(chosen: ModelInUse) -> dict[str, Any]:
    """Some landmarks of a model's plane, and the middle of each digit's."""
    plane = landmarks_of(chosen).plane
    few = np.unique(np.linspace(0, len(plane.labels) - 1, LANDMARKS).round().astype(int))
    middles = {int(k): np.median(plane.points[plane.labels == k], axis=0) for k in np.unique(plane.labels)}
    return {
        "name": chosen.fingerprint,
        "points": _numbers(plane.points[few]),
        "labels": plane.labels[few].tolist(),
        "centres": [[k, *_numbers(middle)] for k, middle in middles.items()],
        "explained": [round(100 * share) for share in plane.explained.tolist()],
    }


def _plane(plane: Plane, states: np.ndarray, chosen: ModelInUse) -> dict[str, Any]:
    """The places of the states, the landmarks, and the window that shows them."""
    places = plane.project(states)
    return _numerals(chosen) | {"places": _numbers(places), "ranges": window_of(plane.points, [places])}


def _equation(case: Case, states: np.ndarray) -> dict[str, Any] | None:
    """The equation of every unit; the states are not sent twice."""
    found = unit_equations(case.chosen.model, case.answer.image, states)
    if found is None:
        return None
    arrays = ("kernel", "given", "gain", "offset", "scale", "shift")
    packed = {name: _packed(getattr(found, name)) for name in arrays}
    return packed | {
        "sources": None if found.form.source == "z" else _packed(found.sources),
        "size": len(found.kernel),
        "count": found.kernel.shape[2],
        "formula": found.form.formula,
        "source": found.form.source,
        "activation": found.form.activation,
        "own": found.form.own,
        "givenWords": found.form.given,
        "offsetWords": found.form.offset,
        "shiftWords": found.form.shift,
    }


def table_of(case: Case, plane: Plane | None) -> dict[str, Any]:
    """For the download: the curves and the path, one row per iterate."""
    answer = case.answer
    table: dict[str, Any] = {"evaluations of f": answer.nfe, "relative residual": answer.residual}
    table |= {f"probability of {name}": answer.paths[:, k] for k, name in enumerate(case.chosen.names)}
    if plane is not None:
        places = plane.project(answer.states)
        table |= {"component 1": places[:, 0], "component 2": places[:, 1]}
    return table


def units_of(answer: Answer) -> dict[str, Any]:
    """For the download: every unit, one row per iterate; a column's name is the unit's index in the state."""
    shape = answer.states.shape[1:]
    units = answer.states.reshape(len(answer.states), -1).T
    names = [f"z[{', '.join(map(str, index))}]" for index in np.ndindex(shape)]
    return {"evaluations of f": answer.nfe} | dict(zip(names, units, strict=True))
