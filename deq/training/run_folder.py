"""A training run on disk: checkpoints to resume from, and metrics as lines of JSON."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from deq.models.card import CARD
from deq.models.checkpoints import write_atomically
from deq.training.run_settings import require_same
from deq.training.state import TrainState

CHECKPOINTS, METRICS = "checkpoints", "metrics.jsonl"
DIGESTS = "sha256.json"  # in a checkpoint: the sha256 of its files
OVERHEAD = 100_000  # bytes of a checkpoint besides its arrays


@contextmanager
def _quiet_orbax() -> Iterator[None]:
    """Silence Orbax's log of damaged files; a RunFolder reports them in `warnings`."""
    logger = logging.getLogger("absl")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


class CannotWrite(Exception):
    """The run folder cannot be written; the message says why and what to do."""


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn errors while writing to a folder into CannotWrite."""
    try:
        yield
    except (OSError, ValueError) as error:  # Orbax raises both
        reason = getattr(error, "strerror", None) or str(error).partition(chr(10))[0]
        raise CannotWrite(
            f"Cannot write to {folder}: {reason}. Earlier checkpoints are intact: free disk space or grant write "
            "permission, then continue with --resume."
        ) from error


def holds_run(folder: Path) -> bool:
    """Whether a new run would overwrite anything in the folder, which need not exist."""
    steps = (folder / CHECKPOINTS).glob("*")
    return any((folder / name).exists() for name in (CARD, METRICS)) or any(
        step.name.isdigit() for step in steps
    )


class RunFolder:
    """The folder of one run.

    settings: plain data that determines the run; checkpoints with other settings are refused, except fewer epochs.
    With several processes only the leader uses it. Orbax writes a checkpoint to a temporary folder and renames it when
    complete; the last two are kept.
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
        with _quiet_orbax():
            self._manager = ocp.CheckpointManager(place, options=options)

    def save(self, state: TrainState) -> None:
        """Write a checkpoint unless this step has one. Raises CannotWrite; earlier checkpoints stay intact."""
        step, leaves = int(state.step), _numbered(state)
        if step in self._manager.all_steps():
            return
        with writing(self.folder):
            self._require_room(sum(leaf.nbytes for leaf in leaves.values()))
            label = self._label(leaves) | {"sha256": _digest(leaves)}
            settings = ocp.args.JsonSave(label | {"label": _digest_of_label(label)})
            arguments = ocp.args.Composite(state=ocp.args.StandardSave(leaves), settings=settings)
            self._manager.save(step, args=arguments)
            place = self.folder / CHECKPOINTS / str(step)
            write_atomically(place / DIGESTS, json.dumps(_digests_of_files(place)).encode())

    def labels(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Step and label (its settings among them) of each checkpoint that is not damaged, the newest first."""
        for step in sorted(self._manager.all_steps(), reverse=True):
            label = self._read_label(step) if self._is_whole(step) else None
            if label is None:
                self._warn(step)
            else:
                yield step, label

    def read(self, step: int, label: dict[str, Any], like: TrainState) -> TrainState | None:
        """The state of a checkpoint, None with a warning if its arrays are damaged.

        Raises ValueError if it is from a run with other settings or from another version of deq.
        """
        wanted = _numbered(like)
        require_same(self.folder, label, self._label(wanted))
        leaves = self._read_state(step, wanted)
        if leaves is None or _digest(leaves) != label["sha256"]:
            self._warn(step)
            return None
        return jax.tree.unflatten(jax.tree.structure(like), [leaves[str(i)] for i in range(len(leaves))])

    def restore(self, like: TrainState) -> TrainState | None:
        """The state of the last intact checkpoint, or None; damaged ones are skipped with a warning.

        Raises ValueError, and changes nothing, if the checkpoint is from a run with other settings or from another
        version of deq.
        """
        found = (self.read(step, label, like) for step, label in self.labels())
        state = next((state for state in found if state is not None), None)
        self._delete_after(0 if state is None else int(state.step))
        return state

    def seconds(self) -> float:
        """How long the run took until its last line of metrics; 0 without one."""
        path = self.folder / METRICS
        lines = path.read_text(errors="replace").splitlines() if path.exists() else []
        return float(json.loads(lines[-1]).get("seconds", 0.0)) if lines else 0.0

    def log(self, record: dict[str, Any]) -> None:
        """Append one line to metrics.jsonl. Raises CannotWrite."""
        with writing(self.folder), (self.folder / METRICS).open("a") as file:
            file.write(json.dumps(record) + "\n")

    def _label(self, leaves: dict[str, np.ndarray]) -> dict[str, Any]:
        """What a checkpoint must match to resume from it, as plain data."""
        layout = {name: f"{leaf.dtype}{list(leaf.shape)}" for name, leaf in leaves.items()}
        return self.settings | {"layout": layout}

    def _read_label(self, step: int) -> dict[str, Any] | None:
        """The label of a checkpoint; None if it is missing or changed."""
        try:
            arguments = ocp.args.Composite(settings=ocp.args.JsonRestore())
            label = self._manager.restore(step, args=arguments).settings
            written = label.pop("label", None)  # older versions wrote no digest
            return label if written in (None, _digest_of_label(label)) else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def _read_state(self, step: int, like: dict[str, np.ndarray]) -> dict[str, np.ndarray] | None:
        """The arrays of a checkpoint; None if they cannot be read."""
        try:
            shapes = jax.tree.map(ocp.utils.to_shape_dtype_struct, like)
            arguments = ocp.args.Composite(state=ocp.args.StandardRestore(shapes))
            return self._manager.restore(step, args=arguments).state
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _is_whole(self, step: int) -> bool:
        """Whether a checkpoint's files are those that were written; older versions wrote no checksums of files."""
        place = self.folder / CHECKPOINTS / str(step)
        try:
            return json.loads((place / DIGESTS).read_bytes()) == _digests_of_files(place)
        except FileNotFoundError:
            return True
        except (OSError, ValueError):
            return False

    def _warn(self, step: int) -> None:
        self.warnings.append(f"Skipped the checkpoint of update {step}, which is damaged.")

    def _require_room(self, size: int) -> None:
        """Raise OSError if `size` bytes will not fit: half a checkpoint would be useless and fill the disk."""
        free = shutil.disk_usage(self.folder).free
        if free < size + OVERHEAD:
            raise OSError(28, f"a checkpoint takes {size / 1e6:.1f} MB, and {free / 1e6:.1f} MB are free")

    def _delete_after(self, step: int) -> None:
        """Delete metrics and damaged checkpoints after the step that the run resumes from."""
        for later in [s for s in self._manager.all_steps() if s > step]:
            self._manager.delete(later)
        path = self.folder / METRICS
        before = path.read_text(errors="replace") if path.exists() else ""
        kept = "".join(line + "\n" for line in before.splitlines() if _step(line) <= step)
        if kept != before:
            with writing(self.folder):
                write_atomically(path, kept.encode())


def _step(line: str) -> float:
    """The step of a metrics line; infinity if a crash truncated it."""
    try:
        return json.loads(line)["step"]
    except (ValueError, KeyError, TypeError):
        return float("inf")


def _numbered(state: TrainState) -> dict[str, np.ndarray]:
    """The leaves by number, so that checkpoints do not depend on class names."""
    return {str(i): leaf for i, leaf in enumerate(jax.tree.leaves(jax.device_get(state)))}


def _digest_of_label(label: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(label, sort_keys=True).encode()).hexdigest()


def _digests_of_files(place: Path) -> dict[str, str]:
    """sha256 of each file of a checkpoint, by its path within: checked first, so that Orbax reads no damaged file."""
    files = (path for path in place.rglob("*") if path.is_file() and path.name != DIGESTS)
    return {str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _digest(leaves: dict[str, Any]) -> str:
    """sha256 of all arrays: damaged compressed data may be read back without an error."""
    total = hashlib.sha256()
    for key in sorted(leaves):
        total.update(np.ascontiguousarray(leaves[key]).tobytes())
    return total.hexdigest()
