"""How sure can it be: the radius within which the answer is proved, and the nearest input found that changes it."""

from functools import cache
from typing import NamedTuple

import numpy as np
import streamlit as st

from deq.analysis.attacks import Attack, nearest_changes
from deq.analysis.certificates import accurate, certified_radius
from deq.analysis.explanation.saliency import saliency
from deq.data import held_out_digits
from deq.models.affine import affine_parts
from deq.models.checkpoints import pretrained_cards
from deq.models.inference import Results, infer
from deq.plots.certificates import certified_curves
from deq.plots.prediction import digit_picture
from pages.ui.predict.results import NO_DIGITS, Case, results_of
from pages.ui.readers.model import ModelInUse, shipped_model
from pages.ui.server.caches import cached, queued
from pages.ui.server.runs import long_work
from pages.ui.widgets.charts import show
from pages.ui.widgets.glossary import tip

RESTARTS = 20
# Keys of the session: a search to do, and the last one.
ASKED, FOUND = "predict_attack_asked", "predict_attack"
RADIUS = "predict_radius"
WIDEST = 3.5  # of the curve
SHARES = (0.1, 0.5, 1.0)  # radii of the table
ALIKE = 200  # test digits of about the same confidence


class Search(NamedTuple):
    """The nearest change of class found for one picture and model. changed: (28, 28) in [0, 1]; label: there."""

    key: tuple[str, bytes]
    distance: float
    changed: np.ndarray
    label: int

    @property
    def found(self) -> bool:
        return bool(np.isfinite(self.distance))


def draw_certificate(case: Case) -> None:
    """Number and sentence, the picture at the radius beside the nearest change found, the whole test set."""
    if affine_parts(case.chosen.model) is None:
        _no_proof()
        return
    _choose_radius(case.chosen)
    label, radius = certified(case.chosen, case.answer.image)
    radius = radius if label == case.answer.label else 0.0
    if st.session_state.pop(ASKED, False):
        _search(case)
    search = st.session_state.get(FOUND)
    if search is not None and search.key != _key(case):
        search = None
    st.markdown(certificate_sentence(radius, search, case))
    _pictures(case, radius, search)
    if not case.chosen.reads_digits:
        st.info(f"The test set is left out: {NO_DIGITS}")
        return
    st.markdown(measured_sentence(case, results_of(case.chosen)))
    _curve(case, radius, search)
    _trade_off(case)


@cache
def proved_models() -> dict[str, float]:
    """The shipped models with a proof, and the radius that each was trained for, in increasing order."""
    cards = [(name, card) for name, card in pretrained_cards().items() if card.model == "monotone"]
    trained = {name: float(card.recipe.get("certified_radius", 0.0)) for name, card in cards}
    return dict(sorted(trained.items(), key=lambda item: item[1]))


def _no_proof() -> None:
    st.info("Only monotone models come with a proof. The others may be as robust, but that is not known.")
    for name in proved_models():
        if st.button(f"Use the model {name}", key=f"predict_use_{name}", on_click=_use, args=(name,)):
            st.rerun()  # the whole page, of which this is a part


def _use(name: str) -> None:
    st.session_state["model"] = name


def _choose_radius(chosen: ModelInUse) -> None:
    """The slider from the most accurate model with a proof to the one with the largest radii."""
    models = proved_models()
    if chosen.name not in models:
        return
    st.session_state[RADIUS] = chosen.name
    st.select_slider(
        "Trained for a radius of",
        list(models),
        key=RADIUS,
        format_func=lambda name: f"{models[name]:g} ({name})",
        on_change=_use_radius,
        help="The L2 norm of the changes that training guards against. A larger one proves more, but costs accuracy.",
        width=360,
    )
    if st.session_state["model"] != chosen.name:
        st.rerun()


def _use_radius() -> None:
    _use(st.session_state[RADIUS])


def _key(case: Case) -> tuple[str, bytes]:
    return case.chosen.fingerprint, case.answer.image.tobytes()


@cached(200)
def certified(chosen: ModelInUse, image: np.ndarray) -> tuple[int, float]:
    """The class of a picture (28, 28) at its equilibrium, and the radius within which it is proved to keep it."""
    x = image[None, ..., None]
    # States are not needed here, but with them it is the program that `certified_radius` runs.
    label = int(infer(chosen.model, x, accurate(chosen.model), states=True).labels[0])
    return label, float(certified_radius(chosen.model, x, local=True)[0])


def certificate_sentence(radius: float, search: Search | None, case: Case) -> str:
    """What is proved, what was found, and that nothing is known between them."""
    names = case.chosen.names
    if not radius:
        return "**Nothing is proved** for this picture: the solve does not converge, or two classes are too close."
    proved = (
        f"**Proved:** no change smaller than **{radius:.2f}** makes it anything but {names[case.answer.label]}. (The "
        "size is the L2 norm over these 28 × 28 pixels, not the photo's: 1 is one pixel changed from black to white, "
        "or 100 changed by a tenth.)"
    )
    if search is None:
        return proved
    if not search.found:
        return f"{proved} **Searched:** no change of the picture was found that changes the answer."
    found = f"**Found by attack:** a change of **{search.distance:.2f}** makes it {names[search.label]}."
    return f"{proved} {found} Between the two, the answer may or may not change."


def measured_sentence(case: Case, results: Results) -> str:
    """How often answers of about this confidence are right, and how unusual the picture is."""
    digits = held_out_digits()
    right = results.right(digits.test_labels)
    alike = np.argsort(np.abs(results.confidence - case.answer.confidence), kind="stable")[:ALIKE]
    surer = np.mean(results.confidence > case.answer.confidence)
    return (
        f"**Measured, not proved:** of the {len(alike)} test digits with a confidence closest to this one, "
        f"{100 * right[alike].mean():.3g} % are read correctly. The model is more confident about "
        f"{100 * surer:.0f} % of the test set: see Confidence under *The whole test set*. Whether the picture is a "
        "digit at all is another question: see Strange inputs there."
    )


def _pictures(case: Case, radius: float, search: Search | None) -> None:
    """The digit, the digit at its radius, and where the class changes."""
    left, middle, right = st.columns(3, gap="medium")
    name = case.chosen.names[case.answer.label]
    with left:
        show(digit_picture(case.answer.image), "certified-digit", "The picture.")
    with middle:
        proved = f"Changed by {radius:.2f} in the worst direction known: still proved to be read as {name}."
        caption = proved if radius else "No change is proved to be safe."
        show(digit_picture(at_radius(case, radius, search)), "certified-edge", caption)
    with right:
        if search is None:
            st.button(
                "Search for a change of the answer",
                icon=":material/search:",
                key="predict_search",
                on_click=_ask,
                help=f"Gradient steps through the equilibrium from {RESTARTS} starts: a few seconds.",
            )
        elif search.found:
            caption = f"Changed by {search.distance:.2f}: read as {case.chosen.names[search.label]}."
            show(digit_picture(_bytes(search.changed)), "certified-change", caption)


def _ask() -> None:
    st.session_state[ASKED] = True


def _search(case: Case) -> None:
    """Attack the picture with progress, and keep what was found."""
    bar = st.progress(0.0, "Searching")
    x = case.answer.image[None, ..., None]
    best = Attack(np.array([np.inf]), x, np.array([case.answer.label]))
    with long_work():
        for i, best in enumerate(nearest_changes(case.chosen.model, x, RESTARTS), 1):
            bar.progress(i / RESTARTS, f"Nearest so far: {best.distance[0]:.2f}".replace("inf", "none yet"))
    found = float(best.distance[0]), best.changed[0, ..., 0], int(best.label[0])
    st.session_state[FOUND] = Search(_key(case), *found)
    bar.empty()


def at_radius(case: Case, radius: float, search: Search | None) -> np.ndarray:
    """The picture (28, 28) uint8 moved by the radius towards the nearest change found, else down its evidence."""
    image = case.answer.image.astype(float) / 255
    if search is not None and search.found:
        direction = search.changed - image
    else:
        pair = case.answer.label, case.answer.rival
        x = image[..., None].astype(np.float32)
        direction = -saliency(case.chosen.model, x, *pair, case.solver).gradient[..., 0]
    return _bytes(image + radius * direction / max(float(np.linalg.norm(direction)), 1e-12))


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.round(255 * np.clip(image, 0, 1)).astype(np.uint8)


def _curve(case: Case, radius: float, search: Search | None) -> None:
    """Certified accuracy of the test set against the radius, for this model and the shipped ones."""
    st.subheader("How much of the test set is proved?", anchor=False, help=tip("certificate"))
    models = {case.chosen.name: case.chosen} | {name: shipped_model(name) for name in proved_models()}
    radii = {name: test_radii(chosen) for name, chosen in models.items()}
    found = search.distance if search is not None and search.found else None
    caption = "Share of test digits proved to be read correctly under any change up to this size."
    show(certified_curves(radii, WIDEST, radius, found), "certified-curve", caption)


def _trade_off(case: Case) -> None:
    """Accuracy against radius, a row for each shipped model with a proof."""
    rows = [_row(case.answer.image, shipped_model(name), radius) for name, radius in proved_models().items()]
    st.dataframe(rows, hide_index=True, width="content")
    st.caption("Shares of the test digits on this server. Training for a larger radius costs accuracy.")


def _row(image: np.ndarray, model: ModelInUse, trained: float) -> dict[str, str]:
    """What a model gets right and proves, of the test set and of one picture."""
    right = results_of(model).right(held_out_digits().test_labels)
    shares = {f"Proved within {r:g}": f"{100 * np.mean(test_radii(model) > r):.1f} %" for r in SHARES}
    label, radius = certified(model, image)
    own = f"{model.names[label]}, within {radius:.2f}"
    accuracy = f"{100 * right.mean():.1f} %"
    return (
        {"Trained for": f"{trained:g}", "Model": model.name, "Accuracy": accuracy}
        | shares
        | {"This picture": own}
    )


@queued(cached(16, "Certifying the test set"))
def test_radii(chosen: ModelInUse) -> np.ndarray:
    """Certified radii of all test digits, 0 where the answer is wrong."""
    digits = held_out_digits()
    right = results_of(chosen).right(digits.test_labels)
    return np.where(right, certified_radius(chosen.model, digits.test_images), 0.0)
