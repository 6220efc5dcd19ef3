"""Record how far networks trained without an equilibrium reach: python -m pages.ui.think.record RUN [...]

RUN is a folder of `deq train mazes --baseline unrolled`, or the same with prefix_sums. The page shows the result beside
the map of its own network, which it measures itself.
"""

import json
import sys
from pathlib import Path
from typing import Any

from deq import load_checkpoint
from deq.analysis.thinking import reach
from deq.gradients import Unrolled
from deq.models import Checkpoint
from pages.ui.think.puzzle import KINDS, Kind
from pages.ui.think.study import BASELINES, calls_of, count_of, sizes_of


def measured(kind: Kind, run: Checkpoint) -> dict[str, Any]:
    """The sizes, the numbers of evaluations, and the share of right puzzles at each: (sizes, calls)."""
    if not isinstance(run.gradient, Unrolled):
        raise SystemExit(
            f"The run on {kind.name} was trained at an equilibrium: train one with --baseline unrolled."
        )
    sizes, calls = sizes_of(kind), calls_of(kind)
    right = [reach(run.model, kind.name, [size], calls, count_of(kind, size))[0] for size in sizes]
    shares = [[round(float(share), 4) for share in row] for row in right]
    return {"steps": run.gradient.steps, "sizes": sizes, "calls": calls, "right": shares}


def record(folders: list[str]) -> None:
    """Replace what is known of the tasks of these runs."""
    found = json.loads(BASELINES.read_text()) if BASELINES.exists() else {}
    kinds = {kind.name: kind for kind in KINDS.values()}
    for run in map(load_checkpoint, map(Path, folders)):
        found[run.card.dataset] = measured(kinds[run.card.dataset], run)
    BASELINES.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    record(sys.argv[1:])
