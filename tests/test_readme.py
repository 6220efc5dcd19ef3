"""What the README promises exists: its pictures, its layout, its make targets and its commands."""

import re
from statistics import mean, stdev

import pytest

from deq.models.checkpoints import load_pretrained, pretrained_names
from deq.training.recipes import BASELINES
from tests.conftest import ROOT
from tests.support.guides import run_blocks

TEXT = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", TEXT, re.DOTALL)


def test_links_and_pictures_exist() -> None:
    pictures = re.findall(r'(?:src|srcset)="([^"]+)"', TEXT)
    assert len(pictures) == 8  # four, light and dark
    for target in [*pictures, *re.findall(r"\]\(([^)]+)\)", TEXT)]:
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


@pytest.mark.parametrize("name", pretrained_names())
def test_the_table_of_models_is_that_of_their_cards(name: str) -> None:
    card = load_pretrained(name).card
    cells = re.search(rf"^\| `{name}` \|(.*)\|$", TEXT, re.MULTILINE).group(1).split("|")[1:]
    accuracy = "" if card.accuracy is None else f"{100 * card.accuracy:.2f} %"
    told = [
        f"{card.parameters:,}",
        accuracy,
        f"{100 * card.converged_fraction:.0f} %",
        f"{card.nfe_mean:.1f}",
    ]
    assert [cell.strip() for cell in cells] == told


@pytest.mark.parametrize("name", [name for name in pretrained_names() if load_pretrained(name).card.seeds])
def test_the_spread_over_seeds_and_the_baselines_are_those_of_the_cards(name: str) -> None:
    card = load_pretrained(name).card
    tried = [100 * seed["accuracy"] for seed in card.seeds]
    equilibrium = f"{mean(tried):.2f} ± {stdev(tried):.2f}"
    told = [
        equilibrium,
        *(f"{100 * card.baselines[kind]:.2f}" if kind in card.baselines else "" for kind in BASELINES),
    ]
    table = TEXT.partition(f"| equilibrium, {len(tried)} seeds |")[2]
    cells = re.search(rf"^\| `{name}` \|(.*)\|$", table, re.MULTILINE).group(1).split("|")
    assert [cell.strip() for cell in cells] == told


def test_make_targets_exist() -> None:
    rules = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"make (?:PYTHON=\S+ )?(\w+)", TEXT)) - {"and"} <= rules


@pytest.mark.parametrize("line", re.findall(r"^deq (.*?)(?: +#.*)?$", TEXT, re.MULTILINE))
def test_commands_are_understood(line: str) -> None:
    import click
    import typer

    from deq.cli.main import app

    command, *arguments = line.split()
    parser = typer.main.get_command(app).commands[command]
    with click.Context(parser) as context:
        parser.parse_args(context, arguments)


def test_the_notebook_code_runs() -> None:
    names = run_blocks(ROOT / "README.md")
    assert names["solution"].converged.all()
    assert float(names["solution"].z[0, 0]) == pytest.approx(0.739085, abs=1e-5)
