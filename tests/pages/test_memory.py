"""The server gives memory back, what is free and compiled programs past a bound, and answers are the same for it."""

import os
import subprocess
import sys

import jax
import pytest

from pages.ui.server import heaps, memory
from pages.ui.server.memory import GROWTH, LATE, PAUSE, Housekeeping
from tests.conftest import ROOT

MOST = 500e6


class Machine:
    """A server whose memory and clock stand where they are put; forgetting leaves it at `left`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.held, self.left, self.forgot = 100.0, 0.0, 0.0, 0
        monkeypatch.setattr(memory, "MOST", MOST)
        monkeypatch.setattr(memory, "resident", lambda: self.held)
        monkeypatch.setattr(memory, "trim", lambda: None)
        monkeypatch.setattr(memory.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(jax, "clear_caches", self.forget)

    def forget(self) -> None:
        self.held, self.forgot = self.left, self.forgot + 1


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_nothing_is_forgotten_below_the_bound(machine: Machine) -> None:
    machine.held = MOST - 1
    Housekeeping().tidy("one")
    assert machine.forgot == 0


def test_past_the_bound_programs_go_and_may_grow_again(machine: Machine) -> None:
    house, machine.held, machine.left = Housekeeping(), MOST + 1, MOST + 1
    house.tidy("one")
    assert machine.forgot == 1
    machine.now += 2 * PAUSE
    machine.held = machine.left + GROWTH - 1  # not worth it yet
    house.tidy("one")
    assert machine.forgot == 1
    machine.held += 2
    house.tidy("one")
    assert machine.forgot == 2


def test_many_visitors_keep_programs_for_longer(machine: Machine) -> None:
    house = Housekeeping()
    for visitor in range(10):
        house.tidy(str(visitor))
    machine.held = 2 * MOST
    house.tidy("0")
    machine.now, machine.held = machine.now + 3 * PAUSE, 2 * MOST
    for visitor in range(10):
        house.tidy(str(visitor))
    assert machine.forgot == 1
    machine.now += LATE + 5 * PAUSE  # all but one have gone
    house.tidy("0")
    assert machine.forgot == 2


def test_nothing_is_forgotten_while_others_compile(machine: Machine) -> None:
    """JAX does not promise that it can forget meanwhile; only a server about to burst takes that risk."""
    house, training = Housekeeping(), [True]
    house.busy.append(lambda: training[0])
    machine.held = MOST + 1
    with house.run("one"):
        pass
    assert machine.forgot == 0
    training[0] = False
    with house.run("two"):
        with house.run("two"):  # a fragment within a page
            pass
        assert machine.forgot == 0
    assert machine.forgot == 1
    training[0], machine.held, machine.now = True, 2 * MOST + 1, machine.now + 3 * PAUSE
    with house.run("one"):
        pass
    assert machine.forgot == 2


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
house, wrong, forgotten, stop = memory.Housekeeping(), [], [], time.monotonic() + 4
forget = memory.forget_programs
memory.forget_programs = lambda: (forgotten.append(len(wrong)), forget())

def visit(solver):
    while time.monotonic() < stop:
        with house.run(type(solver).__name__):
            wrong.append(not np.array_equal(ask(solver), wanted[solver]))
        time.sleep(0.1)

visitors = [threading.Thread(target=visit, args=[solver]) for solver in wanted]
for visitor in visitors:
    visitor.start()
for visitor in visitors:
    visitor.join()
assert len(wrong) >= 4 and not any(wrong), (len(wrong), sum(wrong))
assert len(forgotten) >= 2
"""


def test_answers_stay_the_same_while_programs_are_forgotten() -> None:
    subprocess.run([sys.executable, "-c", BUSY], cwd=ROOT, check=True, timeout=300)


PROGRAMS = """
import jax, numpy as np
from pages.ui.server import memory

memory.MOST, memory.GROWTH = 0, -1e12
double = jax.jit(lambda x: x @ x.T + x)
jax.block_until_ready([double(np.ones((n, n))) for n in range(1, 31)])
before = memory.resident()
memory.Housekeeping().tidy("one")
assert not jax.devices()[0].client.live_executables()
assert memory.resident() < before - 10e6, (before, memory.resident())
"""


@pytest.mark.skipif(heaps.libc() is None, reason="only glibc can be asked to give memory back")
def test_forgotten_programs_give_their_memory_back() -> None:
    compiling = os.environ | {
        "JAX_ENABLE_COMPILATION_CACHE": "false"
    }  # what is read from the disk holds less
    subprocess.run([sys.executable, "-c", PROGRAMS], cwd=ROOT, env=compiling, check=True, timeout=300)
