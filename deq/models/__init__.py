"""Models: encoder -> equilibrium -> head; model zoo, weights, inference and calibration."""

from deq.models.architectures import Architecture, construct
from deq.models.card import Card
from deq.models.checkpoints import (
    Checkpoint,
    load_checkpoint,
    load_pretrained,
    picture_readers,
    pretrained_names,
    save_checkpoint,
)
from deq.models.evaluation import Metrics, evaluate
from deq.models.model import EquilibriumModel, count_parameters, picture, pixels
from deq.models.weights import CheckpointError
from deq.models.zoo import MODELS, PICTURE_MODELS, TASK_MODELS, build

__all__ = [
    "MODELS",
    "PICTURE_MODELS",
    "TASK_MODELS",
    "Architecture",
    "Card",
    "Checkpoint",
    "CheckpointError",
    "EquilibriumModel",
    "Metrics",
    "build",
    "construct",
    "count_parameters",
    "evaluate",
    "load_checkpoint",
    "load_pretrained",
    "picture",
    "picture_readers",
    "pixels",
    "pretrained_names",
    "save_checkpoint",
]
