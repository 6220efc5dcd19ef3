"""Watching what code does beyond computing, by Python's own audit events: files, programs, addresses."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

FORBIDDEN = ("open", "exec", "import", "subprocess.", "socket.", "os.", "shutil.", "urllib.", "pickle.")

_seen: list[list[str]] = []  # lists of those who watch now; a hook can never be taken off again


def _hook(event: str, arguments: tuple) -> None:
    if _seen and event.startswith(FORBIDDEN):
        for events in _seen:
            events.append(f"{event} {arguments[:1]}"[:200])


sys.addaudithook(_hook)


@contextmanager
def touching_nothing() -> Iterator[None]:
    """Fails where the block opens a file, runs or imports code, or uses the network."""
    events: list[str] = []
    _seen.append(events)
    try:
        yield
    finally:
        _seen.remove(events)
    assert not events, events
