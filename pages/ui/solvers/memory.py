"""Memory: temporaries of the compiled gradient as the evaluations grow a hundredfold."""

from functools import partial

import streamlit as st

from deq.analysis.comparison.gradients import DEPTHS, WAYS, memory_table
from deq.plots.gradients import memory_curves
from pages.ui.solvers.settings import Settings
from pages.ui.solvers.tables import show_table, subject_code
from pages.ui.solvers.work import memory_of
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import show_code
from pages.ui.widgets.steps import in_steps

SNIPPET = """
from deq.analysis.comparison import Subject, make_problem
from deq.analysis.comparison.gradients import DEPTHS, WAYS, memory_at, memory_table

{problem}
print(memory_table({{(way, depth): memory_at(problem, way, depth) for way in WAYS for depth in DEPTHS}}))
"""


def draw_memory(settings: Settings) -> None:
    """A sentence, the chart, the table."""
    pairs = {f"{way}, {depth} evaluations": (way, depth) for way in WAYS for depth in DEPTHS}
    steps = {label: partial(memory_of, settings.subject, *pair) for label, pair in pairs.items()}
    found = in_steps("memory", settings.subject, steps)
    measured = {pairs[label]: size for label, size in found.items()}
    if not measured:
        return
    st.markdown(memory_sentence(measured))
    curves = {
        way: (
            [depth for depth in DEPTHS if (way, depth) in measured],
            [measured[way, depth] / 2**20 for depth in DEPTHS if (way, depth) in measured],
        )
        for way in WAYS
    }
    show(
        memory_curves(curves),
        "memory",
        f"Working memory for loss and gradient of a batch of {settings.subject.size}, as planned by the compiler, XLA; "
        "nothing is run.",
    )
    show_table(memory_table(measured), {"memory, MiB": "%.2f"}, "memory.csv")
    show_code(SNIPPET.format(problem=subject_code(settings.subject)))


def memory_sentence(measured: dict[tuple[str, int], int]) -> str:
    """By what factor the memory of each method grows."""
    grown = {
        way: measured[way, DEPTHS[-1]] / max(measured[way, DEPTHS[0]], 1)
        for way in WAYS
        if (way, DEPTHS[0]) in measured and (way, DEPTHS[-1]) in measured
    }
    if not grown:
        return "Not enough measurements yet."
    parts = [f"{way} **{factor:.2f}**" for way, factor in grown.items()]
    return (
        f"From {DEPTHS[0]} to {DEPTHS[-1]:,} evaluations memory grows by a factor of: {', '.join(parts)}. The "
        "implicit gradient needs only z\\*, unrolling stores every step, and the gradient through the ODE stores some "
        "and recomputes the rest."
    )
