"""Think longer: puzzles larger than in training, and the answer after each evaluation."""

import streamlit as st

from deq.plots.style import scientific
from deq.plots.table import figure_table
from deq.plots.thinking import wrong_places
from pages.ui.server.guard import require_app
from pages.ui.think.answers import LARGE, Answer, answer_now, cold
from pages.ui.think.controls import buttons, presets, puzzle_controls
from pages.ui.think.live import live_puzzle
from pages.ui.think.puzzle import Puzzle
from pages.ui.think.study import draw_study
from pages.ui.think.teach import draw_teaching
from pages.ui.think.words import beside_scratch, budget, sentence, snippet, verdict
from pages.ui.widgets.charts import download_pictures, offer
from pages.ui.widgets.code import show_code
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.links import copy_link

require_app()


CHANGED_HELP = (
    "The last evaluation that changed the answer. If the solve does not converge, the answer is read from the state "
    "with the smallest residual."
)


def numbers(puzzle: Puzzle, answer: Answer) -> None:
    """The verdict, evaluations, when it settled, residual, and why."""
    st.metric("Verdict at the end", verdict(puzzle, answer))
    with st.container(horizontal=True, gap="medium"):
        st.metric("Evaluations", f"{answer.nfe:,}", help=f"{tip('NFE')} {budget(puzzle)}", width="content")
        changed = f"at {answer.settled:,}" if answer.settled > answer.calls[0] else "never"
        st.metric("Answer last changed", changed, help=CHANGED_HELP, width="content")
        st.metric("Residual", scientific(answer.residual, 1), help=tip("relative residual"), width="content")
    st.markdown(sentence(puzzle, answer))


st.title("Can a network think longer than in training?", anchor=False)
st.markdown(
    "It was trained on small puzzles only. Its one layer repeats until nothing changes, so a larger puzzle simply "
    "takes longer. **Click the picture** to change the puzzle: the network continues from its last answer."
)
top = st.container()
hero, side = st.columns([1.35, 1], gap="large")
answered, acts = side.container(key="answer_numbers"), side.container()
with side:
    puzzle, solver = puzzle_controls()
with acts:
    buttons(puzzle)
with top:
    presets(puzzle)
with answered:
    with st.empty():  # a place for the spinner, so that nothing moves when it comes and goes
        answer, warm = answer_now(puzzle, solver)
    numbers(puzzle, answer)
    beside = st.empty()
curves, scratch = {"from the last answer" if warm else "from scratch": (answer.calls, answer.wrong)}, None
if warm and (puzzle.truth.size < LARGE or beside.button("Compare with a solve from scratch")):
    with beside:
        scratch = cold(puzzle, solver)
    beside.markdown(beside_scratch(answer, scratch))
    curves["from scratch"] = (scratch.calls, scratch.wrong)
with hero:
    live_puzzle(puzzle, answer, scratch)
offer("wrong-places", lambda: figure_table(wrong_places(curves)))
draw_teaching(puzzle.kind)
draw_study(puzzle, solver)
show_code(snippet(puzzle, solver, warm))
with st.container(horizontal=True):
    copy_link()
    download_pictures()
