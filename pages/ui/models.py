"""The models that a visitor has trained or uploaded, for the other pages of the same session."""

from dataclasses import dataclass

import streamlit as st

from deq.architectures import Architecture
from deq.checkpoints import restore_weights
from deq.models import EquilibriumModel
from deq.solvers import Anderson, Solver

KEY = "session_models"


@st.cache_resource(max_entries=8, show_spinner="Loading the model")
def model_of(weights: bytes) -> EquilibriumModel:
    """The model in weights that describe themselves. Raises CheckpointError; nobody trains the result."""
    return restore_weights("own", weights)


@dataclass(frozen=True)
class SessionModel:
    """weights: safetensors bytes that describe their architecture; solver: what it was trained with."""

    name: str
    architecture: Architecture
    weights: bytes
    solver: Solver = Anderson(tol=1e-3)

    @property
    def reads_digits(self) -> bool:
        return (self.architecture.inputs, self.architecture.outputs) == (784, 10)

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
