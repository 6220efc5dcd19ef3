"""The whole test set, put to one model: computed once and shared by all who look, unless the model is one's own."""

import hashlib

from deq.data import held_out_digits
from deq.models.checkpoints import Checkpoint
from deq.models.inference import Census, take_census
from pages.ui.readers.models import SessionModel
from pages.ui.server.caches import kept


def fingerprint(chosen: Checkpoint | SessionModel) -> str:
    """The sha256 of a model's weights: the same model, whoever loaded it."""
    if isinstance(chosen, Checkpoint):
        return chosen.card.weights_sha256
    return hashlib.sha256(chosen.weights).hexdigest()


def census_of(chosen: Checkpoint | SessionModel) -> Census:
    """The model's answers to all of the test digits, found by the solver that it was measured with; about a second."""
    return _census(fingerprint(chosen), chosen)


@kept(16, "Reading the whole test set")
def _census(key: str, _chosen: Checkpoint | SessionModel) -> Census:
    return take_census(_chosen.model, held_out_digits().test_images, _chosen.solver)
