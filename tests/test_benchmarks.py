"""The benchmarks count and fit correctly; sizes here are too small to time anything."""

from __future__ import annotations

import threading
import time

import jax.numpy as jnp
import pytest

from benchmarks import memory, overhead, profile, roofline, scaling
from benchmarks.mutants import MUTATIONS
from benchmarks.mutations import changed
from benchmarks.timing import arguments
from deq import Picard
from deq.models import build
from tests.conftest import ROOT


def test_repeat_is_refused_where_nothing_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks.agreement", "--repeat", "3"])
    assert arguments("of what is timed").repeat == 3
    with pytest.raises(SystemExit, match="2"):
        arguments("of what is counted", timed=False)


def test_overhead_counts_the_calls_of_a_solve() -> None:
    images = jnp.full((2, 28, 28, 1), 9, jnp.uint8)
    *_, calls = overhead.solve_and_floors(build("mlp"), images, Picard(tol=0.0, max_nfe=7))
    assert calls == 7


def test_roofline_counts_products_with_the_state_alone() -> None:
    for name, sizes in {"mlp": 128 * 128, "blog": 2 * 100 * 500}.items():
        model = build(name)
        injection = model.encode(jnp.zeros((2, 28, 28, 1), jnp.uint8))
        found = roofline.flops_of_f(model, model.start(injection), injection)
        assert found == pytest.approx(2 * 2 * sizes, rel=0.02)  # the remainder is additions


@pytest.mark.long
def test_only_unrolling_needs_memory_for_its_steps() -> None:
    model = build("mlp")
    few, many = (
        [
            memory.working_bytes(model, 128, *memory.GRADIENTS[name](n))
            for name in ("implicit, Anderson", "unrolled")
        ]
        for n in (10, 100)
    )
    assert many[0] == pytest.approx(few[0], rel=0.05)
    assert many[1] > 1.05 * few[1]


def test_scaling_fits_the_largest_sizes() -> None:
    sizes = (1, 2, 4, 8, 16)
    assert scaling.exponent(sizes, [max(20.0, 5.0 * n**2) for n in sizes]) == pytest.approx(2)


def test_the_torchdeq_twin_is_the_same_network() -> None:
    pytest.importorskip("torchdeq", reason="the extra `bench` is not installed")
    from benchmarks import vs_torchdeq as versus

    images = versus.load_dataset("digits").test_images[:4]
    for name in ("blog", "mlp"):
        case = versus.CASES["Picard, implicit"]
        twin = versus.Twin(build(name), name, counts=False, **case.settings())
        assert versus.largest_difference(build(name), twin, images) < 1e-5
        calls, products = versus.our_tally(name, case, images)
        their_calls, their_products = versus.their_tally(name, case, images)
        assert (calls, products) == (13, 13)  # 12 in the solve and one for the parameters
        assert (their_calls, their_products) == (14, 12)


def test_the_profiler_charges_the_innermost_part_that_it_knows() -> None:
    page, plots = "/srv/pages/ui/predict/how.py", "/srv/deq/plots/style.py"
    assert profile.part_of(["/numpy/core.py", plots, page, "/streamlit/x.py"]) == "figures"
    assert profile.part_of(["/plotly/io/_json.py", page]) == "serialisation"
    assert profile.part_of([plots, "<frozen importlib._bootstrap>", page]) == "imports"
    assert profile.part_of(["/threading.py"]) == "other"


def test_the_profiler_charges_who_computes_and_not_who_waits() -> None:
    sampler = profile.Sampler()
    threading.Thread(target=time.sleep, args=(0.5,), daemon=True).start()
    sampler.sample()
    before, began = sampler.seconds.total(), time.thread_time()
    while time.thread_time() < began + 0.1:
        sum(range(1000))
    sampler.sample()
    assert sampler.seconds.total() - before == pytest.approx(0.1, rel=0.3)


def test_every_mutation_changes_one_line_that_stands_once() -> None:
    for mutation in MUTATIONS:
        assert changed((ROOT / mutation.file).read_text(), mutation)
