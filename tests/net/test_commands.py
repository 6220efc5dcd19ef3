"""The command line: a run interrupted earlier goes on, cards are as they were, JSON keeps its keys and types."""

import shutil
from pathlib import Path

import pytest

from tests.cli.test_cli import answer, deq, deq_process
from tests.net.record import COMMANDS, RECORDS, RUN, kinds, load
from tests.support.cases import long


@pytest.mark.long
def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    shutil.unpack_archive(RECORDS / "interrupted.zip", tmp_path)
    record = load("interrupted.json")
    done = deq_process(*RUN, "--out", tmp_path, "--resume", "--json")
    found = answer(done)
    assert f"update {record['step']}" in done.stderr
    for key in ("loss", "prediction_at_minus_5"):
        assert found[key] == pytest.approx(record[key], abs=1e-3)
    for name in ("weights.safetensors", "card.json", "metrics.jsonl", "checkpoints"):
        assert (tmp_path / name).exists()


def test_cards_are_as_they_were() -> None:
    assert answer(deq("models", "--json")) == load("models.json")


@pytest.mark.parametrize(
    "command",
    [long(command) if command.startswith("train") else command for command in COMMANDS],
)
def test_json_keeps_its_keys_and_types(command: str) -> None:
    assert kinds(answer(deq(*command.split(), "--json"))) == load("commands.json")[command]
