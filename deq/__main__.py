"""The command `deq`, also `python -m deq`."""

import os
import signal
from contextlib import suppress
from types import FrameType
from typing import NoReturn

STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)


def stop(number: int, _: FrameType | None = None) -> NoReturn:
    """End the process at once, with one line on stderr and exit status 130 or 143.

    Not by an exception, which a library may swallow, nor by the interpreter's own exit, which can crash while native
    threads of JAX still run.
    """
    with suppress(OSError):
        show_cursor = b"\x1b[?25h" if os.isatty(2) else b""  # a progress bar hides it
        os.write(2, show_cursor + b"Stopped by a signal.\n")
    os._exit(128 + number)


def main() -> None:
    """Run the command line; SIGINT and SIGTERM end it from here on, before anything large is imported."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    from deq.cli import app

    try:
        app()
    except SystemExit as end:
        if (
            end.code in STOPPED
        ):  # the message has been printed: ends as `stop` does, without the interpreter's own exit
            os._exit(int(end.code))
        raise


if __name__ == "__main__":
    main()
