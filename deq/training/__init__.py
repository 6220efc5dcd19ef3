"""Training: `fit` yields events; recipes, the training step, early stopping, run folders, training advice."""

from deq.training.events import EpochEnd, Event, Finished, Progress
from deq.training.loop import fit, model_at
from deq.training.recipes import BASELINES, RECIPES, Recipe

__all__ = ["BASELINES", "RECIPES", "EpochEnd", "Event", "Finished", "Progress", "Recipe", "fit", "model_at"]
