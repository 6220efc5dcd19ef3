"""How the updates of a run are split into compiled calls."""

from __future__ import annotations

from dataclasses import dataclass

import jax

from deq.data import Task
from deq.training.recipes import Recipe


@dataclass(frozen=True)
class Calls:
    """Splits a run into compiled calls of at most `most` steps."""

    per_epoch: int
    steps: int
    most: int
    validates: bool  # after every epoch

    @staticmethod
    def plan(task: Task, recipe: Recipe) -> Calls:
        examples = len(task.train.y)
        per_epoch = examples // recipe.batch_size
        if per_epoch == 0:
            raise ValueError(
                f"batch_size {recipe.batch_size} exceeds the {examples} training examples: choose a smaller one."
            )
        most = recipe.steps_per_call
        # On an accelerator an epoch takes a second: leave no dispatch or transfer inside it.
        if jax.default_backend() != "cpu":
            most = max(most, per_epoch)
        reorders = examples > recipe.batch_size  # at the end of each epoch
        validates = reorders or recipe.keep_best or recipe.early_stopping > 0
        return Calls(per_epoch, per_epoch * recipe.epochs, most, validates)

    def size(self, step: int) -> int:
        """Number of steps in the call after `step`; no call crosses the end of an epoch that is validated."""
        room = self.per_epoch - step % self.per_epoch if self.validates else self.steps - step
        return min(self.most, room)

    def epoch(self, step: int) -> int:
        """The epoch, from 1, in which the call after `step` ends."""
        return (step + self.size(step) - 1) // self.per_epoch + 1

    def ends_epoch(self, step: int) -> bool:
        """Whether to validate after `step`."""
        return step == self.steps or (self.validates and step % self.per_epoch == 0)

    def ends(self, restarts: tuple[int, ...]) -> list[int]:
        """The steps after which the learning rate restarts, and the last step."""
        return [epoch * self.per_epoch for epoch in restarts if epoch * self.per_epoch < self.steps] + [
            self.steps
        ]
