"""Several visitors at once for half a minute: no errors, no answers mixed up. `make soak`."""

import asyncio
from pathlib import Path

import pytest

from benchmarks.load import loaded
from benchmarks.server import running
from tests.soak.conftest import Report, in_own_thread

pytestmark = pytest.mark.soak

VISITORS, SECONDS, THINK = 8, 30.0, 2.0


def test_visitors_at_once(tmp_path: Path, report: Report) -> None:
    with running(tmp_path / "log") as server:
        found = in_own_thread(lambda: asyncio.run(loaded(server, VISITORS, SECONDS, THINK, patience=1.0)))
    print(
        f"{found['visitors']} visitors held: {found['actions']} actions, {found['errors']} errors, "
        f"{found['mixed up']} of {found['answers']} answers mixed up, median {found['median (ms)']} ms"
    )
    assert found["answers"] >= VISITORS
    assert (found["errors"], found["mixed up"], found["logged errors"]) == (0, 0, 0), found["examples"]
    report("visitors held", VISITORS)
