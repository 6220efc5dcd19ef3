"""One program over many devices and machines: each takes its part of every batch."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

HEARTBEAT_SECONDS = 20  # a peer that is silent for this long is taken for dead, and ends the run


def join(coordinator: str, num_processes: int | None, process_id: int | None) -> None:
    """Join the processes of one run; call it before anything touches a device.

    coordinator: HOST:PORT of process 0, with the number of processes and this one's number from 0; or
    `auto` where JAX finds all three itself (Slurm, Open MPI, Kubernetes, Cloud TPU).

    Raises:
        ValueError: the parts do not fit together, or no such cluster answers.
    """
    if coordinator != "auto" and (num_processes is None or process_id is None):
        raise ValueError("--coordinator HOST:PORT needs --num-processes and --process-id.")
    address = None if coordinator == "auto" else coordinator
    try:
        jax.distributed.initialize(
            address,
            num_processes,
            process_id,
            initialization_timeout=60,
            heartbeat_timeout_seconds=HEARTBEAT_SECONDS,
        )
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ValueError(f"Cannot join the run at {coordinator}: {reason}") from error


def is_leader() -> bool:
    """Whether this is the one process that prints and writes."""
    return jax.process_index() == 0


def mesh_of(devices: int | None, batch_size: int) -> Mesh:
    """The first `devices` devices, or if None all those of a run of many processes, or as many as divide the batch.

    Raises:
        ValueError: there are fewer devices, or they cannot share the batch evenly.
    """
    there = jax.devices()
    if devices is None and jax.process_count() == 1:
        devices = max(n for n in range(1, len(there) + 1) if batch_size % n == 0)
    devices = len(there) if devices is None else devices
    if not 1 <= devices <= len(there):
        raise ValueError(f"There are {len(there)} devices, not {devices}.")
    if batch_size % devices:
        raise ValueError(
            f"{devices} devices cannot share a batch of {batch_size} evenly; change --batch-size."
        )
    return Mesh(np.array(there[:devices]), ("batch",), axis_types=(AxisType.Auto,))


def everywhere(tree: Any, mesh: Mesh) -> Any:
    """Arrays that every process has, put whole on each device of the mesh."""
    return jax.device_put(jax.device_get(tree), NamedSharding(mesh, PartitionSpec()))


def any_process(flag: bool) -> bool:
    """Whether the flag is up in some process; all must ask together."""
    if jax.process_count() == 1:
        return flag
    return bool(np.any(multihost_utils.process_allgather(np.array(flag))))


def from_leader(tree: Any) -> Any:
    """The leader's arrays, in every process; all must ask together, with arrays of the same shapes."""
    return tree if jax.process_count() == 1 else multihost_utils.broadcast_one_to_all(tree)
