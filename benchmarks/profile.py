"""The dashboard's server with a profiler inside: which part of a program its CPU time goes to.

`python -m benchmarks.profile FILE run app.py ...` starts streamlit; SIGUSR1 writes FILE: seconds of CPU by part since
the start. A thread looks at the stacks of all others every millisecond and charges each with the CPU time that its
thread has used since, so waiting costs nothing and the sums are exact; the attribution is good to a few milliseconds.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from functools import lru_cache
from pathlib import Path
from types import FrameType

EVERY = 0.001  # seconds
IMPORTS = "importlib._bootstrap>"
# A stack belongs to the part of its innermost frame whose file holds one of these.
PARTS = {
    "serialisation": ("/plotly/io/", "_plotly_utils/utils", "/json/", "/orjson/", "/google/protobuf/"),
    "figures": ("/plotly/", "/_plotly_utils/", "/deq/plots/"),
    "data": ("/deq/data/", "/deq/images/", "/PIL/"),
    "solves": ("/deq/", "/jax/", "/flax/"),
    "pages": ("/pages/", "/app.py"),
    "Streamlit": ("/streamlit/", "/tornado/", "/starlette/", "/uvicorn/", "/asyncio/"),
}
NATIVE = "native threads"  # of XLA


@lru_cache(None)
def part_of_file(file: str) -> str | None:
    """The part of the program that a file belongs to."""
    return next((part for part, marks in PARTS.items() if any(mark in file for mark in marks)), None)


def part_of(files: list[str]) -> str:
    """The part of the program that a stack belongs to: its files from the innermost frame outwards."""
    if any(IMPORTS in file for file in files):
        return "imports"
    return next(filter(None, map(part_of_file, files)), "other")


def stacks() -> dict[int, list[str]]:
    """Files of every thread's frames. Quick, so that no other thread runs meanwhile: its frames would be gone."""
    found = {}
    for ident, frame in sys._current_frames().items():
        files = found[ident] = []
        while isinstance(frame, FrameType):  # while a frame returns, f_back can be something else
            files.append(frame.f_code.co_filename)
            frame = frame.f_back
    return found


class Sampler(threading.Thread):
    """Charges CPU seconds to parts until the process ends."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.seconds: Counter[str] = Counter()
        self._last: Counter[int] = Counter()  # nanoseconds by thread

    def run(self) -> None:
        while True:
            time.sleep(EVERY)
            self.sample()

    def sample(self) -> None:
        """Charge every other thread for what it has used since the last sample."""
        seen = stacks()
        for thread in threading.enumerate():
            if thread is not self and thread.native_id and thread.ident in seen:
                self._charge(thread.native_id, seen[thread.ident])

    def _charge(self, number: int, files: list[str]) -> None:
        spent = nanoseconds(number) - self._last[number]
        self._last[number] += spent
        if spent > 0:
            self.seconds[part_of(files)] += spent / 1e9

    def totals(self) -> dict[str, float]:
        """Seconds by part; what no Python thread used is native."""
        own = nanoseconds(self.native_id or 0) / 1e9
        return self.seconds | {NATIVE: time.process_time() - own - self.seconds.total()}


def nanoseconds(number: int) -> int:
    """CPU time of a thread of this process, 0 if it has ended."""
    try:
        with open(f"/proc/self/task/{number}/schedstat", "rb", buffering=0) as file:
            return int(file.read(64).split()[0])
    except OSError:
        return 0


def main() -> None:
    file, sampler = Path(sys.argv[1]), Sampler()

    def write(*_: object) -> None:
        fresh = file.with_suffix(".new")
        fresh.write_text(json.dumps(sampler.totals()))
        fresh.replace(file)

    sys.setswitchinterval(EVERY)  # or the sampler waits 5 ms for a busy thread
    sampler.start()
    signal.signal(signal.SIGUSR1, write)
    from streamlit.web.cli import main as streamlit

    sys.argv = ["streamlit", *sys.argv[2:]]
    sys.path.insert(0, os.getcwd())
    streamlit()


if __name__ == "__main__":
    main()
