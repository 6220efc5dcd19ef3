"""The models that a visitor has trained or uploaded, for the other pages of the same session."""

from dataclasses import dataclass

import streamlit as st

from deq.models import EquilibriumModel
from deq.models.checkpoints import architecture_of, model_name, restore_weights
from deq.solvers import Anderson, Solver

KEY = "session_models"


@st.cache_resource(scope="session", max_entries=4, show_spinner="Loading the model")
def model_of(weights: bytes) -> EquilibriumModel:
    """The model of weights that came without a card, for this session. Raises CheckpointError; nobody trains it."""
    return restore_weights(model_name(weights), weights)


@dataclass(frozen=True)
class SessionModel:
    """weights: safetensors bytes, of an architecture that they describe or of a model of deq.

    solver: what it was trained with, as far as that is known.
    """

    name: str
    weights: bytes
    solver: Solver = Anderson(tol=1e-3)

    @property
    def reads_digits(self) -> bool:
        architecture = architecture_of(self.weights)
        if architecture is None:
            return model_name(self.weights) != "toy"
        return (architecture.inputs, architecture.outputs) == (784, 10)

    @property
    def model(self) -> EquilibriumModel:
        return model_of(self.weights)


def session_models() -> dict[str, SessionModel]:
    """This visitor's models by name, the oldest first; nobody else's session holds them."""
    return st.session_state.setdefault(KEY, {})


def session_readers() -> list[str]:
    """Names of those among them that read digits."""
    return [name for name, model in session_models().items() if model.reads_digits]


def keep_model(model: SessionModel) -> None:
    """Let the other pages offer this model; one of the same name makes way."""
    session_models()[model.name] = model
