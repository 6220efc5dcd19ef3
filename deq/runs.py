"""A training run on disk: checkpoints to go on from, and its metrics as lines of JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

from deq.steps import TrainState

CHECKPOINTS, METRICS = "checkpoints", "metrics.jsonl"


class RunFolder:
    """The folder of one run.

    settings: plain data that determines the run; a checkpoint made with other settings is refused.
    It belongs to the leader of a run of many processes. Orbax writes each checkpoint aside and renames it
    when it is whole; the last two are kept.
    """

    def __init__(self, folder: Path, settings: dict[str, Any]) -> None:
        self.folder = folder
        self.settings = settings
        self.warnings: list[str] = []
        place = (folder / CHECKPOINTS).absolute()
        place.mkdir(exist_ok=True)
        alone = ocp.options.MultiprocessingOptions(primary_host=0, active_processes={0})
        options = ocp.CheckpointManagerOptions(
            max_to_keep=2, create=False, enable_async_checkpointing=False, multiprocessing_options=alone
        )
        self._manager = ocp.CheckpointManager(place, options=options)

    def has_run(self) -> bool:
        """Whether there is anything that a new run would overwrite."""
        return bool(self._manager.all_steps()) or (self.folder / METRICS).exists()

    def save(self, state: TrainState) -> None:
        """Write a checkpoint, unless this step has one."""
        step = int(state.step)
        if step not in self._manager.all_steps():
            arguments = ocp.args.Composite(
                state=ocp.args.StandardSave(_numbered(state)), settings=ocp.args.JsonSave(self.settings)
            )
            self._manager.save(step, args=arguments)

    def restore(self, like: TrainState) -> TrainState | None:
        """The state of the last whole checkpoint, or None; damaged ones are passed over with a warning.

        Raises ValueError where the checkpoint belongs to a run with other settings.
        """
        for step in sorted(self._manager.all_steps(), reverse=True):
            try:
                found = self._read(step, like)
            except (OSError, ValueError, KeyError, TypeError) as error:
                reason = str(error).partition("\n")[0]
                self.warnings.append(f"The checkpoint of step {step} is damaged and passed over: {reason}")
                continue
            self._require_same_settings(found.settings)
            leaves = [found.state[str(i)] for i in range(len(found.state))]
            self._forget_after(step)
            return jax.tree.unflatten(jax.tree.structure(like), leaves)
        self._forget_after(0)
        return None

    def log(self, record: dict[str, Any]) -> None:
        """Append one line to metrics.jsonl."""
        with (self.folder / METRICS).open("a") as file:
            file.write(json.dumps(record) + "\n")

    def _read(self, step: int, like: TrainState) -> Any:
        shapes = jax.tree.map(ocp.utils.to_shape_dtype_struct, _numbered(like))
        arguments = ocp.args.Composite(
            state=ocp.args.StandardRestore(shapes), settings=ocp.args.JsonRestore()
        )
        return self._manager.restore(step, args=arguments)

    def _require_same_settings(self, found: dict[str, Any]) -> None:
        wanted = json.loads(json.dumps(self.settings))
        different = sorted(key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key))
        if different:
            raise ValueError(
                f"{self.folder} holds a run with other settings ({', '.join(different)}). Resume it with its own"
                " settings, or choose another --out."
            )

    def _forget_after(self, step: int) -> None:
        """Drop what was logged, and any damaged checkpoint, past the step that the run goes on from."""
        for later in [s for s in self._manager.all_steps() if s > step]:
            self._manager.delete(later)
        path = self.folder / METRICS
        lines = path.read_text().splitlines() if path.exists() else []
        kept = [line for line in lines if _step(line) <= step]
        path.write_text("".join(line + "\n" for line in kept))


def _step(line: str) -> float:
    """The step of a metrics line; one cut short by a crash counts as later than all."""
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):
        return float("inf")


def _numbered(state: TrainState) -> dict[str, Any]:
    """The leaves by their number: checkpoints depend on no class's name."""
    return {str(i): leaf for i, leaf in enumerate(jax.tree.leaves(jax.device_get(state)))}
