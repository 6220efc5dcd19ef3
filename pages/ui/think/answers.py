"""Answers to a puzzle: from scratch, shared by all visitors, or from the last state of this session."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import streamlit as st

from deq.analysis.thinking import think
from deq.data import calls_for
from deq.solvers import SOLVERS, Solver
from pages.ui.think.puzzle import KINDS, Puzzle
from pages.ui.think.teach import model_of

TOL = 1e-3
LARGE = 2000  # places, beyond which a solve takes seconds
CALLS = 200  # at most, at the trained size
LAST, EDITED = "_think_last", "_think_edited"  # EDITED: the visitor has just changed the puzzle


@dataclass(frozen=True)
class Answer:
    """How an answer formed. frames: (n, bytes) the packed answer after each step; calls: (n,) the evaluations so far.

    wrong: (n,) number of wrong places. settled: evaluations after which the answer no longer changed. state: (1, ...),
    for a warm start.
    """

    frames: np.ndarray
    calls: np.ndarray
    wrong: np.ndarray
    settled: int
    nfe: int
    residual: float
    converged: bool
    state: np.ndarray


class Last(NamedTuple):
    """The last answer of this session, and whether it was reached from an earlier one."""

    puzzle: Puzzle
    solver: str
    answer: Answer
    warm: bool


def solver_for(puzzle: Puzzle, name: str) -> Solver:
    """The solver, with a budget in proportion to the size."""
    budget = calls_for(CALLS, KINDS[puzzle.kind].name, puzzle.size)
    return SOLVERS[name].make({"tol": TOL, "max_nfe": budget})


@st.cache_data(max_entries=24, show_spinner="Thinking")
def cold(puzzle: Puzzle, solver: str) -> Answer:
    """From the model's own start."""
    return solved(puzzle, solver, None)


def answer_now(puzzle: Puzzle, solver: str) -> tuple[Answer, bool]:
    """The answer, and whether the solve was warm-started: a changed puzzle starts where the last solve ended.

    An unchanged puzzle starts there only if the visitor has just undone the changes, not on a new visit.
    """
    last: Last | None = st.session_state.get(LAST)
    undone = st.session_state.pop(EDITED, False) or puzzle.changes
    known = last is not None and (last.puzzle.original, last.solver) == (puzzle.original, solver)
    if last is None or not known or (last.puzzle != puzzle and not undone):
        first = cold(puzzle.original, solver)
        last = Last(puzzle.original, solver, first, warm=False)
    if last.puzzle != puzzle:
        with st.spinner("Thinking"):
            last = Last(puzzle, solver, solved(puzzle, solver, last.answer.state), warm=True)
    st.session_state[LAST] = last
    return last.answer, last.warm


def forget() -> None:
    """Answer the next puzzle from scratch."""
    st.session_state.pop(LAST, None)


def solved(puzzle: Puzzle, solver: str, start: np.ndarray | None) -> Answer:
    if start is not None and not np.isfinite(start).all():
        start = None
    model = model_of(KINDS[puzzle.kind], puzzle.network)
    thought = think(model, puzzle.x[None], solver_for(puzzle, solver), start)
    answers = thought.answers[0].reshape(len(thought.calls), -1)
    return Answer(
        frames=np.packbits(answers, axis=1),
        calls=thought.calls,
        wrong=(answers != puzzle.truth.ravel()).sum(axis=1),
        settled=int(thought.settled.max()),
        nfe=int(thought.nfe[0]),
        residual=float(thought.residual[0]),
        converged=bool(thought.converged[0]),
        state=thought.state,
    )
