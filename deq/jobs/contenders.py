"""Contenders to compare with a plan: models by name, and the plan with one setting changed."""

from collections.abc import Iterable
from dataclasses import replace

from deq.jobs.plan import Plan
from deq.models import PICTURE_MODELS
from deq.models.architectures import INJECTIONS, NORMALISATIONS
from deq.solvers import SOLVERS
from deq.training.recipes import CONFIGS, RECIPES, Recipe

CURRENT = "current settings"
NAMED = PICTURE_MODELS
USUAL = ["blog", "mlp", "monotone", "conv"]
EXAMPLES = {"digits": 1_294, "mnist": 55_000, "fashion_mnist": 55_000, "kmnist": 55_000}  # to train on
FEW = 768  # of any other task
LARGE = 10_000  # examples that the few epochs of a fast recipe need
# CPU time of an update of 128 examples over that of `unit_of_work`, measured on two cores (conv and multiscale: 5.5, of
# a conv with three convolutions in front of its cell, times the ratio of their times); other models are about as slow
# as mlp, points faster. Elastic distortions of pictures come on top.
COST = {"blog": 2.3, "mlp": 0.37, "monotone": 0.37, "conv": 7.2, "multiscale": 8.5}
OF_POINTS, ELASTIC = 0.17, 0.5
TOGETHER = 20  # updates per call
# Cost of a first run in the same unit, without its updates: loading, compiling, calibration and the test set.
BESIDES = {"conv": 3_000.0, "multiscale": 3_000.0}
BESIDES_OTHERS = 1_500.0


def contenders(plan: Plan) -> dict[str, Plan]:
    """Plans by name: the plan; for pictures in ten classes, the named models; and the plan with one setting changed.

    Many updates per call: a comparison shows no film, which would double the time of a run on points.
    """
    plan = replace(plan, recipe=replace(plan.recipe, steps_per_call=TOGETHER))
    return {CURRENT: plan} | (named(plan) if reads_digits(plan) else {}) | variants(plan)


def reads_digits(plan: Plan) -> bool:
    """Whether the named models fit its task."""
    built = plan.described
    return built is None or (built.inputs, built.outputs) == (784, 10)


def usual(plan: Plan) -> list[str]:
    """The contenders selected by default."""
    return (
        USUAL if reads_digits(plan) else [CURRENT, *(name for name in variants(plan) if "injection" in name)]
    )


def named(plan: Plan) -> dict[str, Plan]:
    """Models by name with their own recipes for the plan's epochs; on large data sets also with their fast ones."""
    own = {name: by_name(name, replace(RECIPES[name], epochs=plan.recipe.epochs), plan) for name in NAMED}
    if EXAMPLES.get(plan.task, FEW) < LARGE:
        return own
    return own | {f"fast {name}": by_name(name, recipe, plan) for name, recipe in CONFIGS["fast"].items()}


def by_name(name: str, recipe: Recipe, plan: Plan) -> Plan:
    """A named model with a recipe and the plan's updates per call; on own data also its batch size, which fits."""
    recipe = replace(recipe, steps_per_call=plan.recipe.steps_per_call)
    if plan.own is not None:
        recipe = replace(recipe, batch_size=plan.recipe.batch_size)
    return replace(plan, architecture=name, recipe=recipe)


def variants(plan: Plan) -> dict[str, Plan]:
    """The plan with another injection, normalisation or solver, by what differs."""
    built, recipe = plan.described, plan.recipe
    if built is None:
        return {}
    settings = {"tol": recipe.solver.tol, "max_nfe": recipe.solver.max_nfe}
    solvers = {name: entry.make(settings) for name, entry in SOLVERS.items()}
    return (
        {
            f"injection {name}": replace(plan, architecture=replace(built, injection=name))
            for name in INJECTIONS
            if name != built.injection
        }
        | {
            f"normalisation {name}": replace(plan, architecture=replace(built, normalisation=name))
            for name in NORMALISATIONS
            if name != built.normalisation
        }
        | {
            f"solver {name}": replace(plan, recipe=replace(recipe, solver=solver))
            for name, solver in solvers.items()
            if solver != recipe.solver
        }
    )


def estimate(plans: Iterable[Plan], seeds: int, unit: float) -> float:
    """About how many seconds these plans take, one after another. unit: seconds of `unit_of_work` on this machine."""
    return unit * sum(besides(plan) + seeds * updates(plan) * cost_of_update(plan) for plan in plans)


def updates(plan: Plan) -> int:
    return plan.recipe.epochs * (EXAMPLES.get(plan.task, FEW) // plan.recipe.batch_size)


def besides(plan: Plan) -> float:
    """Cost of a run of no updates, in units of `unit_of_work`."""
    name = plan.architecture if isinstance(plan.architecture, str) else ""
    return BESIDES.get(name, BESIDES_OTHERS)


def cost_of_update(plan: Plan) -> float:
    """The cost of an update in units of `unit_of_work`."""
    augmentation = plan.recipe.augmentation
    elastic = ELASTIC if augmentation is not None and augmentation.elastic else 0.0
    if isinstance(plan.architecture, str):
        return COST[plan.architecture] + elastic
    return COST["mlp"] + elastic if plan.architecture.inputs > 2 else OF_POINTS
