"""Where a model comes from: versions, commit and machine, for its card."""

from __future__ import annotations

import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import jax

from deq import __version__
from deq.devices import cores

HERE = Path(__file__).parent


def versions() -> dict[str, str]:
    """The versions of deq and its dependencies, and the commit if it is known."""
    found = {package: version(package) for package in ("jax", "flax", "optax", "diffrax")}
    here = commit()
    return {"deq": __version__} | found | ({"commit": here} if here else {})


def commit() -> str | None:
    """The commit of this code, with `-dirty` after uncommitted changes; None outside a git checkout."""
    describe = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        # Tracked files alone: an installed copy may lie inside the checkout of something else.
        for command in (["git", "ls-files", "--error-unmatch", "origin.py"], describe):
            done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True)
        return done.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def machine() -> str:
    """The machine that a run was timed on: devices and usable CPU cores."""
    devices, kind = jax.device_count(), jax.devices()[0].device_kind
    counts = f"{devices} {kind} device{'s' * (devices > 1)}, {cores()} core{'s' * (cores() > 1)}"
    return f"{counts}, {platform.machine()}"
