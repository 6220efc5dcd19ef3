"""The report of a soak: each test says how much it withstood, and the run ends with the sums."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

Report = Callable[[str, int], None]
T = TypeVar("T")

TOLD = ("visitors held", "faults survived", "inputs tried")
SUMS = pytest.StashKey[Counter]()


def in_own_thread(work: Callable[[], T]) -> T:
    """The result of work(). In the main thread, Playwright's event loop from earlier tests would be in its way."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SUMS] = Counter()


@pytest.fixture
def report(pytestconfig: pytest.Config) -> Report:
    """report("inputs tried", 640) adds to the summary; the first is one of TOLD."""

    def add(what: str, count: int) -> None:
        assert what in TOLD, f"{what!r} is none of {TOLD}"
        pytestconfig.stash[SUMS][what] += count

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The sums, where a soak ran."""
    sums = config.stash[SUMS]
    if sums:
        terminalreporter.section("soak")
        for what in TOLD:
            terminalreporter.write_line(f"{what}: {sums[what]:,}")
        failed = len(terminalreporter.getreports("failed")) + len(terminalreporter.getreports("error"))
        terminalreporter.write_line(f"lost: what {failed} tests above tell" if failed else "lost: nothing")
