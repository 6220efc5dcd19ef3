"""The model in use on a page: shipped, or trained or uploaded by this visitor."""

import hashlib
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from deq.data import Form
from deq.models import PICTURE_MODELS, Checkpoint, EquilibriumModel, load_pretrained, picture_readers
from deq.models.inference import reads_pictures
from deq.models.model_file import is_model_file
from deq.models.weights import architecture_of, form_of, model_name, restore_weights
from deq.solvers import Anderson, Solver
from pages.ui.server.kept import kept
from pages.ui.server.owner import browser_key
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.text import plain, short

DIGITS = tuple("0123456789")
NOTES = {  # a few words on each shipped model, and on the problems of Solvers
    "conv": "convolutions, the most accurate",
    "mlp": "one relu layer",
    "blog": "the network of the blog post named on Home",
    "monotone": "always exactly one equilibrium",
    "certified": "monotone, trained for certificates of radius 1.58, see the glossary",
    "certified-0.5": "the same for radius 0.5, and more accurate",
    "toy": "y = 2x",
    "random cell": "W z + x, where W has random eigenvalues",
    "spiral cell": "W z + x, where W has the eigenvalues 0.5 ± i w, w from 0.1 to 3",
}


@dataclass(frozen=True)
class ModelInUse:
    """A model as plain, hashable data; `model` builds it.

    name: as pages list it. solver: what its figures were measured with, or what it was trained with. fingerprint: the
    sha256 of its weights. shared: whether its results may be cached for all visitors. weights: safetensors
    bytes of a visitor's own model, empty for a shipped one. calibration_error: on the test set, None if unknown.
    """

    name: str
    solver: Solver
    fingerprint: str
    shared: bool
    weights: bytes = b""
    calibration_error: float | None = None

    @property
    def model(self) -> EquilibriumModel:
        """Read only, so visitors can share it."""
        return shipped(self.name).model if self.shared else model_of(self.weights)

    @property
    def form(self) -> Form:
        """The names of its classes and the reader of its pictures, where its weights name them."""
        return Form() if self.shared else form_of(self.weights)

    @property
    def reads_pictures(self) -> bool:
        """Whether it takes 784 pixels."""
        if self.shared:
            return self.name in picture_readers()
        architecture = architecture_of(self.weights)
        if architecture is not None:
            return architecture.inputs == 784
        name = model_name(self.weights)
        return reads_pictures(self.model, len(self.names)) if is_model_file(name) else name in PICTURE_MODELS

    @property
    def reads_digits(self) -> bool:
        """Whether it takes 784 pixels and its ten classes are the digits, or have no names."""
        return self.reads_pictures and self.names == DIGITS

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its classes, short enough to be shown; their numbers where they have none."""
        architecture = None if self.shared else architecture_of(self.weights)
        numbers = DIGITS if architecture is None else tuple(map(str, range(architecture.outputs)))
        return tuple(map(short, self.form.classes)) or numbers

    @property
    def other_names(self) -> tuple[str, ...] | None:
        """The names that plots write in place of digits; None where they are digits."""
        return None if self.reads_digits else self.names

    @property
    def reader(self) -> str:
        """How pictures become 28 x 28, see deq.images.READERS."""
        return self.form.reader or ("digits" if self.reads_digits else "plain")

    @property
    def code(self) -> str:
        """Python that loads it, with its import; a visitor's own is read from downloaded weights."""
        if self.shared:
            return f'from deq import load_pretrained\n\nmodel = load_pretrained("{self.name}").model'
        name = model_name(self.weights)
        file, function = name.split(".py:") if is_model_file(name) else ("", "")
        given = f", {function}" if file else ""
        read = f'restore_weights("{name}", open("weights.safetensors", "rb").read(){given})'
        imported = f"from {file} import {function}\n" if file else ""
        return f"from deq.models.weights import restore_weights\n{imported}\nmodel = {read}"


@st.cache_resource(show_spinner="Loading the model")
def shipped(name: str) -> Checkpoint:
    """A shipped model, loaded once for all visitors."""
    return load_pretrained(name)


@st.cache_resource(scope="session", max_entries=4, show_spinner="Loading the model")
def model_of(weights: bytes) -> EquilibriumModel:
    """The model of weights without a card, cached for this session. Raises CheckpointError."""
    return restore_weights(model_name(weights), weights)


def shipped_model(name: str) -> ModelInUse:
    """A shipped model, by its name."""
    checkpoint = shipped(name)
    card = checkpoint.card
    return ModelInUse(name, checkpoint.solver, card.weights_sha256, True, b"", card.calibration_error)


def own_model(name: str, weights: bytes, solver: Solver = Anderson(tol=1e-3)) -> ModelInUse:
    """A visitor's own model. solver: what it was trained with, if known."""
    return ModelInUse(name, solver, hashlib.sha256(weights).hexdigest(), False, weights)


def own_models() -> dict[str, ModelInUse]:
    """This browser's own models by name, the oldest first."""
    return kept().models(browser_key())


def keep_model(model: ModelInUse) -> None:
    """Offer this model on the other pages; it replaces one of the same name."""
    kept().keep_model(browser_key(), model)


def picture_models() -> list[str]:
    """Names of the models that read pictures: shipped ones, the default first, then this visitor's own."""
    ships = sorted(picture_readers(), key=lambda name: (name != "conv", name))
    return ships + [name for name, model in own_models().items() if model.reads_pictures]


def own_digit_models() -> list[str]:
    """Names of this visitor's own models that read digits."""
    return [name for name, model in own_models().items() if model.reads_digits]


def model_named(name: str) -> ModelInUse:
    """The model behind a name of `picture_models`."""
    return own_models().get(name) or shipped_model(name)


def choose_model(offered: list[str], key: str, said: DeltaGenerator) -> str:
    """A selectbox of models, in the link; if the wanted one is gone, a line in `said` tells what is shown."""
    wanted = st.session_state.get(key) or st.query_params.get(key)
    notes = "\n".join(f"- {name}: {NOTES[name]}" for name in offered if name in NOTES)
    help = f"{tip('deep equilibrium model')}\n{notes}"
    name = st.selectbox("Model", offered, key=key, bind="query-params", help=help)
    if wanted and wanted not in offered:
        st.session_state[f"{key}_gone"] = wanted, name
    gone, instead = st.session_state.get(f"{key}_gone", ("", ""))
    # The line stays until another model is chosen: the page may rerun at once.
    if gone and gone not in offered and name == instead:
        said.warning(
            f"The model {plain(short(gone))} is no longer on this server, or belongs to another browser. "
            f"Train or upload it again. Shown instead: {plain(name)}."
        )
    return name
