"""How far puzzle models reach. python -m benchmarks.thinking NAME_OR_RUN [...] --sizes 32 512 [--count N] [--json]

For each model and size: `right`, the share of puzzles that are correct in all places; `places`, of single bits or
rooms; `settled`, of solves that converge to 1e-3 within a number of calls proportional to the size; `from noise`, the
share right where the solves start from noise instead of zero; `aligned`, the mean cosine of the equilibria from the two
starts (the asymptotic alignment score of Anil et al., 2022, arXiv:2211.09961). A baseline without an equilibrium takes
the number of steps that it was trained with.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.timing import report
from deq import load_checkpoint, load_pretrained
from deq.data import PUZZLES, calls_for
from deq.devices import use_cores
from deq.models import Checkpoint, pretrained_names
from deq.models.inference import encode, infer, read_out, solve_cell

BATCH_ENTRIES = 2**17  # places in a batch


def row_of(name: str, checkpoint: Checkpoint, size: int, count: int) -> dict[str, Any]:
    """One row of the table."""
    task = checkpoint.card.dataset
    x, y = PUZZLES[task][0](count, size, 2)
    solver = replace(checkpoint.solver, max_nfe=calls_for(int(checkpoint.solver.max_nfe), task, size))
    batch = max(1, min(count, BATCH_ENTRIES // y[0].size))
    began = time.perf_counter()
    found = infer(checkpoint.model, x, solver, checkpoint.gradient, batch_size=batch, states=True)
    seconds = time.perf_counter() - began
    alike = found.outputs.argmax(-1) == y
    row = {"model": name, "size": size, "right": whole(alike), "places": float(alike.mean())}
    row |= {"settled": float(found.converged.mean()), "calls": float(found.nfe.mean()), "seconds": seconds}
    if not checkpoint.gradient.seeks_equilibrium:
        return row | {"from noise": float("nan"), "aligned": float("nan")}
    labels, states = from_noise(checkpoint, x, solver, batch)
    return row | {"from noise": whole(labels == y), "aligned": float(cosine(found.states, states).mean())}


def from_noise(
    checkpoint: Checkpoint, x: np.ndarray, solver: Any, batch: int
) -> tuple[np.ndarray, np.ndarray]:
    """Answers and equilibria of solves that start from noise."""
    labels, states = [], []
    for start in range(0, len(x), batch):
        rows = np.minimum(np.arange(start, start + batch), len(x) - 1)
        injection, z0 = encode(checkpoint.model, x[rows])
        noise = jax.random.normal(jax.random.key(start), z0.shape)
        z = solve_cell(checkpoint.model.cell, injection, noise, solver).z
        kept = len(x) - start
        labels.append(np.asarray(read_out(checkpoint.model, z)).argmax(-1)[:kept])
        states.append(np.asarray(z)[:kept])
    return np.concatenate(labels), np.concatenate(states)


def whole(alike: np.ndarray) -> float:
    """The share of answers that are right in all places."""
    return float(alike.reshape(len(alike), -1).all(axis=1).mean())


def cosine(one: np.ndarray | None, other: np.ndarray) -> np.ndarray:
    """The cosine of each pair of states, (n,)."""
    a, b = (np.asarray(v, float).reshape(len(other), -1) for v in (one, other))
    return (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))


def rows(sources: list[str], sizes: list[int], count: int) -> Iterator[dict[str, Any]]:
    for source in sources:
        checkpoint = (
            load_pretrained(source) if source in pretrained_names() else load_checkpoint(Path(source))
        )
        for size in sizes:
            yield row_of(Path(source).name, checkpoint, size, count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--sizes", nargs="+", type=int, required=True)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    use_cores()
    report("Thinking longer", rows(asked.sources, asked.sizes, asked.count), asked.json)


if __name__ == "__main__":
    main()
