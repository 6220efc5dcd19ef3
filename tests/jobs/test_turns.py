"""Turns: in order of arrival, one at a time, and nobody is left behind when a thread leaves or fails."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from deq.jobs import turns as module
from deq.jobs.turns import Courtesy, Turns

PATIENT = 30.0  # seconds: the machine may be busy


class Left(BaseException):
    """As Streamlit stops a run: no Exception."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY", 0.01)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def nothing(_: int) -> None: ...


@contextmanager
def one_busy(turns: Turns, threads: ThreadPoolExecutor) -> Iterator[None]:
    """Another thread has its turn during the block."""
    begun, end = threading.Event(), threading.Event()

    def hold() -> None:
        with turns.turn(nothing):
            begun.set()
            assert end.wait(PATIENT)

    held = threads.submit(hold)
    assert begun.wait(PATIENT)
    try:
        yield
    finally:
        end.set()
        held.result(PATIENT)


def wait_in_line(
    turns: Turns,
    threads: ThreadPoolExecutor,
    do: Callable[[], object],
    say: Callable[[int], object] = nothing,
) -> Future:
    """A thread that wants a turn, once it is in the line."""
    waiting = threading.Event()

    def tell(ahead: int) -> None:
        waiting.set()
        say(ahead)

    def work() -> object:
        with turns.turn(tell):
            return do()

    wanted = threads.submit(work)
    assert waiting.wait(PATIENT)
    return wanted


def test_whoever_comes_first_goes_first_and_nobody_beside(threads: ThreadPoolExecutor) -> None:
    turns, order, inside = Turns(), [], []

    def work(number: int) -> None:
        inside.append(number)
        assert inside == [number]
        order.append(number)
        inside.clear()

    with one_busy(turns, threads):
        wanted = [wait_in_line(turns, threads, lambda i=i: work(i)) for i in range(5)]
        assert order == []
    for one in wanted:
        one.result(PATIENT)
    assert order == [0, 1, 2, 3, 4]


def test_the_place_counts_down(threads: ThreadPoolExecutor) -> None:
    turns, places = Turns(), []
    with one_busy(turns, threads):
        first = wait_in_line(turns, threads, lambda: None)
        last = wait_in_line(turns, threads, lambda: None, places.append)
        assert places[0] == 2
    first.result(PATIENT)
    last.result(PATIENT)
    assert places == sorted(places, reverse=True)


def test_two_at_once_where_that_is_allowed(threads: ThreadPoolExecutor) -> None:
    turns, places = Turns(at_once=2), []
    with one_busy(turns, threads), turns.turn(places.append):  # beside it, at once
        assert places == []
        wait_in_line(turns, threads, lambda: None, places.append)
        assert places[0] == 1


def test_a_turn_inside_a_turn_does_not_wait_and_keeps_it(threads: ThreadPoolExecutor) -> None:
    turns, order = Turns(), []
    with turns.turn(nothing):
        other = wait_in_line(turns, threads, lambda: order.append("other"))
        with turns.turn(nothing):
            order.append("inner")
        with pytest.raises(TimeoutError):
            other.result(0.2)
        order.append("outer")
    other.result(PATIENT)
    assert order == ["inner", "outer", "other"]
    assert is_free(turns, threads)


def test_who_leaves_the_line_holds_nobody_up(threads: ThreadPoolExecutor) -> None:
    turns, order, places = Turns(), [], []
    leave = threading.Event()

    def stop(_: int) -> None:
        if leave.is_set():
            raise Left

    with one_busy(turns, threads):
        leaving = wait_in_line(turns, threads, lambda: order.append("never"), stop)
        staying = wait_in_line(turns, threads, lambda: order.append("stayed"), places.append)
        assert places[0] == 2
        leave.set()
        assert isinstance(leaving.exception(PATIENT), Left)
    staying.result(PATIENT)
    assert order == ["stayed"]


def test_an_error_in_a_turn_ends_it(threads: ThreadPoolExecutor) -> None:
    turns = Turns()
    for error in (ValueError, Left):
        with pytest.raises(error), turns.turn(nothing):
            raise error
    assert is_free(turns, threads)


def is_free(turns: Turns, threads: ThreadPoolExecutor) -> bool:
    """Whether another thread gets a turn without waiting."""

    def leave(_: int) -> None:
        raise Left

    def enter() -> None:
        with turns.turn(leave):
            pass

    return threads.submit(enter).exception(PATIENT) is None


class Clock:
    """Passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def test_long_work_rests_until_nobody_waits(clock: Clock) -> None:
    courtesy = Courtesy(lambda: clock.now < 1.5)
    clock.sleep(1.0)  # the work
    courtesy.give_way()
    assert 1.5 <= clock.now < 1.5 + 2 * module.PAUSE
    before = clock.now
    clock.sleep(1.0)
    courtesy.give_way()
    assert clock.now == before + 1.0


@pytest.mark.parametrize(("work", "rest"), [(0.0, 0.0), (0.1, 0.4), (60.0, 1.0)])
def test_long_work_is_never_held_up_for_long(clock: Clock, work: float, rest: float) -> None:
    courtesy = Courtesy(lambda: True)
    for _ in range(2):
        clock.sleep(work)
        before = clock.now
        courtesy.give_way()
        assert clock.now - before == pytest.approx(rest, abs=2 * module.PAUSE)
