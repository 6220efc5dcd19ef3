"""A batch split over devices: which devices share it, and that the results do not change."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deq import devices
from tests.conftest import QUICK, ROOT, with_devices

PRELUDE = """
from dataclasses import replace
import jax, jax.numpy as jnp, numpy as np
from flax import nnx
from deq import Anderson, Implicit, Neumann, NewtonKrylov, Phantom, Picard, load_dataset
from deq.data import Examples, classify, cross_entropy
from deq.devices import cores, everywhere, mesh_here, mesh_of, use_cores
from deq.models import EquilibriumModel, build
from deq.models.evaluation import evaluate
from deq.models.inference import forward, infer
from deq.models.zoo import blog
from deq.solvers import GMRES, SOLVERS, BiCGStab, Dense
from deq.training.recipes import BASELINES, DENSE, RECIPES
from deq.training.state import split_model, start_state
from deq.training.step import Program, compiled_steps, run_steps

def one_step(model, loss, recipe, examples, devices):
    # The arguments of run_steps for one step on all examples.
    n, mesh = len(examples.y), mesh_of(devices, len(examples.y))
    graphdef, _, rest, _ = split_model(model)
    program = Program(graphdef, loss, replace(recipe, batch_size=n), mesh)
    state = everywhere(start_state(model, recipe), mesh)
    fixed = everywhere((rest, examples, np.arange(n), np.asarray(0), np.asarray(100)), mesh)
    return program, state, *fixed, 1

def random_digits(n):
    rng = np.random.default_rng(0)
    return Examples(rng.integers(0, 256, (n, 28, 28, 1), np.uint8), rng.integers(0, 10, n))
"""

MESHES = """
assert [mesh_of(None, n).size for n in (128, 96, 64, 33, 10)] == [4, 3, 2, 1, 1]
assert [mesh_here(n).size for n in (500, 128, 7)] == [5, 4, 1]
assert mesh_here(128, 2).size == 2
assert mesh_of(8, 64).size == 8  # as asked, though with few examples per core
"""

INFERENCE = """
task, model, solver = classify(load_dataset("digits")), build("mlp"), Picard(tol=1e-3, max_nfe=60)
found = evaluate(model, task.test, task.loss, solver, batch_size=128)
one = infer(model, task.test.x, solver, batch_size=128, devices=1)
four = infer(model, task.test.x, solver, batch_size=128, trace=4)
np.testing.assert_allclose(four.outputs, one.outputs, rtol=1e-4, atol=1e-4)
np.testing.assert_array_equal(four.nfe, one.nfe)
np.testing.assert_allclose(found.nfe, one.nfe.mean(), rtol=1e-6)
np.testing.assert_allclose(found.accuracy, np.mean(one.labels == task.test.y), rtol=1e-6)
"""

# Hutchinson's probes differ between devices, so the penalty changes, but only by its noise.
PENALTY = """
recipe = replace(RECIPES["blog"], solver=Picard(tol=1e-3, max_nfe=40), gradient=Phantom(), jacobian=50.0, clip=1e9)
problem = blog(rngs=nnx.Rngs(0)), cross_entropy, recipe, random_digits(128)
one, four = (float(run_steps(*one_step(*problem, devices))[1].gradient_norm) for devices in (1, 4))
assert 0 < abs(one - four) < 0.5 * one, (one, four)
"""

# The gradient in `weight` is the mean of mask - 1 over 128 samples: norm^2 is 64 / 128, or 64 / 32 if four masks agree.
DROPOUT = """
class Noisy(nnx.Module):
    def __init__(self):
        self.dropout = nnx.Dropout(0.5, rngs=nnx.Rngs(0))
    def __call__(self, z, x):
        return self.dropout(x)

class Head(nnx.Module):
    def __init__(self):
        self.weight = nnx.Param(jnp.ones(64))
    def __call__(self, z):
        return (z - 1) * self.weight[...]

model = EquilibriumModel(lambda x: x, Noisy(), Head())
recipe = replace(DENSE, gradient=Phantom())
alike = Examples(jnp.ones((128, 64)), jnp.zeros(128, int))
_, health = run_steps(*one_step(model, lambda outputs, y, smoothing: outputs.sum(1), recipe, alike, 4))
norm = float(health.gradient_norm)
assert 0.5 < norm < 1.0, norm
"""

# Every solver and gradient compiles for several devices, whether it goes in parts or not.
EVERY = """
solvers = [entry.default for entry in SOLVERS.values()]
linear = [Dense(), GMRES(), BiCGStab()]
gradients = [*map(Implicit, [*solvers, *linear]), Neumann(), Phantom(), *BASELINES.values()]
model, examples, mesh = build("mlp"), random_digits(64), mesh_of(2, 64)
for solver, gradient in [(s, Phantom()) for s in solvers] + [(Picard(), g) for g in gradients]:
    recipe = replace(DENSE, solver=solver, gradient=gradient)
    compiled_steps.lower(*one_step(model, cross_entropy, recipe, examples, 2))
    if solver.in_parts and gradient.in_parts:
        forward.lower(everywhere((model, 1.0, solver, gradient), mesh), (examples.x, None), False, 0, mesh)

# The figures are the same on one device and on all, also if the data is on another device.
there = Examples(jax.device_put(examples.x, jax.devices()[3]), jax.device_put(examples.y, jax.devices()[3]))
for solver, gradient in [(NewtonKrylov(), Implicit()), (Picard(), BASELINES["neural-ode"]), (Picard(), Implicit())]:
    how = model, there, cross_entropy, solver, gradient
    found = [evaluate(*how, batch_size=64, devices=devices) for devices in (1, None)]
    np.testing.assert_allclose(*map(jax.tree.leaves, found), rtol=1e-4, atol=1e-6)
"""


# A training loop of the user's own: the mean loss and its gradient are those of the whole batch.
SPLIT = """
from deq.devices import split_batch
graphdef, parameters = nnx.split(build("mlp"))

def loss(parameters, batch):
    outputs, _ = nnx.merge(graphdef, parameters)(batch.x, Picard(tol=1e-6), Implicit(Picard(tol=1e-6)))
    return cross_entropy(outputs, batch.y, 0.0).mean()

slope = jax.value_and_grad(loss)
for n, parts in ((256, 8), (7, 1)):
    program = jax.jit(split_batch(slope)).lower(parameters, random_digits(n))
    assert (f"num_partitions = {parts} " in program.as_text()) or parts == 1, program.as_text()[:200]
    whole, split = jax.jit(slope)(parameters, random_digits(n)), program.compile()(parameters, random_digits(n))
    for found, wanted in zip(jax.tree.leaves(split), jax.tree.leaves(whole), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
"""

# Without the penalty, whose probes differ between devices. Rounding may end a solve a pass earlier, within its tol.
CONV = """
from deq.training.fitting import with_precision
for precision, tol in (("float32", 1e-6), ("bf16", 1e-3)):
    solver = Picard(tol=tol, max_nfe=60)
    recipe = replace(RECIPES["conv"], solver=solver, jacobian=0.0, precision=precision)
    model = with_precision(build("conv"), recipe)
    one, eight = (run_steps(*one_step(model, cross_entropy, recipe, random_digits(64), d))[1] for d in (1, 8))
    np.testing.assert_allclose(eight.metrics.loss, one.metrics.loss, rtol=max(tol, 1e-5))
    np.testing.assert_allclose(eight.gradient_norm, one.gradient_norm, rtol=max(tol, 1e-4))
"""


def run(code: str, environment: dict[str, str]) -> str:
    """The output of the code, in a process with this environment and no other setting for devices."""
    clean = {
        key: value for key, value in os.environ.items() if key not in ("XLA_FLAGS", "JAX_NUM_CPU_DEVICES")
    }
    environment = clean | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": QUICK} | environment
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, timeout=300, stdout=subprocess.PIPE)
    return done.stdout.decode().strip()


@pytest.mark.long
def test_on_eight_devices() -> None:
    """In one process: each would spend seconds on its imports."""
    run(PRELUDE + MESHES + INFERENCE + PENALTY + DROPOUT + SPLIT, with_devices(8))


@pytest.mark.long
def test_every_solver_convolutions_and_mixed_precision_on_eight_devices() -> None:
    run(PRELUDE + EVERY + CONV, with_devices(8))


IMPORTS = "import jax; from deq.devices import cores, use_cores; "
COUNT = IMPORTS + "use_cores(); print(len(jax.devices()))"


def test_cores_are_devices_unless_set_otherwise() -> None:
    """That they are is in the test of the command line."""
    assert run(COUNT, {"JAX_NUM_CPU_DEVICES": "3"}) == "3"
    assert run(COUNT, {"XLA_FLAGS": "--xla_force_host_platform_device_count=5"}) == "5"
    late = IMPORTS + "n = jax.device_count(); use_cores(); print(n, jax.device_count())"
    assert run(late, {}) == "1 1"  # too late: JAX has initialised


def test_cores_respect_a_container_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "QUOTA", tmp_path / "cpu.max")
    all_cores = devices.cores()
    for quota, count in {"max 100000": all_cores, "100000 100000": 1, "50000 100000": 1}.items():
        devices.QUOTA.write_text(quota)
        assert devices.cores() == count


@pytest.mark.long
def test_the_command_line_uses_all_cores() -> None:
    code = """
from deq.devices import cores
import json, pathlib, tempfile
from typer.testing import CliRunner
from deq.cli import app
with tempfile.TemporaryDirectory() as folder:
    arguments = ["train", "digits", "--model", "mlp", "--epochs", "1", "--solver", "picard", "--out", folder]
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0, answer.output
    card = json.loads((pathlib.Path(folder) / "card.json").read_text())
assert card["machine"].startswith(f"{cores()} cpu device"), card["machine"]
"""
    run(code, {})
