"""Many visitors at once. python -m benchmarks.load [--visitors 50] [--seconds 60] [--think 5] [--json]

Real websocket sessions against a real server on 127.0.0.1. Each visitor goes from page to page, moves sliders and
uploads a digit on paper with its own tint; the prediction must be that digit, and the picture that the page shows must
have that tint. Two visitors train and poll their run every second. Between two actions a visitor pauses for 0.5
to 1.5 times --think seconds. Memory is the server's resident set: after one visitor has opened every page, at its
peak, and after all have left and Streamlit has dropped their sessions.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import requests
from PIL import Image

from benchmarks.server import Server, running
from benchmarks.timing import report
from benchmarks.visitor import Visitor, visiting
from deq.data import load_dataset
from deq.images import find_digits, read_picture
from deq.models.checkpoints import load_pretrained
from deq.models.inference import infer
from deq.solvers import Anderson

TRAINERS = 2
RUN = "fit_task=digits&fit_batch=32&fit_epochs=500&fit_patience=0"  # about a minute
SEEN = "As decoded"  # caption of the uploaded picture on the page
FORGOTTEN = 130.0  # seconds; Streamlit keeps a disconnected session for two minutes
TINT = 6  # levels of colour between two marks


@dataclass(frozen=True)
class Marked:
    """A picture of a digit for visitor `number`, and the network's prediction."""

    number: int
    data: bytes
    answer: str

    @property
    def name(self) -> str:
        return f"visitor-{self.number}.png"


@dataclass
class Tally:
    """Seconds of every rerun and upload, error messages, and answers that belong to another visitor."""

    reruns: list[float] = field(default_factory=list)
    uploads: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    checked: int = 0


def marked_pictures(count: int) -> list[Marked]:
    """Visitor i gets an image of the digit i mod 10 that the network classifies correctly."""
    digits, shipped = load_dataset("digits"), load_pretrained("conv")
    drawn = [Image.fromarray(255 - image[..., 0]).resize((196, 196)) for image in digits.test_images]
    found = np.stack([find_digits(np.asarray(image.convert("RGB")))[0] for image in drawn])
    answers = infer(shipped.model, found[..., None], Anderson(tol=shipped.solver.tol))
    read = np.where(answers.converged, answers.labels, -1)
    rows = [np.flatnonzero((read == label) & (digits.test_labels == label)) for label in range(10)]
    chosen = [rows[i % 10][i // 10] for i in range(count)]
    return [Marked(i, _on_paper(drawn[row], i), str(read[row])) for i, row in enumerate(chosen)]


def _on_paper(drawing: Image.Image, number: int) -> bytes:
    """Dark ink on paper whose tint encodes the visitor's number."""
    paper = np.array([255 - TINT * (number // 10), 255 - TINT * (number % 10), 255])
    file = io.BytesIO()
    tinted = np.asarray(drawing)[..., None] / 255 * paper
    Image.fromarray(tinted.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def mark_of(url: str, cookies: Mapping[str, str]) -> int:
    """The number encoded in the tint of a picture's paper."""
    pixels = read_picture(requests.get(url, cookies=dict(cookies), timeout=30).content)
    tens, ones = np.round((255 - pixels[:4, :4, :2].mean((0, 1))) / TINT).astype(int)
    return int(10 * tens + ones)


async def wander(host: str, picture: Marked, until: float, think: float, tally: Tally) -> None:
    """Go from page to page until the time is up."""
    chance = random.Random(picture.number)

    async def act(action: Awaitable[float]) -> None:
        tally.reruns.append(await action)
        await asyncio.sleep(chance.uniform(0.5, 1.5) * think)

    async with visiting(host) as visitor:
        await asyncio.sleep(chance.uniform(0, think))
        while time.monotonic() < until:
            await act(visitor.visit(""))
            await act(visitor.move("start", [chance.randint(-10, 20) / 10]))
            await act(visitor.visit("fixed_points"))
            for _ in range(3):
                await act(visitor.move("a", [chance.randint(20, 120) / 100]))
            await act(visitor.visit("predict"))
            for _ in range(2):
                data = picture.data + chance.randbytes(
                    4
                )  # after the PNG's end, so that the page has not cached it
                tally.uploads.append(await visitor.upload("upload", picture.name, data))
                await check(visitor, picture, tally)
                await asyncio.sleep(chance.uniform(0.5, 1.5) * think)
            await act(visitor.move("solver", chance.choice(["Picard", "Broyden", "Anderson"])))
            await check(visitor, picture, tally)


async def check(visitor: Visitor, picture: Marked, tally: Tally) -> None:
    """Check that prediction and picture are this visitor's."""
    said = visitor.metrics.get("Prediction")
    seen = await asyncio.to_thread(mark_of, visitor.images[SEEN], visitor.cookies)
    tally.checked += 1
    if (said, seen) != (picture.answer, picture.number):
        tally.mixed.append(
            f"visitor {picture.number} ({picture.answer}): predicted {said}, picture of visitor {seen}"
        )


async def train(host: str, until: float, tally: Tally) -> None:
    """Start a run, poll it as a browser does, start another when it has ended; stop the last one."""
    async with visiting(host) as visitor:
        await visitor.visit("train", RUN)
        while time.monotonic() < until:
            if not visitor.polled:
                await visitor.move("Start training", True)
            tally.reruns.append(await visitor.run(fragment=visitor.polled))
            await asyncio.sleep(1)
        if visitor.polled:
            await visitor.move("fit_stop", True)


async def see_everything(host: str, picture: Marked) -> None:
    """One visitor on every page and a short run, so that the server has loaded and compiled everything."""
    tally = Tally()
    await wander(host, picture, time.monotonic() + 1, 0, tally)
    await train(host, time.monotonic() + 3, tally)


@dataclass
class Memory:
    """The server's resident set in MB: before the load, its peak, and after."""

    before: float
    peak: float = 0.0
    after: float = 0.0

    async def watch(self, server: Server) -> None:
        while True:
            self.peak = max(self.peak, server.megabytes())
            await asyncio.sleep(0.5)


async def loaded(
    server: Server, visitors: int, seconds: float, think: float, patience: float
) -> dict[str, Any]:
    """Figures for visitors who begin no new round after `seconds`, with memory `patience` seconds after they left."""
    pictures = marked_pictures(visitors)
    await see_everything(server.host, pictures[-1])
    tally, memory = Tally(), Memory(server.megabytes())
    watching = asyncio.create_task(memory.watch(server))
    began = time.monotonic()
    until = began + seconds
    come = [wander(server.host, picture, until, think, tally) for picture in pictures[TRAINERS:]]
    come += [train(server.host, until, tally) for _ in range(TRAINERS)]
    ends = await asyncio.gather(*come, return_exceptions=True)
    tally.errors += [repr(end) for end in ends if end is not None]
    lasted = time.monotonic() - began
    watching.cancel()
    await asyncio.sleep(patience)
    await see_everything(server.host, pictures[-1])  # Streamlit drops old sessions when a new one arrives
    memory.after = server.megabytes()
    return summary(visitors, lasted, tally, memory) | {"logged errors": server.tracebacks()}


def summary(visitors: int, seconds: float, tally: Tally, memory: Memory) -> dict[str, Any]:
    """The figures of a load as one row."""
    actions = tally.reruns + tally.uploads
    return {
        "visitors": visitors,
        "actions": len(actions),
        "per second": round(len(actions) / seconds, 1),
        "errors": len(tally.errors),
        "answers": tally.checked,
        "mixed up": len(tally.mixed),
        "median (ms)": round(1e3 * statistics.median(actions)),
        "p95 (ms)": round(1e3 * statistics.quantiles(actions, n=20)[-1]),
        "upload (ms)": round(1e3 * statistics.median(tally.uploads)),
        "before (MB)": round(memory.before),
        "peak (MB)": round(memory.peak),
        "after (MB)": round(memory.after),
        "examples": (tally.errors + tally.mixed)[:3],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--think", type=float, default=5, help="mean seconds between two actions (default 5)")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "log") as server:
        row = asyncio.run(loaded(server, chosen.visitors, chosen.seconds, chosen.think, FORGOTTEN))
    report("Visitors at once", [row], chosen.json)


if __name__ == "__main__":
    main()
