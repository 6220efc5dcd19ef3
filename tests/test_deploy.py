"""The proxy in front of several replicas; tests/soak/test_replicas.py runs it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy import serve

PORTS = (18621, 18622, 18623)


def test_each_replica_has_a_group_in_which_the_others_stand_by(tmp_path: Path) -> None:
    text = serve.configuration(18600, PORTS, tmp_path)
    for number, port in enumerate(PORTS, 1):
        group = next(line for line in text.splitlines() if f"upstream replica_{number} " in line)
        assert group.count("backup;") == len(PORTS) - 1
        own = group.partition("server ")[2].partition(";")[0]
        assert str(port) in own
        assert "backup" not in own
        assert f"replica_{number} replica_{number};" in text  # its cookie leads to it


def test_nginx_accepts_the_configuration(tmp_path: Path) -> None:
    try:
        nginx = serve.find_nginx()
    except FileNotFoundError as missing:
        pytest.skip(str(missing))
    file = tmp_path / "nginx.conf"
    file.write_text(serve.configuration(18600, PORTS, tmp_path))
    checked = subprocess.run(
        [nginx, "-t", "-q", "-p", str(tmp_path), "-c", str(file), "-e", "stderr"],
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stderr


def test_without_nginx_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serve.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr("sys.argv", ["deploy.serve", "--replicas", "2"])
    assert serve.main() == 2
    said = capsys.readouterr().err
    assert "apt-get install" in said
    assert "make app" in said


LISTENS = "import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep({seconds})"


@pytest.fixture
def serve_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], float]], int]:
    """serve_with(lives) serves two replicas; the one started as number n ends after lives(n) seconds, nginx after 6."""
    nginx = tmp_path / "nginx"
    nginx.write_text("#!/bin/sh\nexec sleep 6\n")
    nginx.chmod(0o755)
    monkeypatch.setattr(serve, "find_nginx", lambda: str(nginx))
    monkeypatch.setattr(serve, "POLL", 0.05)

    def serve_two(lives: Callable[[int], float]) -> int:
        started: list[int] = []

        def start(port: int) -> subprocess.Popen[bytes]:
            started.append(port)
            code = LISTENS.format(port=port, seconds=lives(len(started)))
            return subprocess.Popen([sys.executable, "-S", "-c", f"{code}; raise SystemExit(3)"])

        monkeypatch.setattr(serve, "start_replica", start)
        return serve.serve(18600, 2)

    return serve_two


def test_replicas_that_end_at_every_start_are_given_up(
    serve_with: Callable[[Callable[[int], float]], int], capfd: pytest.CaptureFixture[str]
) -> None:
    assert serve_with(lambda number: 1.0 if number <= 2 else 0.0) == 1
    said = capfd.readouterr().out
    assert said.count("ended with status 3; starting it again") == 2 * serve.MOST
    assert said.count(f"{serve.MOST + 1} times within 120 s, and is not started again") == 2
    assert "No replica is left" in said


@pytest.mark.long
def test_the_others_serve_on_without_one_that_is_given_up(
    serve_with: Callable[[Callable[[int], float]], int], capfd: pytest.CaptureFixture[str]
) -> None:
    assert serve_with(lambda number: 60.0 if number == 2 else 0.5) == 0  # until nginx ends
    said = capfd.readouterr().out
    assert said.count("is not started again") == 1
    assert "No replica is left" not in said


def test_a_replica_that_ends_now_and_then_is_always_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 100_000, int(serve.WITHIN / serve.MOST) + 1))
    monkeypatch.setattr(serve.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(serve, "start_replica", lambda port: SimpleNamespace(poll=lambda: 3, returncode=3))
    replica = serve.Replica(18621)
    for _ in range(20):
        replica.revive()
    assert not replica.is_given_up
