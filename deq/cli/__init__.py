"""The command line, `deq`: one file per command."""

from deq.cli.main import app

__all__ = ["app"]
