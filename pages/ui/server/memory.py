"""What the server holds, kept to what a small machine has: Streamlit Community Cloud grants an app 1 GB at least.

A compiled program takes 2 to 15 MB for as long as JAX knows it, and a visit to every page compiles 85. Past a bound
all are forgotten at once, as JAX offers it; those still wanted come back from the disk when they are next called.
"""

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.ui.server.heaps import resident, trim

MOST = 600e6  # bytes resident from which on there is something to give back
GROWTH = 50e6  # above what forgetting left the last time: what forgetting is worth
PAUSE = 4.0  # seconds at least between two times of forgetting, for each visitor of late
LATE = 15.0  # seconds


@dataclass
class Housekeeping:
    """When programs were last forgotten, the bytes that stayed then, and when each session last ran.

    running: runs of pages under way. busy: what tells whether others are compiling, as training does.
    """

    forgot: float = 0.0
    left: float = 0.0
    seen: dict[str, float] = field(default_factory=dict)
    running: int = 0
    busy: list[Callable[[], bool]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def run(self, session: str) -> Iterator[None]:
        """A run of a page or of a fragment. None begins while programs are forgotten at the end of another."""
        with self.lock:
            self.running += 1
        try:
            yield
        finally:
            with self.lock:
                self.running -= 1
                self.free_memory(session)

    def free_memory(self, session: str) -> None:
        """Give memory back where much is held: what is free, and if that is not enough, the compiled programs.

        The more visitors there are, the more rarely programs go: others want them. JAX does not promise that it can
        forget while it compiles, so it waits until nobody does, or for as long as the server may have without
        being ended for its memory.
        """
        now = time.monotonic()
        self.seen = {who: when for who, when in self.seen.items() if now - when < LATE} | {session: now}
        if resident() < MOST:
            return
        trim()
        held, rested = resident(), now - self.forgot > PAUSE * len(self.seen)
        quiet = not self.running and not any(busy() for busy in self.busy)
        if rested and (quiet or held > 2 * MOST) and held > max(MOST, self.left + GROWTH):
            forget_programs()
            self.forgot, self.left = now, resident()


def forget_programs() -> None:
    """Let JAX, if it is there, forget all that it has compiled."""
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()
        trim()


_house = Housekeeping()


@contextmanager
def freeing_memory() -> Iterator[None]:
    """Give memory back at the end of a run, of a whole page or of a fragment, if much is held then."""
    context = get_script_run_ctx()
    with _house.run(context.session_id if context else ""):
        yield


def keep_programs_while(busy: Callable[[], bool]) -> None:
    """Programs stay while busy() holds."""
    _house.busy.append(busy)
