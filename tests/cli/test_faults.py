"""Faults of the machine: a kill while writing, a disk that fails or is read-only, a clock that jumps."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer

from deq.cli.train import run
from deq.jobs import Registry, Status
from deq.models import checkpoints as checkpoint_files
from deq.models.card import CARD
from deq.models.checkpoints import WEIGHTS, load_checkpoint, load_pretrained, save_checkpoint
from deq.training.run_folder import CannotWrite, RunFolder
from tests.cli.test_failures import request
from tests.conftest import ROOT
from tests.jobs.test_jobs import PLAN, wait_for_end
from tests.support.bent_checkpoints import SETTINGS, same, save_two, state

WRITER = """
from pathlib import Path
from tests.support.bent_checkpoints import SETTINGS, state
from deq.training.run_folder import RunFolder
made = [state(step) for step in range(1, 9)]
run = RunFolder(Path({folder!r}), SETTINGS)
for one in made:
    run.save(one)
    print(int(one.step), flush=True)
"""


def kill_writer(folder: Path, first: int, until: Callable[[], bool]) -> RunFolder:
    """SIGKILL to WRITER once `first` checkpoints are saved and `until` holds; what is then restored is intact."""
    command = [sys.executable, "-c", WRITER.format(folder=str(folder))]
    writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    saved = [int(next(writer.stdout)) for _ in range(first)]
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline
    writer.kill()
    writer.wait()
    saved += [int(line) for line in writer.stdout]
    run = RunFolder(folder, SETTINGS)
    found = run.restore(state(0))
    assert int(found.step) >= max(saved)
    assert same(found, state(int(found.step)))
    assert run.warnings == []
    return run


@pytest.mark.long
def test_a_kill_during_a_checkpoint_leaves_the_earlier_ones_intact(tmp_path: Path) -> None:
    checkpoints = tmp_path / "checkpoints"
    run = kill_writer(tmp_path, 3, until=lambda: any("tmp" in path.name for path in checkpoints.iterdir()))
    run.save(state(9))
    assert same(run.restore(state(0)), state(9))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_weights_that_cannot_be_written_leave_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The disk is full, fails or is read-only when the file is flushed."""
    toy, other = load_pretrained("toy"), load_pretrained("mlp")
    save_checkpoint(tmp_path, toy.model, toy.card)

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(checkpoint_files.os, "fsync", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        save_checkpoint(tmp_path, other.model, other.card)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([CARD, WEIGHTS])
    assert load_checkpoint(tmp_path).card.model == "toy"


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A read-only folder with a run of two checkpoints, by mount or by file mode."""
    save_two(tmp_path)
    bind = ["mount", "--bind", str(tmp_path), str(tmp_path)]
    mounted = (
        sys.platform == "linux" and not subprocess.run(bind, capture_output=True, check=False).returncode
    )
    if mounted:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(tmp_path)], check=True)
    elif os.geteuid() == 0:
        pytest.skip("root ignores file modes, and may not mount here")
    else:
        tmp_path.chmod(0o555)
    yield tmp_path
    if mounted:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
    tmp_path.chmod(0o755)


def test_a_read_only_disk(read_only: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new run fails before training, a running one stops with what to do; checkpoints can still be read."""
    with pytest.raises(typer.Exit) as ended:
        run(request(read_only / "new", epochs=1), as_json=True)
    assert ended.value.exit_code == 2
    assert "Cannot write to" in capsys.readouterr().err
    folder = RunFolder(read_only, SETTINGS)
    assert same(folder.restore(state(0)), state(2))
    with pytest.raises(
        CannotWrite, match=r"Earlier checkpoints are intact: .*grant write permission.*--resume"
    ):
        folder.log({"step": 3})
    with pytest.raises(CannotWrite, match="Earlier checkpoints are intact"):
        folder.save(state(3))
    assert same(RunFolder(read_only, SETTINGS).restore(state(0)), state(2))


@pytest.mark.long
def test_a_clock_that_jumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By ten years, back and ahead: the last checkpoint stays the last, and no run counts as abandoned."""
    honest, years = time.time, 10 * 365 * 86400
    registry, folder = Registry(at_once=1, lease=60.0), RunFolder(tmp_path, SETTINGS)
    job = registry.submit(PLAN)
    for step, jump in enumerate((0, -years, years), 1):
        monkeypatch.setattr(time, "time", lambda jump=jump: honest() + jump)
        folder.save(state(step))
        assert same(RunFolder(tmp_path, SETTINGS).restore(state(0)), state(step))
        assert registry.get(job.id) is job
    end = wait_for_end(job)
    registry.close()
    assert end.status is Status.FINISHED
    assert 0 < end.seconds < 3600


SERVED = """
import signal, sys, time
from dataclasses import replace
from deq.jobs import Registry
from tests.jobs.test_jobs import PLAN, RECIPE
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as the server does
job = Registry().submit(replace(PLAN, recipe=replace(RECIPE, epochs=100_000)))
while job.snapshot().step == 0:
    time.sleep(0.05)
print("training", flush=True)
time.sleep(120)
"""


def end_training_server(delay: float = 0.0) -> None:
    """Start SERVED, send SIGTERM `delay` seconds after its first update: it ends in order, and soon."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    server = subprocess.Popen([sys.executable, "-c", SERVED], cwd=ROOT, **pipes)
    assert server.stdout.readline() == "training\n"
    time.sleep(delay)
    server.send_signal(signal.SIGTERM)
    _, printed = server.communicate(timeout=60)
    assert (server.returncode, "Traceback" in printed) == (0, False), printed


@pytest.mark.long
def test_sigterm_ends_a_server_that_trains_in_the_background() -> None:
    end_training_server()
