"""Fifty moments of a run, from the first statement to the last: a signal always ends it in order. `make soak`."""

import signal
from collections import Counter
from pathlib import Path

import pytest

from deq.models.checkpoints import WEIGHTS
from tests.cli.test_cli import answer, deq
from tests.cli.test_signals import RUN
from tests.soak.conftest import Report
from tests.support.stopping import fault_of, stop_after

pytestmark = pytest.mark.soak

MOMENTS = 50
STEP = 0.4  # seconds between moments


def test_fifty_moments(tmp_path: Path, report: Report) -> None:
    answer(deq(*RUN, "--out", tmp_path / "whole"))
    weights = (tmp_path / "whole" / WEIGHTS).read_bytes()
    ends: Counter[str] = Counter()
    for moment in range(MOMENTS):
        number = (signal.SIGINT, signal.SIGTERM)[moment % 2]
        folder = tmp_path / f"{moment}"
        done = stop_after(moment * STEP, number, folder, *RUN)
        if done.returncode == 0:  # it was faster than that
            ends["finished before"] += 1
            continue
        assert fault_of(done, number) is None, (moment * STEP, fault_of(done, number))
        with_checkpoint = any(folder.glob("checkpoints/*"))
        ends[f"{done.returncode}, {'with' if with_checkpoint else 'before'} a checkpoint"] += 1
        if with_checkpoint and moment % 5 == 0:
            answer(deq(*RUN, "--out", folder, "--resume"))
            assert (folder / WEIGHTS).read_bytes() == weights
    print(dict(ends))
    report("faults survived", MOMENTS - ends["finished before"])
