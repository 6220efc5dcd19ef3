"""Commands whose help shows flags without a type."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup


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
