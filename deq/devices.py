"""One program over many devices and machines: each takes its part of every batch."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.flatten_util import ravel_pytree
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

Parts = Callable[[Any, Any], Any]  # (whole, batch) -> result

QUOTA = Path("/sys/fs/cgroup/cpu.max")  # microseconds of processor time in a period, and the period
HEARTBEAT_SECONDS = 20  # a peer that is silent for this long is taken for dead, and ends the run
_LEAST = 32  # examples of a batch on a core, below which calls outweigh arithmetic


def use_cores() -> None:
    """Make each processor core that this process may use a device of JAX's, if JAX has not looked for devices yet.

    XLA multiplies matrices as small as a cell's on one core, however many there are: a batch is solved
    sooner in parts, one to a core. A number that is set already (JAX_NUM_CPU_DEVICES, XLA_FLAGS) stays;
    accelerators, where there are any, stay the devices that JAX takes.
    """
    if jax.config.values["jax_num_cpu_devices"] < 0 and "device_count" not in os.environ.get("XLA_FLAGS", ""):
        with suppress(RuntimeError):  # devices have been looked for
            jax.config.update("jax_num_cpu_devices", cores())


def cores() -> int:
    """Processor cores that this process may use, or a container's share of them."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no such file, or "max" for all
        quota, period = map(int, QUOTA.read_text().split())
        there = min(there, max(1, quota // period))
    return there


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

    A processor's cores, see `use_cores`, are not taken for less than 32 examples each unless asked for.

    Raises:
        ValueError: there are fewer devices, or they cannot share the batch evenly.
    """
    there = jax.devices()
    if devices is None and jax.process_count() == 1:
        devices = _fitting(len(there), batch_size)
    devices = len(there) if devices is None else devices
    if not 1 <= devices <= len(there):
        raise ValueError(f"There are {len(there)} devices, not {devices}.")
    if batch_size % devices:
        raise ValueError(
            f"{devices} devices cannot share a batch of {batch_size} evenly; change --batch-size."
        )
    return _mesh(there[:devices])


def mesh_here(batch_size: int, most: int | None = None) -> Mesh:
    """As many of this process's own devices as divide the batch, for work that each process does by itself.

    most: how many at most; all unless given.
    """
    there = jax.local_devices()[:most]
    return _mesh(there[: _fitting(len(there), batch_size)])


def _fitting(there: int, batch_size: int) -> int:
    """How many of so many devices can share the batch evenly, cores with enough to do."""
    if jax.default_backend() == "cpu":
        there = min(there, max(1, batch_size // _LEAST))
    return max(n for n in range(1, there + 1) if batch_size % n == 0)


def _mesh(devices: list[jax.Device]) -> Mesh:
    return Mesh(np.array(devices), ("batch",), axis_types=(AxisType.Auto,))


def in_parts(f: Parts, mesh: Mesh) -> Parts:
    """f(whole, batch), each device of the mesh taking its part of `batch`, (batch, ...), and giving that of the result.

    The loops in f end on each device by themselves; under `jit` alone they would wait for one another
    at every pass. Examples must not depend on one another, and what is random in f is the same in each part.
    """
    if mesh.size == 1:
        return f
    split = PartitionSpec(mesh.axis_names[0])
    return jax.shard_map(f, mesh=mesh, in_specs=(PartitionSpec(), split), out_specs=split, check_vma=False)


def sum_of_parts(f: Parts, mesh: Mesh) -> Parts:
    """The sum over devices of f(whole, part), a pytree, each device taking its part of the batch as in `in_parts`.

    One message carries it all, because messages between a processor's cores take longer to begin than to send.
    """
    axis = mesh.axis_names[0]

    def summed(whole: Any, part: Any) -> Any:
        values, shaped = ravel_pytree(f(whole, part))
        return shaped(jax.lax.psum(values, axis))

    whole, split = PartitionSpec(), PartitionSpec(axis)
    return jax.shard_map(summed, mesh=mesh, in_specs=(whole, split), out_specs=whole, check_vma=False)


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
