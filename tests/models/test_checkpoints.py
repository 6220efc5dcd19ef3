"""Checkpoints survive a round trip; damaged or foreign ones are refused with a reason."""

import dataclasses
import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import safetensors.numpy
from flax import nnx

from deq.models import MODELS, EquilibriumModel, build, count_parameters
from deq.models.architectures import Architecture, construct
from deq.models.card import CARD, Card
from deq.models.checkpoints import (
    WEIGHTS,
    load_checkpoint,
    load_pretrained,
    pretrained_names,
    save_checkpoint,
)
from deq.models.settings import to_dict
from deq.models.weights import CheckpointError, model_name, restore_weights, weights_of
from deq.training.recipes import RECIPES


def card(model: str) -> Card:
    numbers = dict.fromkeys(("loss", "nfe_mean", "residual_mean", "converged_fraction", "seconds"), 0.5)
    recipe = RECIPES[model]
    return Card(
        model=model,
        dataset="digits",
        parameters=1,
        accuracy=0.5,
        validation_accuracy=None,
        seed=0,
        epochs=1,
        command="",
        recipe={},
        solver=to_dict(recipe.solver),
        gradient=to_dict(recipe.gradient),
        machine="",
        versions={},
        **numbers,
    )


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path, build("mlp", seed=5), card("mlp"))
    return tmp_path


def arrays(model: EquilibriumModel) -> dict[str, np.ndarray]:
    return {
        jax.tree_util.keystr(path): np.asarray(v) for path, v in jax.tree_util.tree_leaves_with_path(model)
    }


def test_round_trip(saved: Path) -> None:
    loaded = load_checkpoint(saved)
    assert loaded.solver == RECIPES["mlp"].solver
    ours, theirs = arrays(loaded.model), arrays(build("mlp", seed=5))
    assert ours.keys() == theirs.keys()
    assert all((ours[key] == theirs[key]).all() for key in ours)


def test_no_other_file_is_left_behind(saved: Path) -> None:
    assert sorted(path.name for path in saved.iterdir()) == sorted([CARD, WEIGHTS])


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="No checkpoint: cannot read"):
        load_checkpoint(tmp_path / "nowhere")


def test_missing_weights(saved: Path) -> None:
    (saved / WEIGHTS).unlink()
    with pytest.raises(CheckpointError, match="Cannot read"):
        load_checkpoint(saved)


@pytest.mark.parametrize("cut", [7, 5000])
def test_truncated_weights(saved: Path, cut: int) -> None:
    (saved / WEIGHTS).write_bytes((saved / WEIGHTS).read_bytes()[:cut])
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(saved)
    with pytest.raises(CheckpointError, match="Not a valid safetensors file"):
        restore_weights("mlp", (saved / WEIGHTS).read_bytes())


def test_flipped_bit(saved: Path) -> None:
    data = bytearray((saved / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (saved / WEIGHTS).write_bytes(data)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(saved)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"model": "mlp"}', "\x00\x01"])
def test_broken_card(saved: Path, text: str) -> None:
    (saved / CARD).write_text(text)
    with pytest.raises(CheckpointError):
        load_checkpoint(saved)


def test_unknown_architecture(saved: Path) -> None:
    written = json.loads((saved / CARD).read_text())
    (saved / CARD).write_text(json.dumps(written | {"model": "transformer"}))
    with pytest.raises(CheckpointError, match="Unknown model"):
        load_checkpoint(saved)


def test_weights_of_another_model(saved: Path) -> None:
    with pytest.raises(CheckpointError, match="not those of blog"):
        restore_weights("blog", (saved / WEIGHTS).read_bytes())


@pytest.mark.parametrize("value", [np.zeros((3, 3), np.float32), np.zeros((128, 10), np.float64)])
def test_wrong_shape_or_type(saved: Path, value: np.ndarray) -> None:
    tensors = safetensors.numpy.load((saved / WEIGHTS).read_bytes())
    with pytest.raises(CheckpointError, match=r"head\.kernel"):
        restore_weights("mlp", safetensors.numpy.save(tensors | {"head.kernel": value}))


def test_weights_that_are_not_finite(saved: Path) -> None:
    tensors = safetensors.numpy.load((saved / WEIGHTS).read_bytes())
    tensors["head.bias"] = np.full(10, np.nan, np.float32)
    with pytest.raises(CheckpointError, match="not finite"):
        restore_weights("mlp", safetensors.numpy.save(tensors))


def test_numbers_of_numpy_and_half_precision_are_read_again() -> None:
    model = build("monotone")
    model.temperature = np.float64(1.5)
    model.cell.m = np.float64(0.5)
    again = restore_weights("monotone", weights_of(model))
    assert (again.temperature, again.cell.m) == (1.5, 0.5)
    halved = nnx.state(model, nnx.Param)
    nnx.update(model, jax.tree.map(lambda v: v.astype(jnp.bfloat16), halved))
    restore_weights("monotone", weights_of(model))


def test_unknown_pretrained() -> None:
    with pytest.raises(ValueError, match="choose from"):
        load_pretrained("gpt")


@pytest.mark.parametrize("name", pretrained_names())
def test_pretrained_models_match_their_cards(name: str) -> None:
    checkpoint = load_pretrained(name)
    assert checkpoint.card.parameters == count_parameters(checkpoint.model)
    assert checkpoint.card.command.startswith("python -m deq train")
    assert set(dataclasses.asdict(checkpoint.card)["versions"]) >= {"jax", "flax", "optax", "diffrax"}


def test_pretrained_toy_doubles() -> None:
    toy = load_pretrained("toy")
    outputs, solution = toy.model(jnp.array([[-5.0]]), toy.solver)
    assert solution.converged.all()
    assert float(outputs[0, 0]) == pytest.approx(-10, abs=0.05)


@pytest.mark.parametrize("name", MODELS)
def test_weights_without_a_card_are_recognised_by_their_shapes(name: str) -> None:
    data = weights_of(build(name))
    assert model_name(data) == name
    restored, fresh = arrays(restore_weights(name, data)), arrays(build(name))
    assert all(np.array_equal(restored[key], fresh[key]) for key in fresh)


def test_weights_of_unknown_models_are_refused() -> None:
    data = safetensors.numpy.save({"kernel": np.ones((3, 4), np.float32)})
    with pytest.raises(CheckpointError, match="fit none of"):
        model_name(data)
    for broken in (b"", b"nonsense", data[:20], b"\x02\0\0\0\0\0\0\0[]"):
        with pytest.raises(CheckpointError, match="Not a valid safetensors file"):
            model_name(broken)
    strange = safetensors.numpy.save(
        {}, {"architecture": json.dumps({"inputs": 3, "outputs": 2, "cell": "three layers"})}
    )
    with pytest.raises(CheckpointError, match=r"These weights cannot be read: .*[^.][.]$"):
        model_name(strange)
    architecture = Architecture(3, 2, width=4)
    assert model_name(weights_of(construct(architecture), architecture)) == "own"
