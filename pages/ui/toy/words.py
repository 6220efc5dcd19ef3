"""The texts and numbers of the toy page."""

import streamlit as st

from deq.training.toy import BEST_SLOPE, ToyRun, ToyStudy
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.text import signed

SNIPPET = """
from deq.training.toy import train_toy

run = train_toy(seed={seed}, steps={steps})
print(run.study.at(-5))    # {answer:.4f}: the truth is -10
print(run.study.slope)     # {slope:.4f}: the best is 2/3
print(run.study.values)    # (inputs, depth): z after k applications of the cell

z = 0.0  # the cell at this input, repeated
for _ in range(25):
    z = run.study.cell(z, {x:g})
print(z)
"""


def summary(run: ToyRun, steps: int) -> str:
    """The result in numbers, as Markdown."""
    study = run.study
    if not study.converged.all():
        return _not_converged(study)
    return (
        f"After {steps:,} updates the slope is **{signed(study.slope, 4)}**; the best is 2/3 = {BEST_SLOPE:.4f}, "
        "because z = 2/3\u00a0(z + x) only where z = 2x. Each application of the cell multiplies the distance to z\\* "
        f"by the slope, and all inputs converge within **{study.nfe.max()} evaluations**. At x = −5, outside the "
        f"training range, the prediction is **{signed(study.at(-5), 3)}**; the truth is −10."
    )


def _not_converged(study: ToyStudy) -> str:
    """How many solves failed, and why."""
    missing = int((~study.converged).sum())
    fails = "diverges" if abs(study.slope) >= 1 else "needs more evaluations than allowed"
    return (
        f"**{missing} of {len(study.x)} inputs did not converge**: with a slope of {signed(study.slope, 4)} the "
        f"iteration {fails}. Crosses mark the best iterate, which is not an equilibrium."
    )


def snippet(run: ToyRun, seed: int, steps: int, x: float) -> str:
    """Code that gives the numbers on the page."""
    return SNIPPET.format(seed=seed, steps=steps, x=x, answer=run.study.at(-5), slope=run.study.slope)


def metric_with_error(label: str, number: float, truth: float, named: str, digits: int, term: str) -> None:
    """A number and its distance from the truth. named: how the truth is written."""
    distance = f"{signed(number - truth, digits)} from {named}"
    st.metric(
        label,
        signed(number, digits),
        distance,
        delta_color="off",
        delta_arrow="off",
        help=tip(term),
        width="content",
    )
