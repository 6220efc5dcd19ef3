"""Training: `fit` yields events; recipes, one step, early stopping, the run folder, advice on a run."""

from deq.training.loop import EpochEnd, Event, Finished, Progress, fit, model_at
from deq.training.recipes import BASELINES, RECIPES, Recipe

__all__ = ["BASELINES", "RECIPES", "EpochEnd", "Event", "Finished", "Progress", "Recipe", "fit", "model_at"]
