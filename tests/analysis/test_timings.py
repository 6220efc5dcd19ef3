"""Timings take turns after a warm-up, and there is a winner only where quartiles do not overlap."""

import time

import numpy as np

from deq.analysis.comparison.timings import device_name, fastest, quartiles, take_turns, time_columns


def test_a_row_without_a_time_is_empty() -> None:
    columns = time_columns([np.array([0.001, 0.002, 0.003]), None])
    assert columns == {
        "ms": [2, None],
        "ms, lower quartile": [1.5, None],
        "ms, upper quartile": [2.5, None],
    }
    assert device_name()


def test_every_round_calls_each_once_and_another_one_first() -> None:
    calls: list[str] = []
    names = "abc"
    found = take_turns({name: lambda name=name: calls.append(name) for name in names}, rounds=3)
    assert "".join(calls) == "abc" + "abc" + "bca" + "cab"
    assert [found[name].shape for name in names] == [(3,)] * 3


def test_slow_rounds_are_fewer_and_all_have_as_many() -> None:
    found = take_turns({"slow": lambda: time.sleep(0.03), "quick": lambda: None}, rounds=9)
    assert [len(taken) for taken in found.values()] == [5, 5]


def test_quartiles_are_in_milliseconds() -> None:
    assert np.allclose(quartiles(np.array([0.001, 0.002, 0.003, 0.004, 0.005])), (2, 3, 4))


def test_overlapping_quartiles_have_no_winner() -> None:
    steady = np.linspace(1.0, 1.1, 9)
    assert fastest({"slow": steady + 1, "fast": steady}) == ["fast"]
    assert fastest({"slow": steady + 1, "near": steady + 0.02, "fast": steady}) == ["fast", "near"]
    assert fastest({}) == []
