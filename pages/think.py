"""Think longer: puzzles larger than the network was trained on, its answer evaluation by evaluation."""

import streamlit as st

from deq.plots.style import scientific
from deq.plots.thinking import wrong_places
from pages.ui.server.guard import require_app
from pages.ui.think.answers import Answer, answer_now, cold, solver_for
from pages.ui.think.controls import buttons, presets, puzzle_controls
from pages.ui.think.live import live_puzzle
from pages.ui.think.puzzle import KINDS, Puzzle
from pages.ui.think.study import draw_study
from pages.ui.think.words import SNIPPET, budget, sentence, verdict
from pages.ui.widgets.charts import download_pictures, show
from pages.ui.widgets.code import imports_of, show_code
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.links import copy_link

require_app()


def numbers(puzzle: Puzzle, answer: Answer) -> None:
    """The verdict, evaluations, when it settled, residual, and why."""
    st.metric("Verdict", verdict(puzzle, answer))
    with st.container(horizontal=True, gap="medium"):
        st.metric("Evaluations", f"{answer.nfe:,}", help=f"{tip('NFE')} {budget(puzzle)}", width="content")
        changed = f"at {answer.settled:,}" if answer.settled > answer.calls[0] else "never"
        st.metric(
            "Answer last changed", changed, help="The last evaluation that changed a place.", width="content"
        )
        st.metric("Residual", scientific(answer.residual, 1), help=tip("relative residual"), width="content")
    st.markdown(sentence(puzzle, answer))


def comparison(puzzle: Puzzle, solver: str, answer: Answer, warm: bool) -> None:
    """The wrong places call by call; after a change beside those from scratch."""
    curves = {"from the last answer" if warm else "wrong": (answer.calls, answer.wrong)}
    if warm:
        scratch = cold(puzzle, solver)
        curves["from scratch"] = (scratch.calls, scratch.wrong)
        same = (
            "with the same answer"
            if (scratch.frames[-1] == answer.frames[-1]).all()
            else "with **another** answer"
        )
        st.markdown(
            f"From the last answer it took **{answer.nfe:,} evaluations**, from scratch {scratch.nfe:,}, {same}."
        )
    show(wrong_places(curves), "wrong", alt="The number of wrong places after each evaluation")


st.title("Can a network think longer than it was taught to?", anchor=False)
st.markdown(
    "It learned small puzzles only. Its one layer repeats until nothing changes, so a larger puzzle simply takes more "
    "evaluations. **Click the picture** to change the puzzle: it thinks on from its last answer."
)
hero, side = st.columns([1.35, 1], gap="large")
answered = side.container(key="answer_numbers")
with side:
    puzzle, solver = puzzle_controls()
    buttons(puzzle)
answer, warm = answer_now(puzzle, solver)
with answered:
    numbers(puzzle, answer)
with hero:
    live_puzzle(puzzle, answer)
presets(puzzle)
with st.container(key="answer_curve"):
    comparison(puzzle, solver, answer, warm)
draw_study(puzzle, solver)
chosen, kind = solver_for(puzzle, solver), KINDS[puzzle.kind]
named: dict[str, object] = {
    "draw": "mazes" if puzzle.kind == "Maze" else "bits",
    "model": kind.model,
    "size": puzzle.size,
}
named |= {"seed": puzzle.seed, "changes": puzzle.changes, "solver": chosen, "imports": imports_of([chosen])}
show_code(SNIPPET.format_map(named | {"start": "first.state" if warm else None}))
with st.container(horizontal=True):
    copy_link()
    download_pictures()
