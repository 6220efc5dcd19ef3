"""Data parallelism: many devices and machines share each batch."""

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

BatchFunction = Callable[[Any, Any], Any]  # (whole, batch) -> result

QUOTA = Path(
    "/sys/fs/cgroup/cpu.max"
)  # a container's CPU quota: CPU time per period, and the period, in microseconds
HEARTBEAT_SECONDS = 20  # a peer silent for this long counts as dead and ends the run
_MIN_PER_CORE = 32  # examples; with fewer, overhead outweighs arithmetic


def use_cores() -> None:
    """Turn each CPU core that this process may use into a JAX device. Call it before JAX initialises its devices.

    XLA multiplies matrices as small as a cell's on a single core: splitting the batch over cores is faster.
    Does nothing if JAX_NUM_CPU_DEVICES or XLA_FLAGS set the number already, or JAX has initialised; does not
    affect accelerators.
    """
    if jax.config.values["jax_num_cpu_devices"] < 0 and "device_count" not in os.environ.get("XLA_FLAGS", ""):
        with suppress(RuntimeError):  # JAX has initialised its devices
            jax.config.update("jax_num_cpu_devices", cores())


def cores() -> int:
    """CPU cores this process may use, within a container's quota."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no such file, or "max" for no quota
        quota, period = map(int, QUOTA.read_text().split())
        count = min(count, max(1, quota // period))
    return count


def join(coordinator: str, num_processes: int | None, process_id: int | None) -> None:
    """Join a run of several processes. Call it before anything uses a device.

    coordinator: HOST:PORT of process 0, with the number of processes and this one's index from 0; or `auto`
    if JAX can find all three itself (Slurm, Open MPI, Kubernetes, Cloud TPU).

    Raises:
        ValueError: num_processes or process_id is missing, or the coordinator does not answer.
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
        if coordinator == "auto":
            raise ValueError(
                "--coordinator auto finds no cluster here (Slurm, Open MPI, Kubernetes, Cloud TPU): name process 0 "
                "with --coordinator HOST:PORT, --num-processes and --process-id."
            ) from error
        reason = str(error).partition("\n")[0]
        raise ValueError(f"Cannot join the run at {coordinator}: {reason}") from error


def is_leader() -> bool:
    """Whether this is process 0, the one that prints and writes."""
    return jax.process_index() == 0


def mesh_of(devices: int | None, batch_size: int) -> Mesh:
    """The first `devices` devices as a mesh.

    devices = None takes all of them in a run of several processes, else the largest number that divides the
    batch, with at least 32 examples per CPU core (see `use_cores`).

    Raises:
        ValueError: there are fewer devices, or the batch cannot be split evenly over them.
    """
    available = jax.devices()
    if devices is None and jax.process_count() == 1:
        devices = _usable(len(available), batch_size)
    devices = len(available) if devices is None else devices
    if not 1 <= devices <= len(available):
        raise ValueError(f"{devices} devices were asked for; available: {len(available)}.")
    if batch_size % devices:
        raise ValueError(
            f"{devices} devices cannot share a batch of {batch_size} evenly; change --batch-size."
        )
    return _mesh(available[:devices])


def mesh_here(batch_size: int, most: int | None = None) -> Mesh:
    """As many of this process's own devices as divide the batch, at most `most`, for work that is not shared."""
    available = jax.local_devices()[:most]
    return _mesh(available[: _usable(len(available), batch_size)])


def _usable(available: int, batch_size: int) -> int:
    """The largest number of devices that divides the batch, with at least _MIN_PER_CORE examples per core."""
    if jax.default_backend() == "cpu":
        available = min(available, max(1, batch_size // _MIN_PER_CORE))
    return max(n for n in range(1, available + 1) if batch_size % n == 0)


def _mesh(devices: list[jax.Device]) -> Mesh:
    return Mesh(np.array(devices), ("batch",), axis_types=(AxisType.Auto,))


def in_parts(f: BatchFunction, mesh: Mesh) -> BatchFunction:
    """f(whole, batch) with each device computing its part of the batch and of the result, both (batch, ...).

    Loops in f end independently on each device; under `jit` alone they would synchronise at every iteration.
    Examples must be independent of each other. Random draws in f are the same in every part.
    """
    if mesh.size == 1:
        return f
    # check_vma=False here and below: it would refuse a user's cell with a loop that starts from constants.
    split = PartitionSpec(mesh.axis_names[0])
    return jax.shard_map(f, mesh=mesh, in_specs=(PartitionSpec(), split), out_specs=split, check_vma=False)


def sum_of_parts(f: BatchFunction, mesh: Mesh) -> BatchFunction:
    """The sum over devices of f(whole, part of the batch), a pytree; see `in_parts`.

    It is sent as one message, because between CPU cores latency costs more than size.
    """
    axis = mesh.axis_names[0]

    def summed(whole: Any, part: Any) -> Any:
        values, unravel = ravel_pytree(f(whole, part))
        return unravel(jax.lax.psum(values, axis))

    whole, split = PartitionSpec(), PartitionSpec(axis)
    return jax.shard_map(summed, mesh=mesh, in_specs=(whole, split), out_specs=whole, check_vma=False)


def split_batch(f: BatchFunction) -> BatchFunction:
    """f(whole, batch), a mean over the examples of a batch; each device computes the mean over its part.

    For your own training loop, as in `fit`; loss(parameters, batch) is a mean over the batch:

        use_cores()  # before anything else: each CPU core is a device
        slope = split_batch(jax.value_and_grad(loss))

        @jax.jit
        def step(parameters, moments, batch):
            value, gradient = slope(parameters, batch)
            ...

    whole, batch and the result are pytrees; each array of the batch has its examples along the first axis. The largest
    number of devices that divides it evenly shares it, on a CPU with at least 32 examples each. What mixes examples,
    such as batch normalisation, sees those of one device, and random draws are the same in every part.
    """

    def shared(whole: Any, batch: Any) -> Any:
        mesh = mesh_here(len(jax.tree.leaves(batch)[0]))
        if mesh.size == 1:
            return f(whole, batch)
        return jax.tree.map(lambda total: total / mesh.size, sum_of_parts(f, mesh)(whole, batch))

    return shared


def everywhere(tree: Any, mesh: Mesh) -> Any:
    """Replicate arrays, which every process holds, on each device of the mesh."""
    return jax.device_put(jax.device_get(tree), NamedSharding(mesh, PartitionSpec()))


def any_process(flag: bool) -> bool:
    """Whether the flag is set in any process. Collective: all processes must call it."""
    if jax.process_count() == 1:
        return flag
    return bool(np.any(multihost_utils.process_allgather(np.array(flag))))


def from_leader(tree: Any) -> Any:
    """The leader's arrays, in every process. Collective: all must call it, with arrays of the same shapes."""
    return tree if jax.process_count() == 1 else multihost_utils.broadcast_one_to_all(tree)
