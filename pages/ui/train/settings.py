"""What to train and how: presets, controls (all in the URL), and the resulting plan."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deq.data import SHAPES
from deq.data.augment import Augmentation
from deq.gradients import Gradient, Implicit, Neumann, Phantom, Unrolled
from deq.jobs import OWN, OWN_PICTURES, OWN_POINTS, PICTURE_NAMES, TASK_NAMES, Plan, sizes
from deq.maps.formula import MAX_LENGTH
from deq.models.architectures import ACTIVATIONS, CELLS, INJECTIONS, NORMALISATIONS, Architecture
from deq.solvers import SOLVERS, Anderson, Solver
from deq.training.recipes import Recipe
from pages.ui.train.named import SET_HERE, choose_model, epochs_control, named_plan, seed_control
from pages.ui.train.own import draw_own, fit_batch
from pages.ui.widgets.glossary import tip

Settings = dict[str, Any]  # widget key -> value
LEARNED_START = "A small network guesses $z^*$; solves start at its guess. No effect with unrolled gradients."
ACTIVATION = "The function s in the formulas; the tooltip of Injection lists them."
GRADIENTS = ("implicit", "Neumann", "phantom", "unrolled")
T = TypeVar("T", int, float)
TITLES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "kmnist": "KMNIST", OWN: "own formula"}
ARE_PICTURES = (*PICTURE_NAMES, OWN_PICTURES)
BASIC: Settings = {
    "fit_model": SET_HERE,
    "fit_cell": "one layer",
    "fit_width": 64,
    "fit_hidden": 128,
    "fit_activation": "tanh",
    "fit_injection": "before the activation",
    "fit_norm": "none",
    "fit_solver": "Anderson",
    "fit_tol": 1e-3,
    "fit_max_nfe": 40,
    "fit_gradient": "implicit",
    "fit_penalty": 0.0,
    "fit_start": False,
    "fit_patience": 200,
    "fit_rate": 5e-3,
    "fit_decay": 0.0,
    "fit_batch": 64,
    "fit_augment": False,
    "fit_epochs": 60,
}
PICTURES = BASIC | {
    "fit_width": 128,
    "fit_activation": "relu",
    "fit_injection": "after the activation",
    "fit_batch": 128,
    "fit_epochs": 4,
}
# Small sets: an epoch is a few updates, or one.
FEW: dict[str, Settings] = {
    OWN_POINTS: BASIC | {"fit_epochs": 250},
    OWN_PICTURES: PICTURES | {"fit_batch": 32, "fit_epochs": 40},
}
# What to try: name -> settings, and what to look for.
PRESETS: dict[str, tuple[Settings, str]] = {
    "As in the blog post": (
        {"fit_cell": "two layers", "fit_width": 100, "fit_hidden": 500, "fit_activation": "tanh"}
        | {"fit_injection": "with the state", "fit_solver": "ODE flow", "fit_max_nfe": 300}
        | {"fit_penalty": 1.0, "fit_rate": 2e-3},
        "Two layers applied to z + x, integrated as an ODE to its steady state: the network of the post named on Home.",
    ),
    "Fast": (
        {
            "fit_solver": "Picard",
            "fit_gradient": "phantom",
            "fit_tol": 1e-2,
            "fit_width": 64,
            "fit_max_nfe": 20,
        },
        "Plain iteration, a loose tolerance and a phantom gradient: cheap but slightly wrong updates.",
    ),
    "Accurate": (
        {"fit_tol": 1e-4, "fit_max_nfe": 60, "fit_decay": 1e-4, "fit_augment": True, "fit_epochs": 100},
        "Tight tolerance, exact gradients, more epochs and, for pictures, small distortions.",
    ),
    "Watch it break": (
        {"fit_cell": "two layers", "fit_width": 100, "fit_hidden": 256, "fit_injection": "with the state"}
        | {"fit_activation": "tanh", "fit_solver": "Picard", "fit_max_nfe": 30, "fit_rate": 5e-2}
        | {"fit_patience": 0},
        "No regulariser and a high learning rate: the spectral radius passes 1 and the equilibrium is lost.",
    ),
}


def default_settings(task: str) -> Settings:
    """Default settings for a task."""
    return FEW.get(task, PICTURES if task in PICTURE_NAMES else BASIC)


def apply_preset(name: str) -> None:
    """Set every control: to the preset's value, or else to the task's default."""
    task = st.session_state["fit_task"]
    chosen = default_settings(task) | PRESETS[name][0]
    if name == "Accurate":
        longer = {small: 2 * FEW[small]["fit_epochs"] for small in FEW} | dict.fromkeys(PICTURE_NAMES, 20)
        chosen |= {"fit_epochs": longer.get(task, chosen["fit_epochs"])}
    st.session_state.update(chosen)


def apply_defaults() -> None:
    """After a change of task: its default settings."""
    st.session_state.update(default_settings(st.session_state["fit_task"]))


def default_evaluations(solver: str) -> Settings:
    """Evaluations allowed for a solver: the flow calls the cell about seven times per step."""
    return {"fit_max_nfe": 300 if solver == "ODE flow" else BASIC["fit_max_nfe"]}


def apply_solver() -> None:
    """After a change of solver: its default number of evaluations."""
    st.session_state.update(default_evaluations(st.session_state["fit_solver"]))


def read_plan() -> Plan:
    """Draw the controls and read them."""
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        task = st.selectbox(
            "Task",
            TASK_NAMES,
            format_func=lambda name: TITLES.get(name, name),
            key="fit_task",
            bind="query-params",
            on_change=apply_defaults,
            help="Classes in the plane, a curve to fit, or pictures to classify.",
        )
        name = choose_model() if task in PICTURE_NAMES else SET_HERE
    default = default_settings(task)
    if name != SET_HERE:
        with row:
            epochs, seed = epochs_control(default["fit_epochs"]), seed_control()
        return named_plan(task, name, epochs, seed)
    return fit_batch(_plan_set_here(task, default, row))


def _plan_set_here(task: str, default: Settings, row: DeltaGenerator) -> Plan:
    """The plan by all controls; row: where the most important ones are."""
    formula = ""
    if task == OWN:
        usual = "sin(2*x) + x/2"
        formula = st.text_input("y =", usual, max_chars=MAX_LENGTH, key="fit_formula", bind="query-params")
    own = draw_own(task)
    with row:
        solver = _choice("Solver", list(SOLVERS), "fit_solver", default, tip("solver"), apply_solver)
        default = default | default_evaluations(solver)
        gradient = _choice("Gradient", list(GRADIENTS), "fit_gradient", default, tip("gradients"))
        epochs = epochs_control(default["fit_epochs"])
        more = st.popover("More settings", icon=":material/tune:")
    left, middle, right = more.columns(3, gap="large")
    with left:
        architecture = _architecture(sizes(task, own), default)
    with middle:
        recipe = replace(_solves(solver, gradient, default), epochs=epochs)
    with right:
        recipe, seed = _optimiser(recipe, task, default)
    return Plan(task, architecture, recipe, seed, formula, own)


def _choice(
    label: str,
    options: list[str],
    key: str,
    default: Settings,
    help: str | None = None,
    on_change: Callable[[], None] | None = None,
) -> str:
    index = options.index(default[key])
    return st.selectbox(label, options, index, key=key, bind="query-params", help=help, on_change=on_change)


def _slide(label: str, options: list[T], key: str, default: Settings, help: str | None = None) -> T:
    value: T = default[key]
    return st.select_slider(
        label, options, value, format_func="{:g}".format, key=key, bind="query-params", help=help
    )


def _architecture(ends: tuple[int, int], default: Settings) -> Architecture:
    """ends: numbers per input and per output."""
    st.markdown("**Model**")
    cell = _choice("Cell", list(CELLS), "fit_cell", default, tip("cell"))
    width = _slide("Width", [4, 8, 16, 32, 64, 100, 128, 256], "fit_width", default, "Size of the state z.")
    hidden = default["fit_hidden"]
    if cell == "two layers":
        hidden = _slide("Width of the inner layer", [8, 16, 32, 64, 128, 256, 500], "fit_hidden", default)
    activation = _choice("Activation", [*ACTIVATIONS], "fit_activation", default, ACTIVATION)
    lines = "\n".join([tip("injection"), *(f"- {name}: {formula}" for name, formula in INJECTIONS.items())])
    injection = _choice("Injection", list(INJECTIONS), "fit_injection", default, lines)
    lines = "\n".join(f"- {name}: {meaning}" for name, meaning in NORMALISATIONS.items())
    norm = _choice("Normalisation", list(NORMALISATIONS), "fit_norm", default, lines)
    return Architecture(*ends, cell, width, hidden, activation, injection, norm)


def _solves(solver: str, gradient: str, default: Settings) -> Recipe:
    """How the equilibrium is found and differentiated."""
    st.markdown("**Solves**")
    tol = _slide("Tolerance", [1e-1, 1e-2, 1e-3, 1e-4, 1e-5], "fit_tol", default, tip("tolerance"))
    most = [10, 20, 30, 40, 60, 100, 200, 300]
    max_nfe = _slide("Evaluations allowed", most, "fit_max_nfe", default, tip("NFE"))
    penalty = _slide(
        "Jacobian penalty", [0.0, 0.1, 0.3, 1.0, 3.0], "fit_penalty", default, tip("Jacobian penalty")
    )
    patience = _slide("Patience", [0, 100, 200, 500, 1000, 2000], "fit_patience", default, tip("patience"))
    start = st.toggle("Learned start", key="fit_start", bind="query-params", help=LEARNED_START)
    start &= gradient != "unrolled"  # which solves nothing
    forward = SOLVERS[solver].make({"tol": tol, "max_nfe": max_nfe})
    backward = _gradient(gradient, forward)
    return Recipe(forward, backward, jacobian=penalty, patience=patience, learned_start=start)


def _gradient(name: str, forward: Solver) -> Gradient:
    """Implicit gradients solve backward by Anderson, as tightly as forward."""
    implicit = Implicit(Anderson(tol=forward.tol, max_nfe=forward.max_nfe))
    return {"implicit": implicit, "Neumann": Neumann(), "phantom": Phantom(), "unrolled": Unrolled(10)}[name]


def _optimiser(recipe: Recipe, task: str, default: Settings) -> tuple[Recipe, int]:
    st.markdown("**Optimiser**")
    rates = [1e-4, 3e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1]
    peak = "Peak rate of Adam, with warm-up and cosine decay to 0."
    rate = _slide("Learning rate", rates, "fit_rate", default, peak)
    batch = _slide("Batch size", [32, 64, 128, 256], "fit_batch", default, "Training examples per update.")
    decay = _slide("Weight decay", [0.0, 1e-5, 1e-4, 1e-3, 1e-2], "fit_decay", default)
    seed = seed_control()
    deform = task in ARE_PICTURES and st.toggle(
        "Distort pictures",
        default["fit_augment"],
        key="fit_augment",
        bind="query-params",
        help="Rotate, stretch and shift every picture a little, differently each time.",
    )
    recipe = replace(
        recipe,
        learning_rate=rate,
        batch_size=batch,
        weight_decay=decay,
        augmentation=Augmentation() if deform else None,
        average=0.99,
        steps_per_call=1 if task in (*SHAPES, OWN_POINTS) else 20,  # the film may stop at any update
    )
    return recipe, seed
