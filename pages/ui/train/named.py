"""Models by name on the Train page: each with its own recipe, and about how long it takes on this machine."""

from dataclasses import replace

import streamlit as st

from deq.jobs import Plan, unit_of_work
from deq.jobs.contenders import TOGETHER, USUAL, estimate
from deq.models import MODELS
from deq.training.recipes import CONFIGS, RECIPES
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.text import counted

SET_HERE = "as set here"
BEGUN = 60.0  # seconds for which the measured speed is used


def choose_model() -> str:
    """SET_HERE, or the name of a model."""
    return st.selectbox(
        "Model",
        [SET_HERE, *USUAL],
        key="fit_model",
        bind="query-params",
        help="A named model has its own cell, solver, gradient and recipe; for a few epochs, mlp and conv use a "
        "shorter one, their fast recipe.",
    )


def named_plan(task: str, name: str, epochs: int, seed: int) -> Plan:
    """A named model by its own recipe for these epochs, for a few by its fast one; a line says how long it takes."""
    recipe, fast = RECIPES[name], CONFIGS["fast"].get(name)
    if fast is not None and epochs <= fast.epochs:
        recipe = fast
    plan = Plan(task, name, replace(recipe, epochs=epochs, steps_per_call=TOGETHER), seed)
    made_of = (MODELS[name].__doc__ or "").partition("\n")[0].replace("*", r"\*")
    which = "fast recipe" if recipe is fast else "recipe"
    st.caption(
        f"**{name}**: {made_of} It trains with its {which}, made for {counted(recipe.epochs, 'epoch')}; "
        f"{counted(epochs, 'epoch')} will take "
        f"**{about(estimate([plan], 1, speed()))}** on this machine at its present load."
    )
    return plan


def epochs_control(usual: int) -> int:
    """How many epochs to train for."""
    return int(
        st.number_input("Epochs", 1, 500, usual, key="fit_epochs", bind="query-params", help=tip("epoch"))
    )


def seed_control() -> int:
    """The seed of data, weights and order."""
    return int(st.number_input("Seed", 0, 9999, 0, key="fit_seed", bind="query-params", help=tip("seed")))


@st.cache_data(ttl=BEGUN, show_spinner=False)
def speed() -> float:
    """Seconds of the unit of work, measured again every minute."""
    return unit_of_work()


def about(seconds: float) -> str:
    """93 -> "about 2 min"; an estimate has no more digits."""
    if seconds < 55:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    return f"about {round(seconds / 60)} min" if seconds < 5400 else f"about {seconds / 3600:.1f} h"
