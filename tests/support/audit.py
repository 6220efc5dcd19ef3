"""Watch the side effects of code by Python's audit events: files, programs, network."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

FORBIDDEN = ("open", "exec", "import", "subprocess.", "socket.", "os.", "shutil.", "urllib.", "pickle.")

_seen: list[list[tuple[str, tuple]]] = []  # one list per active watcher; an audit hook cannot be removed


def _hook(event: str, arguments: tuple) -> None:
    if _seen and event.startswith(FORBIDDEN):
        for events in _seen:
            events.append((event, arguments))


sys.addaudithook(_hook)


@contextmanager
def watching() -> Iterator[list[tuple[str, tuple]]]:
    """Collect the FORBIDDEN events of the block, in any thread, each with its arguments."""
    events: list[tuple[str, tuple]] = []
    _seen.append(events)
    try:
        yield events
    finally:
        _seen.remove(events)


@contextmanager
def touching_nothing() -> Iterator[None]:
    """Fail if the block opens a file, runs or imports code, or uses the network."""
    with watching() as events:
        yield
    assert not events, [(event, arguments[:1]) for event, arguments in events]


def written(events: list[tuple[str, tuple]]) -> list[str]:
    """The files opened for writing."""
    return [
        str(arguments[0])
        for event, arguments in events
        if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
    ]
