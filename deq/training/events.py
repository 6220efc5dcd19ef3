"""What `fit` yields: progress, the end of an epoch, the trained model."""

from __future__ import annotations

from dataclasses import dataclass

from deq.models import EquilibriumModel
from deq.models.evaluation import Metrics
from deq.training.state import Best, TrainState
from deq.training.step import Health


@dataclass(frozen=True)
class Progress:
    """Yielded after every compiled call. step: from 1 to steps. seconds: since `fit` began.

    ends_epoch: whether an EpochEnd of the same step follows; callers that want to stop should wait for it.
    fault: what is wrong at this point, or empty; see deq.training.early_stopping. Resume from a state without a
    fault.
    """

    step: int
    steps: int
    epoch: int
    seconds: float
    ends_epoch: bool
    health: Health
    state: TrainState
    fault: str


@dataclass(frozen=True)
class EpochEnd:
    """Yielded after every epoch, with validation metrics.

    Where an epoch is a single step, only the last one yields it, unless the recipe asks for the best epoch.

    spectral_radius: the largest of df/dz at the equilibria of a few validation inputs. fault: as in Progress,
    or found by the validation.
    """

    epoch: int
    epochs: int
    seconds: float
    validation: Metrics
    spectral_radius: float
    state: TrainState
    fault: str


@dataclass(frozen=True)
class Finished:
    """The trained model, with averaged weights if the recipe says so, and its metrics on test and validation set.

    spectral_radius: as in EpochEnd, of this model. verdict: why the run was stopped early, or empty. lost: whether it
    was stopped because most solves did not converge, or most updates were not finite; the model is then from its last
    sound state. best: the epoch with the best validation result, None unless the recipe asks for it; with `keep_best`
    the model has its weights.
    """

    model: EquilibriumModel
    test: Metrics
    validation: Metrics
    spectral_radius: float
    seconds: float
    verdict: str
    lost: bool
    best: Best | None = None


Event = Progress | EpochEnd | Finished
