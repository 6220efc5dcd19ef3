"""A batch in parts: which devices share it, that they change no answer, and what a step sends between them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deq import devices
from tests.conftest import ROOT

PRELUDE = """
from dataclasses import replace
import jax, jax.numpy as jnp, numpy as np
from flax import nnx
from deq import Picard, Phantom
from deq.devices import cores, everywhere, mesh_here, mesh_of, use_cores
"""

MESHES = """
assert [mesh_of(None, n).size for n in (128, 96, 64, 33, 10)] == [4, 3, 2, 1, 1]
assert [mesh_here(n).size for n in (500, 128, 7)] == [5, 4, 1]
assert mesh_of(8, 64).size == 8  # asked for, so taken
"""

ANSWERS = """
from deq import load_dataset
from deq.models.inference import infer
from deq.models.evaluation import evaluate
from deq.models import build
from deq.data import classify

task, model, solver = classify(load_dataset("digits")), build("mlp"), Picard(tol=1e-3, max_nfe=60)
found = evaluate(model, task.test, task.loss, solver, batch_size=128)
assert mesh_here(128).size == 4
alone = infer(model, task.test.x, solver, batch_size=128, devices=1)
shared = infer(model, task.test.x, solver, batch_size=128, trace=4)
np.testing.assert_allclose(shared.outputs, alone.outputs, rtol=1e-4, atol=1e-4)
np.testing.assert_array_equal(shared.nfe, alone.nfe)
np.testing.assert_allclose(found.nfe, alone.nfe.mean(), rtol=1e-6)
np.testing.assert_allclose(found.accuracy, np.mean(alone.labels == task.test.y), rtol=1e-6)

# No more devices than allowed, for calibration too.
import deq.models.inference
from deq.models.calibration import calibrate
sizes, choose = [], deq.models.inference.mesh_here
deq.models.inference.mesh_here = lambda *how: sizes.append(choose(*how).size) or choose(*how)
calibrate(model, task, solver, devices=2)
assert sizes and max(sizes) == 2, sizes
"""

STEPS = """
from deq.models import EquilibriumModel
from deq.models.zoo import blog
from deq.training.recipes import RECIPES
from deq.training.step import Program, run_steps, start_state
from deq.data import Examples, cross_entropy

rng = np.random.default_rng(0)
examples = Examples(rng.integers(0, 256, (128, 28, 28, 1), np.uint8), rng.integers(0, 10, 128))
base = replace(RECIPES["blog"], solver=Picard(tol=1e-3, max_nfe=40), gradient=Phantom())

def after(devices, recipe, steps=3):
    graphdef, parameters, rest = nnx.split(blog(rngs=nnx.Rngs(0)), nnx.Param, ...)
    mesh = mesh_of(devices, 128)
    program = Program(graphdef, cross_entropy, recipe, mesh)
    state = everywhere(start_state(parameters, recipe), mesh)
    fixed = everywhere((rest, examples, np.arange(128), np.asarray(0), np.asarray(100)), mesh)
    text = run_steps.lower(program, state, *fixed, steps).compile().as_text()
    state, health = run_steps(program, state, *fixed, steps)
    assert len(state.step.sharding.device_set) == devices
    return jax.device_get(state.parameters), jax.tree.map(float, health), text.count(" all-reduce(")

# Without chance in the model: the same weights and figures on one device and on four.
calm = replace(base, jacobian=0.0)
(one, alone, none), (four, shared, messages) = after(1, calm), after(4, calm)
assert (none, messages) == (0, 1), (none, messages)  # of a step, in a loop over steps
jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-5), one, four)
np.testing.assert_allclose(jax.tree.leaves(alone), jax.tree.leaves(shared), rtol=2e-3, atol=1e-6)

# The penalty's probes differ from device to device, so that the sum does not repeat one of them.
pressed = replace(base, jacobian=50.0, clip=1e9)
_, alone, _ = after(1, pressed, 1)
_, shared, messages = after(4, pressed, 1)
assert messages == 1
assert 0 < abs(alone.gradient_norm - shared.gradient_norm) < 0.5 * alone.gradient_norm

# 32 examples of a batch are penalised, however many devices share it.
import deq.training.step
seen = []
deq.training.step.jacobian_penalty = lambda cell, x, z, key: seen.append(len(z)) or jnp.zeros(())
after(1, replace(base, jacobian=2.0), 1)
assert set(seen) == {32}, seen
seen.clear()
after(4, replace(base, jacobian=3.0), 1)
assert set(seen) == {8}, seen
"""

EVERY = """
from deq import Anderson, Broyden, Implicit, Neumann, NewtonKrylov, ODEFlow, ThroughODE, Unrolled
from deq.models.evaluation import evaluate
from deq.models.inference import forward
from deq.models import build
from deq.training.recipes import BASELINES, RECIPES
from deq.solvers import BiCGStab, Dense, GMRES
from deq.training.step import Program, run_steps, start_state
from deq.data import Examples, cross_entropy

rng = np.random.default_rng(0)
examples = Examples(rng.integers(0, 256, (64, 28, 28, 1), np.uint8), rng.integers(0, 10, 64))
solvers = [Picard(), Anderson(), Broyden(), NewtonKrylov(), ODEFlow()]
linear = [Dense(), GMRES(), BiCGStab()]
gradients = [*map(Implicit, [*solvers, *linear]), Neumann(), Phantom(), *BASELINES.values()]
whole = {NewtonKrylov(), GMRES(), BiCGStab(), ThroughODE()}  # solved by all devices together
model, mesh = build("mlp"), mesh_of(2, 64)
graphdef, parameters, rest = nnx.split(model, nnx.Param, ...)
fixed = everywhere((rest, examples, np.arange(64), np.asarray(0), np.asarray(100)), mesh)
for solver, gradient in [(s, Phantom()) for s in solvers] + [(Picard(), g) for g in gradients]:
    recipe = replace(RECIPES["mlp"], solver=solver, gradient=gradient, batch_size=64)
    program = Program(graphdef, cross_entropy, recipe, mesh)
    run_steps.lower(program, everywhere(start_state(parameters, recipe), mesh), *fixed, 1)
    apart = {type(solver), type(gradient), type(getattr(gradient, "solver", None))}.isdisjoint(map(type, whole))
    assert program.parts == (2 if apart else 1), recipe
    solved_on = mesh if solver.in_parts and gradient.in_parts else mesh_of(1, 64)
    forward.lower(everywhere((model, solver, gradient), solved_on), examples.x, False, 0, solved_on)

# All together or apart, committed elsewhere or not: the same figures.
there = Examples(jax.device_put(examples.x, jax.devices()[3]), jax.device_put(examples.y, jax.devices()[3]))
for solver, gradient in [(NewtonKrylov(), Implicit()), (Picard(), BASELINES["neural-ode"]), (Picard(), Implicit())]:
    how = model, there, cross_entropy, solver, gradient
    found = [evaluate(*how, batch_size=64, devices=devices) for devices in (1, None)]
    np.testing.assert_allclose(*map(jax.tree.leaves, found), rtol=1e-4, atol=1e-6)
"""

DROPOUT = """
from deq.training.step import Program, _differentiate
from deq.devices import in_parts
from deq.models import EquilibriumModel
from deq.training.recipes import RECIPES
from deq.data import Examples

class Noisy(nnx.Module):
    def __init__(self):
        self.dropout = nnx.Dropout(0.5, rngs=nnx.Rngs(0))
    def __call__(self, z, x):
        return self.dropout(x)

model = EquilibriumModel(lambda x: x, Noisy(), lambda z: z)
graphdef, parameters, rest = nnx.split(model, nnx.Param, ...)
mesh = mesh_of(4, 128)
program = Program(graphdef, lambda outputs, y, smoothing: outputs.sum(1), replace(RECIPES["mlp"], jacobian=0.0), mesh)
whole = (parameters, rest, jax.random.key(1), jax.random.key(2))
alike = Examples(jnp.ones((128, 64)), jnp.zeros(128, int))
shares = in_parts(lambda whole, batch: _differentiate(program, whole, batch)[0][None], mesh)(whole, alike)
assert len(set(np.asarray(shares).tolist())) == 4, shares  # four masks
np.testing.assert_allclose(4 * shares, 64, rtol=0.1)
"""


def run(code: str, environment: dict[str, str]) -> str:
    """What the code prints, in a process with this environment and no other word on devices."""
    clean = {
        key: value for key, value in os.environ.items() if key not in ("XLA_FLAGS", "JAX_NUM_CPU_DEVICES")
    }
    environment = clean | {"JAX_PLATFORMS": "cpu"} | environment
    command = [sys.executable, "-c", PRELUDE + code]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=300, stdout=subprocess.PIPE)
    return done.stdout.decode().strip()


CODES = {"meshes": MESHES, "answers": ANSWERS, "steps": STEPS, "every": EVERY, "dropout": DROPOUT}


@pytest.mark.parametrize("code", CODES.values(), ids=CODES)
def test_on_eight_devices(code: str) -> None:
    run(code, {"XLA_FLAGS": "--xla_force_host_platform_device_count=8"})


COUNT = "use_cores(); print(len(jax.devices()) == cores(), len(jax.devices()))"


def test_cores_are_devices_where_nothing_else_is_said() -> None:
    assert run(COUNT, {}).startswith("True")
    assert run(COUNT, {"JAX_NUM_CPU_DEVICES": "3"}).endswith("3")
    assert run(COUNT, {"XLA_FLAGS": "--xla_force_host_platform_device_count=5"}).endswith("5")
    late = "n = jax.device_count(); use_cores(); print(n, jax.device_count())"
    assert run(late, {}) == "1 1"  # JAX had looked already: left as it was


def test_a_container_s_share_of_the_cores_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "QUOTA", tmp_path / "cpu.max")
    all_of_them = devices.cores()
    for said, share in {"max 100000": all_of_them, "100000 100000": 1, "50000 100000": 1}.items():
        devices.QUOTA.write_text(said)
        assert devices.cores() == share


def test_the_command_line_takes_all_cores() -> None:
    code = """
import json, pathlib, tempfile
from typer.testing import CliRunner
from deq.cli import app
with tempfile.TemporaryDirectory() as folder:
    arguments = ["train", "digits", "--model", "mlp", "--epochs", "1", "--out", folder]
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0, answer.output
    card = json.loads((pathlib.Path(folder) / "card.json").read_text())
assert card["machine"].startswith(f"{cores()} cpu device"), card["machine"]
"""
    run(code, {})
