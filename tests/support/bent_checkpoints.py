"""Checkpoints to damage: write them, copy them, flip a bit or cut a file."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np

from deq.models import build
from deq.training.recipes import RECIPES
from deq.training.run_folder import RunFolder
from deq.training.state import TrainState, start_state

SETTINGS = {"seed": 0}


def state(step: int, model: str = "mlp") -> TrainState:
    """A training state whose weights depend on its step."""
    return replace(start_state(build(model, seed=step), RECIPES[model]), step=np.array(step, np.int32))


def same(ours: TrainState, theirs: TrainState) -> bool:
    return all(jax.tree.leaves(jax.tree.map(np.array_equal, ours, theirs)))


def save_two(folder: Path) -> None:
    """Write checkpoints of steps 1 and 2, each with a line of metrics."""
    folder.mkdir(exist_ok=True)
    run = RunFolder(folder, SETTINGS)
    for step in (1, 2):
        run.save(state(step))
        run.log({"step": step})


def opened(saved: Path, copy: Path) -> RunFolder:
    """A copy of the run folder, to be damaged."""
    shutil.copytree(saved, copy)
    return RunFolder(copy, SETTINGS)


def bend(folder: Path, step: int, seed: int) -> None:
    """Flip a random bit of a checkpoint, or cut one of its files at a random byte."""
    chance = random.Random(seed)
    files = sorted(path for path in (folder / f"checkpoints/{step}").rglob("*") if path.is_file())
    by_size = [path.stat().st_size if chance.random() < 0.5 else 1 for path in files]
    file = chance.choices(files, by_size)[0]
    data = bytearray(file.read_bytes())
    at = chance.randrange(max(len(data), 1))
    if seed % 4 == 3 or not data:
        data = data[:at]
    else:
        data[at] ^= 1 << chance.randrange(8)
    file.write_bytes(data)
