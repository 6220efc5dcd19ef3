"""Commands whose help shows flags without a type, and whose usage errors are one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

UsageError: Any = typer.BadParameter.__bases__[0]  # of every wrong option, argument or command


@contextmanager
def one_line() -> Iterator[None]:
    """Print a usage error like any other: one line on stderr, exit status 2. Typer draws a box around it."""
    try:
        yield
    except UsageError as error:
        message = " ".join(error.format_message().split())
        end = "" if message.endswith((".", "?")) else "."
        help_of = f" See {error.ctx.command_path} --help." if error.ctx else ""
        typer.secho(f"Error: {message}{end}{help_of}", fg="red", err=True)
        raise typer.Exit(2) from error


class _PlainFlags:
    """Leaves out Typer's `<bool>` beside a flag, `--help` included."""

    def get_params(self, ctx: Any) -> list[Any]:
        params = super().get_params(ctx)  # type: ignore[misc]  # of the Typer class beside this one
        for param in params:
            if getattr(param, "is_flag", False):
                param.metavar = ""
        return params


class Command(_PlainFlags, TyperCommand):
    """One command of `deq`."""


class Group(_PlainFlags, TyperGroup):
    """`deq` itself."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args:  # shows the help
            return super().parse_args(ctx, args)
        with one_line():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with one_line():
            return super().invoke(ctx)
