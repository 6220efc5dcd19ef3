"""The proxy in front of several replicas; tests/soak/test_replicas.py runs it."""

import subprocess
from pathlib import Path

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
