"""Watch the side effects of code by Python's audit events: files, programs, network."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

FORBIDDEN = ("open", "exec", "import", "subprocess.", "socket.", "os.", "shutil.", "urllib.", "pickle.")

# One entry per active watcher, with the thread that it watches or None for all; an audit hook cannot be removed.
_seen: list[tuple[list[tuple[str, tuple]], int | None]] = []


def _hook(event: str, arguments: tuple) -> None:
    if _seen and event.startswith(FORBIDDEN):
        for events, thread in _seen:
            if thread in (None, threading.get_ident()):
                events.append((event, arguments))


sys.addaudithook(_hook)


@contextmanager
def watching(thread: int | None = None) -> Iterator[list[tuple[str, tuple]]]:
    """Collect the FORBIDDEN events of the block, in any thread or in one, each with its arguments."""
    events: list[tuple[str, tuple]] = []
    watcher = (events, thread)
    _seen.append(watcher)
    try:
        yield events
    finally:
        _seen.remove(watcher)


@contextmanager
def touching_nothing() -> Iterator[None]:
    """Fail if the block opens a file, runs or imports code, or uses the network.

    What earlier tests left running in other threads does not count.
    """
    with watching(threading.get_ident()) as events:
        yield
    assert not events, [(event, arguments[:1]) for event, arguments in events]


def written(events: list[tuple[str, tuple]]) -> list[str]:
    """The files opened for writing."""
    return [
        str(arguments[0])
        for event, arguments in events
        if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    ]
