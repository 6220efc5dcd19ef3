"""What the page sends to the replay of a run on pictures: states of held-out ones in a plane, moment by moment."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from deq.images.letters import UNKNOWN, plain_letters
from deq.images.moving import moving_words
from deq.jobs import Job, Plan, Snapshot, States
from deq.jobs.states import in_one_plane
from deq.plots.state_plane import window_of
from deq.plots.style import DIGIT_COLORS, FAILED_RED
from pages.ui.train.replay import KEY, film_table, is_lost, moments_of, rgb_of, with_loss
from pages.ui.widgets.charts import offer
from pages.ui.widgets.live import live_component

SCRIPT = Path(__file__).parent / "states.js"
MOST = 0xFFFF  # of a place along an axis
LETTERS = 3  # of a class of the visitor's own


def replay_states(job: Job, now: Snapshot) -> None:
    """The states at each kept moment of a run; an empty place before the first."""
    data: dict[str, Any] = {"steps": []}
    if film := states_of(now):
        offer("replay", lambda: film_table(film))
        data = _message(job.plan, film)
        data |= {"run": job.id, "live": now.status.is_live, "lost": is_lost(now), "total": now.steps}
    live_component(SCRIPT)(key=KEY, data=data)
    st.caption(
        "The states of validation pictures, in the plane in which they differ most at the end. Ringed: misread. "
        "×: the solve fails."
    )


def states_of(now: Snapshot) -> tuple[States, ...]:
    return tuple(one for one in now.film if isinstance(one, States))


def _message(plan: Plan, film: Sequence[States]) -> dict[str, Any]:
    """All moments in one message: scrubbing asks nothing of the server."""
    shares, (across, up) = _places(film)
    flags = np.stack([~one.right + 2 * one.failed for one in film]).astype(np.uint8)
    names, colors = _names(plan, film[0].labels)
    packed = np.round(shares * MOST).astype("<u2").tobytes() + flags.tobytes()
    said = {"at": "for", "where": f"the {len(names)} validation pictures", "effort": False}
    return moments_of(film, packed) | said | {"across": across, "up": up, "names": names, "colors": colors}


def _places(film: Sequence[States]) -> tuple[np.ndarray, list[list[float]]]:
    """Places of all moments as shares of the window, (moments, n, 2), and the window in the plane."""
    places = in_one_plane(film)
    sound = [place for place, one in zip(places, film, strict=True) if one.is_sound]
    window = window_of(sound[-1] if sound else places[-1], sound)  # lost states may be anywhere
    low, high = np.array(window).T
    return np.clip((places - low) / np.maximum(high - low, 1e-9), 0, 1), window


def _names(plan: Plan, labels: np.ndarray) -> tuple[list[str], list[str]]:
    """What stands for each example, a number or the first letters of its own class, and its colour."""
    own = plan.form.classes
    names = [own[k][:LETTERS] if own else str(k) for k in labels]
    return names, [DIGIT_COLORS[k % len(DIGIT_COLORS)] for k in labels]


def moving_states(plan: Plan, film: Sequence[States], lost: bool) -> bytes:
    """The film as a GIF on white, with the signs of the page."""
    names, colors = _names(plan, film[0].labels)
    written = zip(map(plain_letters, names), film[0].labels, strict=True)
    words = [str(k) if UNKNOWN in word else word for word, k in written]
    wrong, failed = np.stack([~one.right for one in film]), np.stack([one.failed for one in film])
    texts = [
        f"Update {one.step:,}: {100 * one.right.mean():.3g} % of the pictures read correctly" for one in film
    ]
    places, shades = _places(film)[0] * [1, -1] + [0, 1], [rgb_of(color) for color in colors]
    return moving_words(
        places, words, shades, wrong, failed, rgb_of(FAILED_RED), with_loss(texts, film, lost)
    )
