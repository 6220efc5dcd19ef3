"""Hundreds of damaged checkpoints and kills at any moment: intact checkpoints are restored bitwise."""

import random
import shutil
import time
from pathlib import Path

import pytest

from tests.cli.test_faults import end_training_server, kill_writer
from tests.soak.conftest import Report
from tests.support.bent_checkpoints import bend, opened, same, save_two, state

pytestmark = pytest.mark.soak

BENT, KILLED, ENDED = 200, 12, 5


def test_damaged_checkpoints(tmp_path: Path, report: Report) -> None:
    """A bit flipped anywhere, a file cut anywhere: the damage is noticed or harmless."""
    save_two(tmp_path / "saved")
    fresh, first, second = (state(step) for step in range(3))
    fell_back = 0
    for seed in range(BENT):
        run = opened(tmp_path / "saved", tmp_path / "bent")
        bend(tmp_path / "bent", 2, seed)
        found = run.restore(fresh)
        assert same(found, first if run.warnings else second), seed
        fell_back += bool(run.warnings)
        shutil.rmtree(tmp_path / "bent")
    print(f"{BENT} damaged checkpoints, {fell_back} noticed and skipped, {BENT - fell_back} harmless")
    report("faults survived", BENT)


def test_kills_at_any_moment_of_a_checkpoint(tmp_path: Path, report: Report) -> None:
    chance = random.Random(0)
    for kill in range(KILLED):
        folder = tmp_path / str(kill)
        folder.mkdir()
        kill_writer(folder, 1, until=lambda: time.sleep(chance.random() * 0.4) or True)
        report("faults survived", 1)


def test_a_server_ends_in_order_whatever_it_does(report: Report) -> None:
    """SIGTERM at five moments of a training run in the background."""
    for moment in range(ENDED):
        end_training_server(0.4 * moment)
        report("faults survived", 1)
