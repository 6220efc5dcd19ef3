"""What a machine may do to a run: kill it while it writes, a disk that fails or is read-only, a clock that jumps."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from deq.cli.train import run
from deq.jobs import Registry, Status
from deq.models import checkpoints
from deq.models.checkpoints import CARD, WEIGHTS, load_checkpoint, load_pretrained, save_checkpoint
from deq.training.run_folder import CannotWrite, RunFolder
from tests.cli.test_failures import request
from tests.conftest import ROOT
from tests.jobs.test_jobs import PLAN, at_rest
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


def test_a_kill_while_a_checkpoint_is_written_leaves_the_ones_before(tmp_path: Path) -> None:
    """SIGKILL, as soon as a fourth one is begun: what comes back is whole, and it is one of the last."""
    command = [sys.executable, "-c", WRITER.format(folder=str(tmp_path))]
    writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    saved = [int(next(writer.stdout)) for _ in range(3)][-1]
    deadline = time.monotonic() + 60
    while not any("tmp" in path.name for path in (tmp_path / "checkpoints").iterdir()):
        assert time.monotonic() < deadline
        assert writer.poll() is None
    writer.kill()
    writer.wait()
    saved = max([saved, *(int(line) for line in writer.stdout)])
    again = RunFolder(tmp_path, SETTINGS)
    found = again.restore(state(0))
    assert int(found.step) >= saved
    assert same(found, state(int(found.step)))
    assert again.warnings == []
    again.save(state(9))
    assert same(again.restore(state(0)), state(9))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_weights_that_cannot_be_written_leave_the_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The disk fails in the middle of a file, or when it is to be kept for good."""
    toy, other = load_pretrained("toy"), load_pretrained("mlp")
    save_checkpoint(tmp_path, toy.model, toy.card)

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(checkpoints.os, "fsync", fail)
    with pytest.raises(OSError, match=os.strerror(number)):
        save_checkpoint(tmp_path, other.model, other.card)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([CARD, WEIGHTS])
    assert load_checkpoint(tmp_path).card.model == "toy"


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a run of two checkpoints that nothing can be written to: mounted so, or by its mode."""
    save_two(tmp_path)
    bind = ["mount", "--bind", str(tmp_path), str(tmp_path)]
    mounted = (
        sys.platform == "linux" and not subprocess.run(bind, capture_output=True, check=False).returncode
    )
    if mounted:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(tmp_path)], check=True)
    elif os.geteuid() == 0:
        deny_writes(monkeypatch, tmp_path)
    else:
        tmp_path.chmod(0o555)
    yield tmp_path
    if mounted:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)
    tmp_path.chmod(0o755)


def deny_writes(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Where root may not mount, no mode stops it: every path below the folder refuses to be opened for writing."""
    plain_open, plain_mkdir = Path.open, Path.mkdir

    def refuse(path: Path) -> None:
        if folder in (path, *path.parents):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    def open_(path: Path, mode: str = "r", *rest: object, **more: object):
        if set(mode) & set("wax+"):
            refuse(path)
        return plain_open(path, mode, *rest, **more)

    def mkdir(path: Path, *rest: object, **more: object) -> None:
        if not path.is_dir():
            refuse(path)
        plain_mkdir(path, *rest, **more)

    monkeypatch.setattr(Path, "open", open_)
    monkeypatch.setattr(Path, "mkdir", mkdir)


def test_a_disk_that_may_not_be_written(read_only: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A new run says so before it trains, one that is under way ends with what to do; what there is can be read."""
    with pytest.raises(typer.Exit) as ended:
        run(request(read_only / "new", epochs=1), as_json=True)
    assert ended.value.exit_code == 2
    assert "Cannot write to" in capsys.readouterr().err
    folder = RunFolder(read_only, SETTINGS)
    assert same(folder.restore(state(0)), state(2))
    with pytest.raises(CannotWrite, match=r"What was saved before is whole: .*give leave to write.*--resume"):
        folder.log({"step": 3})
    with pytest.raises(CannotWrite, match="What was saved before is whole"):
        folder.save(state(3))
    assert same(RunFolder(read_only, SETTINGS).restore(state(0)), state(2))


def test_a_clock_that_jumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By ten years, back and ahead: the last checkpoint is still the last, and no run is taken for abandoned."""
    honest, years = time.time, 10 * 365 * 86400
    registry, folder = Registry(at_once=1, lease=60.0), RunFolder(tmp_path, SETTINGS)
    job = registry.submit(PLAN)
    for step, jump in enumerate((0, -years, years), 1):
        monkeypatch.setattr(time, "time", lambda jump=jump: honest() + jump)
        folder.save(state(step))
        assert same(RunFolder(tmp_path, SETTINGS).restore(state(0)), state(step))
        assert registry.get(job.id) is job
    end = at_rest(job)
    registry.close()
    assert end.status is Status.FINISHED
    assert 0 < end.seconds < 3600


SERVED = """
import signal, sys, time
from dataclasses import replace
from deq.jobs import Registry
from tests.jobs.test_jobs import PLAN, RECIPE
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # as a server ends
job = Registry().submit(replace(PLAN, recipe=replace(RECIPE, epochs=100_000)))
while job.snapshot().step == 0:
    time.sleep(0.05)
print("training", flush=True)
time.sleep(120)
"""


def test_sigterm_ends_a_server_that_trains_in_the_background() -> None:
    """In order and soon: the worker's thread comes to rest before the interpreter goes."""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVED], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout.readline() == "training\n"
    server.send_signal(signal.SIGTERM)
    _, said = server.communicate(timeout=60)
    assert (server.returncode, "Traceback" in said) == (0, False), said
