"""The words and numbers of the toy page."""

import streamlit as st

from deq.training.toy import BEST_SLOPE, ToyRun, ToyStudy
from pages.ui.widgets.glossary import tip

SNIPPET = """
from deq.training.toy import train_toy

run = train_toy(seed={seed}, steps={steps})
print(run.study.at(-5))    # {answer:.4f}: the truth is -10
print(run.study.slope)     # {slope:.4f}: the best is 2/3
print(run.study.values)    # (inputs, depth): z after k applications of the cell
"""


def summary(run: ToyRun, steps: int) -> str:
    """What is seen, in numbers, as Markdown."""
    study = run.study
    if not study.converged.all():
        return _unsettled(study)
    return (
        f"After {steps:,} updates the slope is **{signed(study.slope, 4)}** (2/3 is {BEST_SLOPE:.4f}). Every "
        f"application of the cell multiplies the distance to z\\* by it, so all inputs settle within "
        f"**{study.nfe.max()} evaluations**. At x = −5, which it was never shown, it says "
        f"**{signed(study.at(-5), 3)}**; the truth is −10."
    )


def _unsettled(study: ToyStudy) -> str:
    """A solve that did not converge is no equilibrium, and no answer."""
    missing = int((~study.converged).sum())
    return (
        f"**{missing} of {len(study.x)} inputs did not converge**: with a slope of {signed(study.slope, 4)} repeating "
        "the cell does not come to rest in time. Crosses show its best iterate, which is no equilibrium."
    )


def snippet(run: ToyRun, seed: int, steps: int) -> str:
    """Code that gives the numbers on the page."""
    return SNIPPET.format(seed=seed, steps=steps, answer=run.study.at(-5), slope=run.study.slope)


def against(label: str, number: float, truth: float, named: str, digits: int, term: str) -> None:
    """A number with its distance from the truth, which is neither good nor bad. named: the truth in words."""
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


def signed(number: float, digits: int) -> str:
    """A number with a true minus sign, and none before zero."""
    text = f"{number:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text.replace("-", "−")
