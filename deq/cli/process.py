"""How a training process ends: signals, failed writes, and other processes of the same run."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import jax
import typer

from deq.cli.report import stderr
from deq.training.run_folder import CannotWrite


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """A list to which SIGINT and SIGTERM append their number instead of ending the program at once."""
    caught: list[int] = []
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda number, _: caught.append(number)) for number in wanted]
    try:
        yield caught
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)


def leave(caught: list[int], can_resume: bool) -> NoReturn:
    """Exit after a signal, received here or in another process of the run."""
    hint = " Continue from its last checkpoint with --resume." if can_resume else ""
    stderr.print(f"Stopped by a signal.{hint}", markup=False)
    raise typer.Exit(128 + (caught[0] if caught else signal.SIGTERM))


@contextmanager
def failed_writes() -> Iterator[None]:
    """Turn a full disk into one line on stderr and exit status 1."""
    try:
        yield
    except CannotWrite as error:
        stderr.print(f"Error: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from error


@contextmanager
def lost_peers() -> Iterator[None]:
    """End this process when another one of its run dies: the collective computation cannot continue."""
    try:
        yield
    except jax.errors.JaxRuntimeError as error:
        reason = str(error).partition("\n")[0]
        stderr.print(
            f"Another process of this run has died; continue with --resume. ({reason})", markup=False
        )
        os._exit(3)  # an orderly shutdown would wait for the dead process


@contextmanager
def native_output_on_stderr() -> Iterator[None]:
    """Send what native libraries print to stderr: stdout is for the result."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
