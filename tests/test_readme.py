"""What the README promises exists: its pictures, its layout, its make targets and its commands."""

import re

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)


def test_links_and_pictures_exist() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_layout_is_that_of_the_repository() -> None:
    layout = next(body for kind, body in BLOCKS if not kind)
    folder = ROOT
    for line in layout.splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            folder = ROOT
        assert (folder / name).exists(), line
        if not line.startswith(" "):
            folder = ROOT / name


def test_make_targets_exist() -> None:
    rules = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make (?:PYTHON=\S+ )?(\w+)", TEXT)) - {"and"} <= rules


@pytest.mark.parametrize("line", re.findall(r"^python -m deq (.*?)(?: +#.*)?$", TEXT, re.MULTILINE))
def test_commands_are_understood(line: str) -> None:
    import click
    import typer

    from deq.cli.main import app

    command, *arguments = line.split()
    parser = typer.main.get_command(app).commands[command]
    with click.Context(parser) as context:
        parser.parse_args(context, arguments)


def test_the_notebook_code_runs() -> None:
    names: dict = {}
    exec(next(body for kind, body in BLOCKS if kind == "python"), names)
    assert names["solution"].converged.all()
    assert float(names["solution"].z[0, 0]) == pytest.approx(0.739085, abs=1e-5)
