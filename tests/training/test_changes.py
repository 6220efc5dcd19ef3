"""Settings by name: every recipe as a file and back, values converted to the field's type, and what errors say."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffrax
import pytest

from deq.data.augment import Augmentation
from deq.gradients import Implicit, Phantom, ThroughODE
from deq.solvers import GMRES, Anderson, ODEFlow, Picard
from deq.training.changes import changed
from deq.training.recipe_file import read_settings, recipe_text
from deq.training.recipes import PLAIN, RECIPES, Recipe, recipe_as_dict, recipe_from_dict

ODD = Recipe(
    ODEFlow(method=diffrax.Heun(), step_size=0.1),
    Implicit(GMRES(restart=7)),
    learning_rate=1e-7 / 3,
    optimizer="lion",
    keep_best=True,
    early_stopping=4,
    restarts=(3, 5),
)
NEURAL = replace(PLAIN, gradient=ThroughODE(t1=1.0), augmentation=None)


@pytest.mark.parametrize("recipe", [*RECIPES.values(), ODD, NEURAL], ids=[*RECIPES, "odd", "neural"])
def test_a_recipe_is_read_back_exactly(recipe: Recipe, tmp_path: Path) -> None:
    """On top of any other recipe."""
    file = tmp_path / "my.toml"
    file.write_text(recipe_text("conv", recipe))
    model, settings = read_settings(file)
    assert model == "conv"
    assert all(changed(base, settings) == recipe for base in RECIPES.values())


def test_new_settings_stay_out_of_cards_at_their_default() -> None:
    written = recipe_as_dict(PLAIN)
    assert not {"optimizer", "keep_best", "early_stopping", "restarts"} & written.keys()
    for recipe in (PLAIN, ODD):
        assert recipe_from_dict(json.loads(json.dumps(recipe_as_dict(recipe)))) == recipe


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"epochs": "3", "learning_rate": "1e-2"}, replace(PLAIN, epochs=3, learning_rate=0.01)),
        ({"warmup": 1}, replace(PLAIN, warmup=1.0)),
        ({"augmentation.rotation": "5"}, replace(PLAIN, augmentation=Augmentation(rotation=5.0))),
        ({"augmentation": "false"}, replace(PLAIN, augmentation=None)),
        ({"keep_best": "true"}, replace(PLAIN, keep_best=True)),
        ({"restarts": "[3, 5]"}, replace(PLAIN, restarts=(3, 5))),
        ({"solver.tol": "1e-4", "solver": "picard"}, replace(PLAIN, solver=Picard(tol=1e-4))),
        ({"solver.type": "Picard"}, replace(PLAIN, solver=Picard(tol=1e-3))),
        ({"solver": "anderson"}, PLAIN),
        ({"gradient.steps": 3, "gradient": "phantom"}, replace(PLAIN, gradient=Phantom(3))),
        ({"gradient.solver.type": "GMRES"}, replace(PLAIN, gradient=Implicit(GMRES(tol=1e-3)))),
        (
            {"gradient.solver.memory": 3},
            replace(PLAIN, gradient=Implicit(Anderson(memory=3, tol=1e-3, max_nfe=30))),
        ),
    ],
    ids=str,
)
def test_a_value_is_typed_from_its_field(settings: dict[str, Any], wanted: Recipe) -> None:
    assert changed(PLAIN, settings) == wanted


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lerning_rate": 1}, "Unknown setting 'lerning_rate'; did you mean learning_rate?"),
        ({"augmentation.rotaton": 1}, "did you mean augmentation.rotation?"),
        ({"tol": 1}, "did you mean solver.tol or gradient.solver.tol?"),
        ({"momentum": 1}, "choose from solver.type, solver.tol"),
        ({"epochs.x": 1}, "Unknown setting 'epochs.x'"),
        ({"epochs": "many"}, "epochs must be a whole number; got 'many'."),
        ({"epochs": 1.5}, "epochs must be a whole number; got 1.5."),
        ({"epochs": True}, "epochs must be a whole number; got True."),
        ({"epochs": 10**12}, "epochs must be a whole number"),
        ({"epochs": 0}, "epochs must be an int >= 1; got 0."),
        ({"learning_rate": "nan"}, "learning_rate must be a number; got 'nan'."),
        ({"warmup": 2}, "warmup must be a number in [0, 1]; got 2.0."),
        ({"keep_best": "yes"}, "keep_best must be true or false; got 'yes'."),
        ({"optimizer": "adaam"}, "optimizer: Unknown optimizer 'adaam'; choose from adamw"),
        ({"solver": "phantom"}, "solver must be one of picard"),
        ({"solver.type": "GMRES"}, "solver must be one of picard"),
        ({"solver.tol": -1}, "solver.tol must be a number >= 0"),
        ({"solver": "ode", "solver.method": "Euler2"}, "solver.method must be one of Euler, Heun, Tsit5"),
        ({"gradient": 3}, "gradient must be one of implicit"),
        ({"restarts": [5, 3]}, "restarts must be epochs in increasing order"),
    ],
    ids=str,
)
def test_an_error_names_the_setting_and_what_it_must_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r"^.+$") as found:
        changed(PLAIN, settings)
    assert message in str(found.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("epochs = ", "is not a TOML file"), ("model = 3", "model must be the name of a model; got 3")],
)
def test_a_file_that_is_no_recipe(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "my.toml").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_settings(tmp_path / "my.toml")
    with pytest.raises(ValueError, match="Cannot read"):
        read_settings(tmp_path / "missing.toml")
