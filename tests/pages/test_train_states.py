"""The replay of a run on pictures: its window is that of the sound moments."""

import numpy as np

from deq.jobs import States
from pages.ui.train.states import _places


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
