"""The replay of a run on pictures: its window is that of the sound moments, and its film can be read."""

from types import SimpleNamespace

import numpy as np

from deq.data import Form
from deq.jobs import States
from pages.ui.train.states import _places, moving_states


def test_states_that_are_lost_do_not_widen_the_window() -> None:
    states = np.random.default_rng(0).normal(size=(40, 6))
    shares, _ = _places([moment(states, lost=False), moment(1e3 * states, lost=True)])
    assert (np.ptp(shares[0], axis=0) > 0.8).all()


def moment(states: np.ndarray, lost: bool) -> States:
    n = len(states)
    failed, labels = np.full(n, lost), (np.arange(n) % 2).astype(np.int16)
    return States(
        1, 0.5, 0.9, 0.8, np.full(n, 8, np.uint16), failed, labels, ~failed, states.astype(np.float16)
    )


def test_a_film_writes_class_names_in_letters_that_its_font_has() -> None:
    """Without accents; a class of another script is its number."""
    film = [moment(np.random.default_rng(0).normal(size=(6, 4)), lost=False)]
    accented, plain = (
        moving_states(SimpleNamespace(form=Form(names, "plain")), film, False)
        for names in (("été", "日本"), ("ete", "1"))
    )
    assert accented == plain
