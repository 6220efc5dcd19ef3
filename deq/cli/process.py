"""How a training process ends: signals, failed writes, and other processes of the same run."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import jax
import typer

from deq.cli.report import stderr
from deq.training.run_folder import CannotWrite

STOPS = (signal.SIGINT, signal.SIGTERM)  # what they do outside these functions: deq.__main__.stop


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """A list to which SIGINT and SIGTERM append their number instead of ending the program at once."""
    caught: list[int] = []
    with _handler(lambda number, _: caught.append(number)):
        yield caught


@contextmanager
def orderly_stop() -> Iterator[None]:
    """SIGINT and SIGTERM raise SystemExit, so that a download removes its temporary folder.

    The garbage collector is off meanwhile: an exception raised while it calls JAX would be printed and swallowed.
    """
    caught: list[int] = []

    def stop(number: int, _: Any) -> NoReturn:
        caught.append(number)
        raise SystemExit(128 + number)

    gc.disable()
    try:
        with _handler(stop):
            yield
    finally:
        gc.enable()
        if caught:  # even if a library swallowed the exception
            leave(caught, can_resume=False)


@contextmanager
def _handler(handler: Callable[[int, Any], Any]) -> Iterator[None]:
    before = [signal.signal(number, handler) for number in STOPS]
    try:
        yield
    finally:
        for number, previous in zip(STOPS, before, strict=True):
            signal.signal(number, previous)


def leave(caught: list[int], can_resume: bool) -> NoReturn:
    """Exit after a signal, received here or in another process of the run."""
    hint = " Continue from the last checkpoint with --resume." if can_resume else ""
    stderr.print(f"Stopped by a signal.{hint}", markup=False)
    if jax.distributed.is_initialized():
        jax.distributed.shutdown()  # deq.__main__ skips what Python does at exit
    raise SystemExit(128 + (caught[0] if caught else signal.SIGTERM))


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
