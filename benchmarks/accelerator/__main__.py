"""Is this accelerator correct, and how fast is it? python -m benchmarks.accelerator [--small] [--only PART] [--json]

A quarter of an hour on a GPU, most of it compilation; --small takes a minute on a CPU. Needs the extra `data` and no
network. MNIST from MNIST_DIR; without it scikit-learn's digits. Tables are Markdown, for benchmarks/RESULTS-<card>.md.
Nothing measured is lost: every row is printed, and written to --out FILE, as soon as it is known; an interrupt or a
failure costs only the part that it hits.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax

from benchmarks.accelerator import correctness, epochs, rounding, speed, training
from benchmarks.accelerator.sizes import FULL, SMALL, Sizes
from deq.cli.report import without_nan
from deq.devices import use_cores

Part = Callable[[Sizes], Iterator[dict[str, Any]]]
PARTS: dict[str, Part] = {
    part.__name__: part
    for part in (
        *(correctness.solvers, correctness.gradients, correctness.models, epochs.epochs),
        *(speed.speed, speed.precision, rounding.rounding),
        *(training.program, training.memory, training.batch, training.training),
    )
}


def main() -> int:
    chosen = arguments()
    signal.signal(signal.SIGTERM, _interrupt)
    results = Results(chosen.json, chosen.out)
    for name in chosen.only or PARTS:
        results.begin(name)
        try:
            for row in PARTS[name](SMALL if chosen.small else FULL):
                results.add(name, row)
        except KeyboardInterrupt:
            results.end(name, "interrupted")
            break
        except Exception as error:  # the other parts still count
            results.end(name, f"{type(error).__name__}: {str(error).splitlines()[0]}")
        else:
            results.end(name, "")
    return results.finish()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accelerator", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a little of everything, to check that it runs")
    parser.add_argument("--only", action="append", choices=PARTS, metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout instead of tables")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write the JSON object here too, after every row"
    )
    return parser.parse_args()


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


class Results:
    """Rows as they come: printed as Markdown, or kept for one JSON object."""

    def __init__(self, as_json: bool, out: Path | None) -> None:
        self.as_json, self.out = as_json, out
        self.found: dict[str, Any] = {"device": device(), "parts": {}}
        self.say(f"{self.found['device']}\n")

    def begin(self, name: str) -> None:
        self.found["parts"][name] = {"rows": [], "seconds": -time.perf_counter(), "fault": "unfinished"}
        self.say(f"## {name}\n\n{' '.join((PARTS[name].__doc__ or '').split())}\n")

    def add(self, name: str, row: dict[str, Any]) -> None:
        rows = self.found["parts"][name]["rows"]
        if not rows:
            self.say("| " + " | ".join(row) + " |\n|" + " --- |" * len(row))
        rows.append(row)
        self.say("| " + " | ".join(map(_cell, row.values())) + " |")
        self.save()

    def end(self, name: str, fault: str) -> None:
        part = self.found["parts"][name]
        part |= {"seconds": part["seconds"] + time.perf_counter(), "fault": fault}
        self.say(f"\n{fault or 'Done'}, after {part['seconds']:.0f} s.\n")
        self.save()

    def say(self, text: str) -> None:
        print(text, file=sys.stderr if self.as_json else sys.stdout, flush=True)

    def save(self) -> None:
        if self.out is not None:
            beside = self.out.with_suffix(".part")
            beside.write_text(json.dumps(without_nan(self.found), indent=1))
            os.replace(beside, self.out)

    def finish(self) -> int:
        """Exit status: 0 if every part finished and every row that can be wrong is right."""
        if self.as_json:
            print(json.dumps(without_nan(self.found)))
        parts = self.found["parts"].values()
        right = all(row.get("right", True) for part in parts for row in part["rows"])
        return int(not right or any(part["fault"] for part in parts))


def device() -> dict[str, Any]:
    """What this runs on."""
    first = jax.devices()[0]
    return {
        "device": first.device_kind,
        "backend": first.platform,
        "devices": len(jax.devices()),
        "jax": jax.__version__,
        "python": platform.python_version(),
    }


def _cell(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    use_cores()
    sys.exit(main())
