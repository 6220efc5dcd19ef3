"""The model in use on a page: one that ships, or one that this visitor has trained or uploaded."""

import hashlib
from dataclasses import dataclass

import streamlit as st

from deq.models import Checkpoint, EquilibriumModel, load_pretrained, pretrained_names
from deq.models.weights import architecture_of, model_name, restore_weights
from deq.solvers import Anderson, Solver

KEY = "session_models"


@dataclass(frozen=True)
class ModelInUse:
    """A model as plain, hashable data; `model` makes it real.

    name: as pages list it. solver: what its figures were measured with, or what it was trained with. fingerprint: the
    sha256 of its weights. shared: whether what is computed of it may be kept for all visitors. weights: safetensors
    bytes of a visitor's own model, empty for one that ships. calibration_error: over the test set, None where unknown.
    """

    name: str
    solver: Solver
    fingerprint: str
    shared: bool
    weights: bytes = b""
    calibration_error: float | None = None

    @property
    def model(self) -> EquilibriumModel:
        """Nobody trains it, so all who see it may share it."""
        return shipped(self.name).model if self.shared else model_of(self.weights)

    @property
    def reads_digits(self) -> bool:
        """Whether it takes 784 pixels and tells ten classes apart."""
        architecture = None if self.shared else architecture_of(self.weights)
        if architecture is not None:
            return (architecture.inputs, architecture.outputs) == (784, 10)
        return (self.name if self.shared else model_name(self.weights)) != "toy"

    @property
    def code(self) -> str:
        """Python that loads it, with its import; a visitor's own from the weights that were downloaded."""
        if self.shared:
            return f'from deq import load_pretrained\n\nmodel = load_pretrained("{self.name}").model'
        read = f'restore_weights("{model_name(self.weights)}", open("weights.safetensors", "rb").read())'
        return f"from deq.models.weights import restore_weights\n\nmodel = {read}"


@st.cache_resource(show_spinner="Loading the model")
def shipped(name: str) -> Checkpoint:
    """A model that ships, loaded once for all visitors."""
    return load_pretrained(name)


@st.cache_resource(scope="session", max_entries=4, show_spinner="Loading the model")
def model_of(weights: bytes) -> EquilibriumModel:
    """The model of weights that came without a card, for this session. Raises CheckpointError."""
    return restore_weights(model_name(weights), weights)


def shipped_model(name: str) -> ModelInUse:
    """A model that ships, by its name."""
    checkpoint = shipped(name)
    card = checkpoint.card
    return ModelInUse(name, checkpoint.solver, card.weights_sha256, True, b"", card.calibration_error)


def own_model(name: str, weights: bytes, solver: Solver = Anderson(tol=1e-3)) -> ModelInUse:
    """A visitor's own model. solver: what it was trained with, as far as that is known."""
    return ModelInUse(name, solver, hashlib.sha256(weights).hexdigest(), False, weights)


def session_models() -> dict[str, ModelInUse]:
    """This visitor's own models by name, the oldest first; nobody else's session holds them."""
    return st.session_state.setdefault(KEY, {})


def keep_model(model: ModelInUse) -> None:
    """Let the other pages offer this model; one of the same name makes way."""
    session_models()[model.name] = model


def digit_readers() -> list[str]:
    """Names of the models that read digits: those that ship, the default first, then this visitor's own."""
    ships = sorted(set(pretrained_names()) - {"toy"}, key=lambda name: (name != "conv", name))
    return ships + own_readers()


def own_readers() -> list[str]:
    """Names of this visitor's own models that read digits."""
    return [name for name, model in session_models().items() if model.reads_digits]


def model_named(name: str) -> ModelInUse:
    """The model behind a name of `digit_readers`."""
    return session_models().get(name) or shipped_model(name)
