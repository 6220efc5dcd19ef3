"""On demand: how far the network reaches, and whether its answers depend on the start of the solve."""

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import streamlit as st

from deq.analysis.thinking import reach, two_starts
from deq.data import PUZZLES
from deq.plots.thinking import reach_map
from pages.ui.readers.model import shipped
from pages.ui.server.caches import queued
from pages.ui.think.answers import CALLS, solver_for
from pages.ui.think.puzzle import KINDS, Kind, Puzzle
from pages.ui.think.teach import model_of
from pages.ui.widgets.charts import show
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.steps import in_steps

SEED = 7  # used neither in training nor for the page's first puzzle
ASKED = "_think_asked"
MOST_PUZZLES = 50
ALIGNED = 0.99  # cosine
BASELINES = Path(__file__).with_name("baselines.json")  # see record.py


def draw_study(puzzle: Puzzle, solver: str) -> None:
    """Two buttons, and the results that were asked for."""
    asked = st.session_state.setdefault(ASKED, set())
    kind = KINDS[puzzle.kind]
    with st.expander("How far does it reach, and does the start matter?", icon=":material/grid_on:"):
        st.markdown(
            f"The share of new {kind.plural} answered right in all places, by size and number of evaluations."
        )
        if _asked(asked, ("reach", kind.name, puzzle.network), "Measure the reach"):
            _draw_reach(kind, puzzle.network)
        st.markdown(
            f"New {kind.plural} of this size, solved from the model's own start and from noise: are the equilibria the "
            "same?"
        )
        if _asked(asked, ("starts", kind.name, puzzle.size, solver, puzzle.network), "Compare two starts"):
            _draw_starts(puzzle, solver)


def _asked(asked: set[tuple[object, ...]], what: tuple[object, ...], label: str) -> bool:
    """A button, replaced by its result after a click; whether the result is wanted."""
    if what not in asked:
        st.button(label, key=f"ask_{what[0]}", on_click=asked.add, args=(what,))
    return what in asked


def _draw_reach(kind: Kind, network: str) -> None:
    """The map of this network, and beside it that of the same layers trained without an equilibrium."""
    ours, theirs = st.columns(2, gap="medium")
    with theirs:
        _draw_baseline(kind)
    with ours:
        sizes, calls = sizes_of(kind), calls_of(kind)
        steps = {
            f"{kind.noun.capitalize()}, size {size}": lambda size=size: measured_reach(
                kind, network, size, calls
            )
            for size in sizes
        }
        rows = in_steps("reach", (kind.name, network), steps)
        done = [size for size, label in zip(sizes, steps, strict=True) if label in rows]
        share = np.array(list(rows.values())).reshape(len(done), len(calls))
        counts = ", ".join(f"{count_of(kind, size)} of size {size}" for size in done)
        measured = f" {kind.plural.capitalize()} per size: {counts}." if done else ""
        show(
            reach_map(share, done, calls, kind.trained, kind.unit),
            "reach",
            caption=f"Share in %, solved by Picard. Above the dashed line: larger than in training.{measured}",
            alt="Heat map of accuracy against evaluations and size",
        )


def _draw_baseline(kind: Kind) -> None:
    known = json.loads(BASELINES.read_text())[kind.name]
    once = 100 * shipped(kind.model).card.baselines["explicit"]
    show(
        reach_map(known["right"], known["sizes"], known["calls"], kind.trained, kind.unit),
        "reach-baseline",
        caption=(
            f"The same layers, trained to answer after {known['steps']} evaluations, without an equilibrium; measured "
            f"in advance. Trained to answer after one, they solve {once:.3g} % of {kind.plural} of size "
            f"{kind.trained}."
        ),
        alt="Heat map of the accuracy of a network trained without an equilibrium",
    )


@queued(st.cache_data(max_entries=40, show_spinner=False))
def measured_reach(kind: Kind, network: str, size: int, calls: list[int]) -> list[float]:
    """The share of right puzzles of one size after each number of evaluations, by a network as in `model_of`."""
    model = model_of(kind, network)
    return reach(model, kind.name, [size], calls, count_of(kind, size))[0].tolist()


def sizes_of(kind: Kind) -> list[int]:
    """Up to four times the trained size for mazes: beyond that each puzzle takes many seconds."""
    return [size for size in kind.sizes if kind.name != "mazes" or size <= 4 * kind.trained]


def calls_of(kind: Kind) -> list[int]:
    """Round numbers up to the budget of the largest size."""
    most = CALLS * sizes_of(kind)[-1] / kind.trained
    return [count for count in (5, 10, 20, 50, 100, 200, 500, 1000) if count <= most]


def count_of(kind: Kind, size: int) -> int:
    """Fewer puzzles where each takes longer."""
    effort = (size / kind.trained) ** (2 if kind.name == "mazes" else 0.5)
    return max(8, math.floor(MOST_PUZZLES / effort))


def _draw_starts(puzzle: Puzzle, solver: str) -> None:
    with st.spinner("Solving twice"):
        starts = compared_starts(puzzle.kind, puzzle.network, puzzle.size, solver)
    kind = KINDS[puzzle.kind]
    if not starts.converged:
        st.markdown(f"No {kind.noun} converged from both starts, so there is nothing to compare.")
        return
    st.metric(
        "Asymptotic alignment score", f"{starts.mean:.3f}", help=tip("path independence"), width="content"
    )
    several = f"{starts.converged} of {starts.puzzles} {kind.plural}"
    some = several if starts.puzzles > 1 else f"The one {kind.noun}"
    settled = f"{some} of size {puzzle.size} converged from both starts"
    if 2 * starts.converged < starts.puzzles:
        st.markdown(f"Only {settled}, so the score says little about equilibria.")
    elif starts.lowest > ALIGNED:
        st.markdown(
            f"{settled}; the lowest cosine between the two equilibria is {starts.lowest:.3f}. The equilibrium does not "
            "depend on where the solve starts. Such networks gain most from thinking longer (Anil et al., 2022)."
        )
    else:
        st.markdown(
            f"{settled}; the lowest cosine between the two equilibria is {starts.lowest:.3f}. The equilibrium depends "
            "on where the solve starts, so thinking longer may not help (Anil et al., 2022)."
        )


class Starts(NamedTuple):
    """Mean and lowest cosine of the equilibria from two starts, over the `converged` puzzles of all, if any settled."""

    mean: float
    lowest: float
    converged: int
    puzzles: int


@queued(st.cache_data(max_entries=40, show_spinner=False))
def compared_starts(kind: str, network: str, size: int, solver: str) -> Starts:
    """Up to 20 puzzles, solved from the model's own start and from noise."""
    known = KINDS[kind]
    count = max(1, round(20 * (known.trained / size) ** (2.5 if kind == "Maze" else 1)))
    x, _ = PUZZLES[known.name][0](count, size, SEED)
    found = two_starts(model_of(known, network), x, solver_for(Puzzle(kind, size, SEED), solver))
    cosine = found.cosine[found.converged] if found.converged.any() else found.cosine
    return Starts(float(cosine.mean()), float(cosine.min()), int(found.converged.sum()), count)
