"""Run folders: intact checkpoints are restored, damaged ones are skipped, foreign ones refused."""

import shutil
from pathlib import Path

import pytest

from deq.training.run_folder import CannotWrite, RunFolder
from tests.support.bent_checkpoints import SETTINGS, bend, opened, same, save_two, state


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with checkpoints of steps 1 and 2."""
    folder = tmp_path_factory.mktemp("run")
    save_two(folder)
    return folder


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_or_a_cut_is_noticed(saved: Path, tmp_path: Path, seed: int) -> None:
    """In the arrays, in the metadata, or where it does no harm."""
    run = opened(saved, tmp_path / "copy")
    bend(tmp_path / "copy", 2, seed)
    found = run.restore(state(0))
    assert same(found, state(1 if run.warnings else 2))
    assert all("update 2, which is damaged" in warning for warning in run.warnings)


def test_a_truncated_checkpoint_is_skipped(saved: Path, tmp_path: Path) -> None:
    run = opened(saved, tmp_path / "copy")
    for file in (tmp_path / "copy/checkpoints/2").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert same(run.restore(state(0)), state(1))
    assert len(run.warnings) == 1
    assert (tmp_path / "copy/metrics.jsonl").read_text() == '{"step": 1}\n'


def test_a_metrics_line_truncated_by_a_crash_is_dropped(saved: Path, tmp_path: Path) -> None:
    run, metrics = opened(saved, tmp_path / "copy"), tmp_path / "copy/metrics.jsonl"
    metrics.write_text(metrics.read_text() + '{"step": 1')
    assert same(run.restore(state(0)), state(2))
    run.log({"step": 3})
    assert metrics.read_text() == '{"step": 1}\n{"step": 2}\n{"step": 3}\n'


def test_a_checkpoint_that_does_not_fit_is_not_started(
    saved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = opened(saved, tmp_path / "copy")
    full = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    with monkeypatch.context() as patch:
        patch.setattr("deq.training.run_folder.shutil.disk_usage", lambda _: full)
        with pytest.raises(CannotWrite, match=r"takes 2\.2 MB, and 1\.0 MB are free.*--resume"):
            run.save(state(3))
    assert sorted(path.name for path in (tmp_path / "copy/checkpoints").iterdir()) == ["1", "2"]
    run.save(state(3))
    assert same(run.restore(state(0)), state(3))


def test_a_checkpoint_with_other_settings_or_of_another_version_is_refused_and_kept(
    saved: Path, tmp_path: Path
) -> None:
    opened(saved, tmp_path / "copy")
    other = RunFolder(tmp_path / "copy", {"seed": 0, "depth": 3})
    with pytest.raises(ValueError, match=r"other settings \(depth\)"):
        other.restore(state(0))
    run = RunFolder(tmp_path / "copy", SETTINGS)
    with pytest.raises(ValueError, match=r"another version of deq"):
        run.restore(state(0, "conv"))
    assert same(run.restore(state(0)), state(2))
