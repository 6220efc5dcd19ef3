"""Memory of visitors who have opened every page and then do nothing. python -m benchmarks.idle [--visitors 40] [--json]

Real websocket sessions against a real server on 127.0.0.1, one after another, all left open. Memory is what the server
and all its child processes hold: Linux's PSS, which divides a shared page among the programs that have it, and the
resident set, which counts it in full.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from benchmarks.app import CONTROLS, PICTURE
from benchmarks.server import MEGABYTE, Server, running
from benchmarks.timing import report
from benchmarks.visitor import visiting

GOAL = 900  # MB, within what a small host grants
EVERY = 10  # visitors between two rows


def held(server: Server) -> dict[str, float]:
    """MB of the server and its children: with shared pages divided among their holders, and all counted in full."""
    family = [server.process, *server.process.children(recursive=True)]
    full = [process.memory_full_info() for process in family]
    return {
        "held (MB)": round(sum(info.pss for info in full) / MEGABYTE),
        "resident (MB)": round(sum(info.rss for info in full) / MEGABYTE),
        "goal": GOAL,
    }


async def rows(server: Server, visitors: int) -> list[dict[str, Any]]:
    """Before anyone came, with one visitor, and then every ten."""
    found: list[dict[str, Any]] = [{"visitors": 0} | held(server)]
    async with AsyncExitStack() as open_visits:
        for number in range(1, visitors + 1):
            visitor = await open_visits.enter_async_context(visiting(server.host))
            for page in CONTROLS:
                await visitor.visit("" if page == "home" else page)
            await visitor.upload("upload", f"{number}.png", PICTURE + number.to_bytes(2, "big"))
            if number == 1 or number % EVERY == 0 or number == visitors:
                found.append({"visitors": number} | held(server))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--visitors", type=int, default=40)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "log") as server:
        found = asyncio.run(rows(server, chosen.visitors))
        errors = server.tracebacks()
    report(f"Memory of idle visitors; errors logged: {errors}", found, chosen.json)


if __name__ == "__main__":
    main()
