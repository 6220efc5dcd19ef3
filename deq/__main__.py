"""The command `deq`, also `python -m deq`."""

import os
import signal
from contextlib import suppress
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STOPPED = tuple(128 + number for number in SIGNALS)


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
    for number in SIGNALS:
        signal.signal(number, stop)
    from deq.cli import app

    try:
        app()
    except SystemExit as end:
        # Everything is printed. As it exits, Python restores its default handlers; a signal would then kill it.
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        if end.code in STOPPED:  # the message has been printed: end as `stop` does
            os._exit(int(end.code))
        raise


if __name__ == "__main__":
    main()
