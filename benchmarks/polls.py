"""Does watching a run cost the server memory? python -m benchmarks.polls [--polls 1000] [--json]

A real server and a raw client of its websocket: it opens the training page, starts a long run on MNIST (set
MNIST_DIR), and polls it as a browser does once a second, but as fast as the server answers. Memory is the server's
resident set; the last column says what the run had done by then: it trains while it is watched.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from benchmarks.server import Server, running
from benchmarks.timing import report
from benchmarks.visitor import Visitor, visiting

RUN = "fit_task=MNIST&fit_epochs=500&fit_width=64&fit_patience=0"  # it must not end before the polls do
WARM = 200  # polls until caches and pools have their size


async def watch(visitor: Visitor, server: Server, polls: int) -> dict[str, float | str]:
    """Poll so often, and tell what the server held before and after."""
    before, began, size = server.megabytes(), time.perf_counter(), visitor.bytes
    for _ in range(polls):
        await visitor.run(fragment=visitor.polled)
        if not visitor.polled or "Converged" not in visitor.metrics:
            raise RuntimeError(f"The run is not live: {visitor.progress}")
    seconds, after = time.perf_counter() - began, server.megabytes()
    return {
        "polls": polls,
        "before (MB)": round(before, 1),
        "after (MB)": round(after, 1),
        "growth (MB)": round(after - before, 1),
        "ms a poll": round(1e3 * seconds / polls, 1),
        "kB a poll": round((visitor.bytes - size) / polls / 1e3, 1),
        "at the end": visitor.progress,
    }


async def polled(server: Server, polls: int) -> list[dict[str, float | str]]:
    """A row while it warms up, and one for what counts."""
    async with visiting(server.host) as visitor:
        await visitor.visit("train", RUN)
        await visitor.move("Start training", True)
        while "Converged" not in visitor.metrics:  # it still compiles
            await asyncio.sleep(1)
            await visitor.run(fragment=visitor.polled)
        return [await watch(visitor, server, number) for number in (WARM, polls)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--polls", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "log") as server:
        rows = asyncio.run(polled(server, chosen.polls))
    report("Polls of a live run", rows, chosen.json)


if __name__ == "__main__":
    main()
