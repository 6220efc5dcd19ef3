"""deq models."""

from __future__ import annotations

import json

from rich.box import SIMPLE_HEAD
from rich.table import Table

from deq.cli.report import readable, stdout, words
from deq.models.card import card_as_dict
from deq.models.checkpoints import load_pretrained, pretrained_names
from deq.training.changes import all_settings
from deq.training.recipe_file import MODEL, recipe_text
from deq.training.recipes import RECIPES

COLUMNS = ("dataset", "parameters", "accuracy", "converged_fraction", "nfe_mean")


def run(as_json: bool) -> None:
    """Print the cards of the pretrained models."""
    cards = [{"name": name} | card_as_dict(load_pretrained(name).card) for name in pretrained_names()]
    if as_json:
        print(json.dumps({"models": cards}))
        return
    table = Table("name", *map(words, COLUMNS), box=SIMPLE_HEAD, padding=(0, 1, 0, 0))  # fits in 80 columns
    for card in cards:
        table.add_row(card["name"], *(readable(column, card[column]) for column in COLUMNS))
    stdout.print(table)


def show_recipe(name: str, as_json: bool) -> None:
    """Print all settings of a model's recipe, as a TOML file or as one JSON object."""
    recipe = RECIPES[name]
    print(json.dumps({MODEL: name} | all_settings(recipe)) if as_json else recipe_text(name, recipe).rstrip())
