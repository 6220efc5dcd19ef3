"""The server frees memory: free heaps, and compiled programs beyond a limit; answers stay the same."""

import os
import subprocess
import sys

import pytest

from pages.ui.server import heaps, memory
from pages.ui.server.memory import GROWTH, PAUSE, RECENT, Housekeeping, is_due, recent
from tests.conftest import ROOT

MOST = 500e6
LONG = 1e6  # seconds


@pytest.fixture(autouse=True)
def programs_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is in force here, unlike in the other tests of pages."""
    monkeypatch.setattr(memory, "MOST", MOST)


@pytest.mark.parametrize(
    ("held", "left", "since", "visitors", "busy", "due"),
    [
        (MOST - 1, 0, LONG, 1, False, False),
        (MOST + 1, 0, LONG, 1, False, True),
        (MOST + GROWTH, MOST + 1, LONG, 1, False, False),  # too little has grown since
        (MOST + GROWTH + 2, MOST + 1, LONG, 1, False, True),
        (MOST + 1, 0, 3 * PAUSE, 10, False, False),  # many visitors keep programs for longer
        (MOST + 1, 0, 11 * PAUSE, 10, False, True),
        (MOST + 1, 0, LONG, 1, True, False),  # JAX may be compiling
        (2 * MOST + 1, 0, LONG, 1, True, True),  # but the server may be killed for its memory
    ],
)
def test_when_programs_are_dropped(
    held: float, left: float, since: float, visitors: int, busy: bool, due: bool
) -> None:
    assert is_due(held, left, since, visitors, busy) == due


def test_visitors_who_left_do_not_count() -> None:
    assert recent({"gone": 100.0, "here": 101.0}, 100.5 + RECENT) == {"here": 101.0}


def test_programs_are_dropped_after_the_last_run_and_not_while_others_compile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dropped, training = [], [True]
    memory.trim()  # or the house does it, and holds less than it says here
    monkeypatch.setattr(memory, "MOST", 0.7 * memory.resident())  # above it, but not twice
    monkeypatch.setattr(memory, "forget_programs", lambda: dropped.append(1))
    house = Housekeeping(busy=[lambda: training[0]])
    with house.run("one"):
        pass
    assert not dropped
    training[0] = False
    with house.run("one"):
        with house.run("one"):  # a fragment within a page
            pass
        assert not dropped
    assert dropped


BUSY = """
import threading, time
import jax, numpy as np
from deq.models.checkpoints import load_pretrained
from deq.models.inference import infer
from deq.solvers import Anderson, Picard
from pages.ui.server import heaps, memory

memory.MOST, memory.GROWTH, memory.PAUSE = 0, -1e12, 0.0
heaps.limit_heaps()
model, images = load_pretrained("mlp").model, np.arange(4 * 784).reshape(4, 28, 28, 1).astype(np.uint8)
ask = lambda solver: infer(model, images, solver).probabilities
wanted = {solver: ask(solver) for solver in (Picard(tol=1e-3), Anderson(tol=1e-3))}
house, wrong, forgotten, stop = memory.Housekeeping(), [], [], time.monotonic() + 60
forget = memory.forget_programs
memory.forget_programs = lambda: (forgotten.append(len(wrong)), forget())

def visit(solver):
    while len(forgotten) < 5 and time.monotonic() < stop:
        with house.run(type(solver).__name__):
            wrong.append(not np.array_equal(ask(solver), wanted[solver]))
        time.sleep(0.1)

visitors = [threading.Thread(target=visit, args=[solver]) for solver in wanted]
for visitor in visitors:
    visitor.start()
for visitor in visitors:
    visitor.join()
assert len(wrong) >= 4 and not any(wrong), (len(wrong), sum(wrong))
assert len(forgotten) >= 5
"""


@pytest.mark.long
def test_answers_stay_the_same_while_programs_are_forgotten() -> None:
    subprocess.run([sys.executable, "-c", BUSY], cwd=ROOT, check=True, timeout=300)


PROGRAMS = """
import jax, numpy as np
from pages.ui.server import memory

memory.MOST, memory.GROWTH = 0, -1e12
double = jax.jit(lambda x: x @ x.T + x)
jax.block_until_ready([double(np.ones((n, n))) for n in range(1, 31)])
before = memory.resident()
memory.Housekeeping().free_memory("one")
assert memory.resident() < before - 5e6, (before, memory.resident())
"""


@pytest.mark.skipif(heaps.libc() is None, reason="only glibc can be asked to give memory back")
def test_forgotten_programs_give_their_memory_back() -> None:
    compiling = os.environ | {
        "JAX_ENABLE_COMPILATION_CACHE": "false"
    }  # what is read from the disk holds less
    subprocess.run([sys.executable, "-c", PROGRAMS], cwd=ROOT, env=compiling, check=True, timeout=300)
