"""Response times of the dashboard. python -m benchmarks.app [--repeat N] [--json]

A real server on 127.0.0.1 and a raw websocket client. Start: from launching the process until the front page has
loaded, then the first run of every other page; once with an empty cache folder, then with the cache of that start.
Rerun: from moving a control until the page is up to date. Answer: from uploading a picture, or drawing a stroke, until
the prediction is there. p95: the 95th percentile; of a few starts, the worst.

CPU: the same actions on a server with a profiler inside (benchmarks/profile.py): CPU time of the server's process per
action, by part. The client's has a separate column and is not in the sum. --cpu measures only this.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.profile import NATIVE, PARTS
from benchmarks.server import ROOT, Server, running
from benchmarks.timing import parser, report
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
COLUMNS = ("imports", *PARTS, "other", NATIVE)
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


Action = Callable[[int], Awaitable[float]]  # its number -> seconds


async def actions(host: str) -> AsyncIterator[tuple[str, Action, int]]:
    """What is done, how, and how often it can be: a typical control of every page, uploads and strokes on Predict."""
    for page, (name, values) in CONTROLS.items():
        async with visiting(host) as visitor:
            await visitor.visit(page)
            yield f"rerun of {page}, {name} moved", moving(visitor, name, values), len(values)
    async with visiting(host) as visitor:
        await visitor.visit("predict")
        yield "upload to answer", lambda i: visitor.upload("upload", f"{i}.png", PICTURE + bytes([i])), 256
        await visitor.move("predict_way", ["Draw"])
        yield "stroke to answer", lambda i: draw(visitor, i), 256


def moving(visitor: Visitor, name: str, values: list[Any]) -> Action:
    """The action that sets a control to one value after another."""
    return lambda i: visitor.move(name, values[i])


async def reruns(host: str, repeat: int) -> list[dict[str, Any]]:
    """Seconds of each kind of action."""
    rows = []
    async for what, act, most in actions(host):
        seconds = [await act(i) for i in range(min(WARM + repeat, most))]
        rows.append(row(what, seconds[WARM:], RERUN if what.startswith("rerun") else ANSWER))
    return rows


async def shares(server: Server, repeat: int, file: Path) -> list[dict[str, Any]]:
    """CPU milliseconds of each kind of action by part."""
    rows = []
    async for what, act, most in actions(server.host):
        repeated = min(WARM + repeat, most) - WARM
        for i in range(WARM):
            await act(i)
        before, client = used(server, file), time.process_time()
        for i in range(WARM, WARM + repeated):
            await act(i)
        after, client = used(server, file), time.process_time() - client
        parts = {part: 1e3 * (after.get(part, 0) - before.get(part, 0)) / repeated for part in COLUMNS}
        rounded = {part: round(value, 1) for part, value in parts.items()}
        rows.append(
            {"what": what, "n": repeated, "CPU (ms)": round(sum(parts.values()), 1)}
            | rounded
            | {"client": round(1e3 * client / repeated, 1)}
        )
    return rows


def used(server: Server, file: Path) -> dict[str, float]:
    """CPU seconds of a server with a profiler, by part, since its start."""
    file.unlink(missing_ok=True)
    server.process.send_signal(signal.SIGUSR1)
    while not file.exists():
        time.sleep(0.01)
    return json.loads(file.read_text())


async def draw(visitor: Visitor, stroke: int) -> float:
    """Send what the canvas sends after a stroke: strokes and picture as a PNG. Every stroke is a 1 in a new place."""
    canvas = next(name for name in visitor.widgets if name.startswith("predict_canvas"))
    picture = f"data:image/png;base64,{base64.b64encode(PICTURE + bytes([stroke])).decode()}"
    path = [["L" if y > 60 else "M", 120 + stroke % 60, y + stroke // 60] for y in range(60, 241, 4)]
    drawing = {"raw": {"objects": [{"type": "Path", "path": path}]}, "data": picture}
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


def response_times(folder: Path, repeat: int, as_json: bool) -> None:
    rows = list(starts(folder))
    with running(folder / "log") as server:
        rows += asyncio.run(reruns(server.host, repeat))
        errors = server.tracebacks()
    report(f"Response times of the dashboard; errors logged: {errors}", rows, as_json)


def cpu_times(folder: Path, repeat: int, as_json: bool) -> None:
    file = folder / "cpu.json"
    with running(folder / "log", module=("benchmarks.profile", str(file))) as server:
        rows = asyncio.run(shares(server, repeat, file))
        errors = server.tracebacks()
    report(f"CPU of an action by part, ms; errors logged: {errors}", rows, as_json)


def main() -> None:
    options = parser(__doc__.partition("\n")[0])
    options.add_argument("--cpu", action="store_true", help="only the CPU time, no response times")
    chosen = options.parse_args()
    repeat = max(chosen.repeat, WARM)
    with tempfile.TemporaryDirectory() as name:
        if not chosen.cpu:
            response_times(Path(name), repeat, chosen.json)
        cpu_times(Path(name), repeat, chosen.json)


if __name__ == "__main__":
    main()
