"""Response times of the dashboard. python -m benchmarks.app [--repeat 40] [--json]

A real server on 127.0.0.1 and a raw websocket client. Start: from launching the process until the front page has
loaded, then the first run of every other page; once with an empty cache folder, then with the cache of that start.
Rerun: from moving a control until the page is up to date. Answer: from uploading a picture, or drawing a stroke, until
the prediction is there. p95: the 95th percentile; of a few starts, the worst.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from benchmarks.server import ROOT, Server, running
from benchmarks.timing import arguments, report
from benchmarks.visitor import Visitor, visiting

RESTARTS = 3
WARM = 5  # moves of a control, or pictures, before the timed ones
# page -> the control that is moved, and its values, each used once
CONTROLS: dict[str, tuple[str, list[Any]]] = {
    "home": ("start", [[i / 10] for i in range(-10, 20)]),
    "fixed_points": ("a", [[i / 100] for i in range(20, 140)]),
    "toy": ("seed", list(range(1, 1000))),
    "train": ("fit_seed", list(range(1, 1000))),
    "solvers": ("race_damping", [[i / 20] for i in range(1, 19)]),
    "predict": ("index", list(range(1, 300))),
}
# a byte is appended each time, so that the page has not cached it
PICTURE = (ROOT / "docs" / "digit.png").read_bytes()
RERUN, ANSWER, START = (150, 400), (200, None), (3000, None)  # goals in ms: median, p95


async def front_page(server: Server) -> float:
    """Seconds from the start of the process until the front page has loaded."""
    async with visiting(server.host) as visitor:
        await visitor.visit("")
        return time.time() - server.process.create_time()


async def other_pages(server: Server) -> dict[str, float]:
    """Seconds of the first run of every other page."""
    async with visiting(server.host) as visitor:
        return {page: await visitor.visit(page) for page in list(CONTROLS)[1:]}


def starts(folder: Path) -> Iterator[dict[str, Any]]:
    """A start with an empty cache, then a few with the cache that it left."""
    os.environ["XDG_CACHE_HOME"] = str(folder)
    for what, number, goal in (("first start", 1, (None, None)), ("restart", RESTARTS, START)):
        seconds = []
        for _ in range(number):
            with running(folder / "log") as server:
                seconds.append(asyncio.run(front_page(server)))
                if len(seconds) == 1:
                    others = asyncio.run(other_pages(server))
        yield row(f"{what}: home loaded", seconds, goal)
        for page, first in others.items():
            yield row(f"{what}: first run of {page}", [first], (None, None))


async def reruns(host: str, repeat: int) -> AsyncIterator[dict[str, Any]]:
    """A typical control of every page moved, then uploads and strokes on Predict."""
    for page, (name, values) in CONTROLS.items():
        async with visiting(host) as visitor:
            await visitor.visit(page)
            seconds = [await visitor.move(name, value) for value in values[: WARM + repeat]]
        yield row(f"rerun of {page}, {name} moved", seconds[WARM:], RERUN)
    async with visiting(host) as visitor:
        await visitor.visit("predict")
        seconds = [
            await visitor.upload("upload", f"{i}.png", PICTURE + bytes([i])) for i in range(WARM + repeat)
        ]
        yield row("upload to answer", seconds[WARM:], ANSWER)
        await visitor.move("predict_way", ["Draw"])
        seconds = [await draw(visitor, i) for i in range(WARM + repeat)]
        yield row("stroke to answer", seconds[WARM:], ANSWER)


async def draw(visitor: Visitor, stroke: int) -> float:
    """Send what the canvas sends after a stroke: the strokes and the picture as a PNG."""
    canvas = next(name for name in visitor.widgets if name.startswith("predict_canvas"))
    picture = f"data:image/png;base64,{base64.b64encode(PICTURE + bytes([stroke])).decode()}"
    drawing = {"raw": {"objects": [{"type": "path", "left": stroke}]}, "data": picture}
    return await visitor.move(canvas, json.dumps({"drawing": drawing}))


def row(what: str, seconds: list[float], goal: tuple[int | None, int | None]) -> dict[str, Any]:
    """Milliseconds and their goals."""
    many = len(seconds) > RESTARTS
    p95 = statistics.quantiles(seconds, n=20)[-1] if many else max(seconds)
    median, most = ("" if limit is None else limit for limit in goal)
    return {
        "what": what,
        "n": len(seconds),
        "median (ms)": round(1e3 * statistics.median(seconds)),
        "goal": median,
        "p95 (ms)": round(1e3 * p95),
        "goal p95": most,
    }


async def all_reruns(host: str, repeat: int) -> list[dict[str, Any]]:
    return [found async for found in reruns(host, repeat)]


def main() -> None:
    chosen = arguments(__doc__.partition("\n")[0])
    with tempfile.TemporaryDirectory() as name:
        rows = list(starts(Path(name)))
        with running(Path(name) / "log") as server:
            rows += asyncio.run(all_reruns(server.host, max(chosen.repeat, WARM)))
            errors = server.tracebacks()
    report(f"Response times of the dashboard; {errors} errors logged", rows, chosen.json)


if __name__ == "__main__":
    main()
