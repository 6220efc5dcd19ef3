"""The browser's arithmetic against Python's: maps, orbits, fixed points and sweeps; and trees that are no formulas."""

import json
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from deq.analysis.solved_maps import planar_flow
from deq.maps.formula import Formula, parse_formula
from deq.maps.notation import as_data
from deq.maps.planar import PlanarCell, planar_fixed_points, planar_orbits, weights_from_eigenvalues
from deq.maps.presets import PRESETS
from deq.maps.scalar import ESCAPED, ScalarMap, fixed_points, orbit, sweep_parameter
from pages.ui.fixed_points.plane_controls import EXAMPLES
from pages.ui.widgets.live import bundle
from tests.conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.long]

SCRIPTS = ROOT / "pages" / "ui" / "fixed_points"
FUNCTIONS = ["compile", "damped", "orbit", "crossings", "lateIterates"]
FUNCTIONS += ["planarCell", "planarOrbit", "planarFlow", "planarFixedPoints", "nullcline"]
STEPS = 50
EDGES = [0.0, -0.0, 1.0, -1.0, 1e-300, 710.0, -745.0, 1e308, -1e308, np.inf, -np.inf, np.nan]
NUDGE = 1e-13  # a formula that a nudge of this size moves by more than SMALL is too stiff to compare
SMALL, CLOSE = 1e-8, 1e-6


@pytest.fixture(scope="module")
def script(browser: Browser) -> Page:
    """A blank page with the component's pure functions as `live`."""
    page = browser.new_page()
    code = "\n".join(bundle(SCRIPTS / f"{name}.js") for name in ("expression", "orbits", "planar"))
    page.evaluate(f"() => {{ {code}\n window.live = {{ {', '.join(FUNCTIONS)} }}; }}")
    return page


def random_formula(rng: np.random.Generator, depth: int) -> str:
    """A formula with every operation, up to `depth` deep."""
    if depth == 0 or rng.random() < 0.15:
        return str(rng.choice(["x", "x", "x", "a", "b", "2", "0.5", "3"]))
    inner = random_formula(rng, depth - 1)
    if rng.random() < 0.45:
        name = rng.choice(
            ["sin", "cos", "tan", "tanh", "exp", "log", "sqrt", "abs", "sigmoid", "relu", "-", "+"]
        )
        return f"{name}({inner})"
    return f"({inner}) {rng.choice(['+', '-', '*', '/', '**'])} ({random_formula(rng, depth - 1)})"


def cases() -> list[tuple[Formula, float, float, float, float]]:
    """Formula, a, b, damping and start: every preset, damped and not, and 200 random ones."""
    rng = np.random.default_rng(0)
    found = [
        (parse_formula(preset.formula), preset.a, preset.b, damping, preset.start)
        for preset in PRESETS.values()
        for damping in (1.0, 0.5)
    ]
    while len(found) < 2 * len(PRESETS) + 200:
        try:
            formula = parse_formula(random_formula(rng, int(rng.integers(2, 6))))
        except ValueError:  # too long, or a constant that overflows
            continue
        a, b, start = rng.uniform(-2, 2, 3)
        found.append((formula, float(a), float(b), float(rng.choice([1.0, 0.7])), float(start)))
    return found


def same(ours: np.ndarray, theirs: Any) -> np.ndarray:
    """Whether values agree to 1e-6, relative above 1; NaN and infinities alike."""
    theirs = np.array(theirs, float)
    close = np.abs(ours - theirs) <= CLOSE * (1 + np.abs(ours))
    return close | (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))


def steady(values: np.ndarray, nudged: np.ndarray) -> np.ndarray:
    """Whether values are finite or not in spite of a nudge, and have hardly moved."""
    moved = np.abs(values - nudged) <= SMALL * (1 + np.abs(values))
    return moved | (values == nudged) | (np.isnan(values) & np.isnan(nudged))


def test_maps_agree(script: Page) -> None:
    grid = np.concatenate([np.linspace(-4, 4, 101), EDGES])
    run = "([tree, grid, a, b]) => { const f = live.compile(tree); return grid.map((x) => f(x, a, b)); }"
    compared = 0
    for formula, a, b, _, _ in cases():
        ours, nudged = formula(grid, a, b), formula(grid * (1 + NUDGE), a * (1 + NUDGE), b * (1 + NUDGE))
        theirs = script.evaluate(run, [as_data(formula.tree), grid.tolist(), a, b])
        with np.errstate(all="ignore"):
            sure = steady(ours, nudged)
            assert same(ours, theirs)[sure].all(), formula.text
        compared += sure.mean()
    assert compared > 0.95 * len(cases())


def test_fifty_iterates_agree(script: Page) -> None:
    run = """([tree, a, b, damping, start, steps]) =>
        Array.from(live.orbit(live.damped(live.compile(tree), { a, b, damping }), start, steps))"""
    compared = 0
    for formula, a, b, damping, start in cases():
        g = ScalarMap(formula, a, b, damping)
        ours, nudged = orbit(g, start, STEPS), orbit(g, start * (1 + NUDGE), STEPS)
        theirs = script.evaluate(run, [as_data(formula.tree), a, b, damping, start, STEPS])
        with np.errstate(all="ignore"):
            sure = np.logical_and.accumulate(steady(ours, nudged))  # chaos parts any two roundings
            assert same(ours, theirs)[sure].all(), formula.text
        compared += sure.mean()
    assert compared > 0.9 * len(cases())


def test_chaos_of_the_logistic_map_agrees_to_the_last_bit(script: Page) -> None:
    """Sums and products are rounded alike, so that even its chaos is the same in both."""
    formula = parse_formula("a*x*(1 - x)")
    run = "(tree) => Array.from(live.orbit((x) => live.compile(tree)(x, 3.9, 0), 0.2, 500))"
    assert script.evaluate(run, as_data(formula.tree)) == orbit(ScalarMap(formula, 3.9), 0.2, 500).tolist()


@pytest.mark.parametrize("name", PRESETS)
def test_fixed_points_agree(script: Page, name: str) -> None:
    preset = PRESETS[name]
    formula = parse_formula(preset.formula)
    run = """([tree, a, b, low, high]) =>
        live.crossings(live.damped(live.compile(tree), { a, b, damping: 1 }), low, high)"""
    theirs = script.evaluate(run, [as_data(formula.tree), preset.a, preset.b, preset.low, preset.high])
    ours = fixed_points(ScalarMap(formula, preset.a, preset.b), preset.low, preset.high)
    np.testing.assert_allclose([point["x"] for point in theirs], ours.x, atol=1e-9)
    assert [point["stable"] for point in theirs] == ours.stable.tolist()


def test_sweeps_agree_where_orbits_settle(script: Page) -> None:
    formula, a = parse_formula("a*cos(x)"), np.linspace(-4, 4, 60)
    sweep = sweep_parameter(formula, a, 0.0, -1.0)
    run = """(tree) => Array.from(live.lateIterates(live.compile(tree), { b: 0, start: -1, damping: 1,
        sweep: [-4, 4], transient: 600, kept: 200 }, 60), (xs) => Array.from(xs))"""
    late = np.array(script.evaluate(run, as_data(formula.tree)))
    settled = sweep.lyapunov < -0.05
    assert settled.sum() > 20
    np.testing.assert_allclose(late[settled].T, sweep.x[:, settled], atol=1e-6)


def test_an_orbit_ends_where_it_escapes(script: Page) -> None:
    formula = parse_formula("x*x")
    run = "(tree) => Array.from(live.orbit((x) => live.compile(tree)(x, 1, 0), 3, 50))"
    xs = np.array(script.evaluate(run, as_data(formula.tree)))
    np.testing.assert_array_equal(xs, orbit(ScalarMap(formula), 3.0, 50))
    assert np.nanmax(xs) >= ESCAPED


def test_the_plane_agrees(script: Page) -> None:
    """Orbits, fixed points with their stability, and the flow of random cells, and of the page's examples."""
    rng = np.random.default_rng(1)
    drawn = [tuple(rng.uniform((0, 0, -1, -1), (3, 180, 1, 1))) for _ in range(40)]
    run = """([radius, angle, x1, x2, start]) => {
        const cell = live.planarCell({ radius, angle, x1, x2 });
        const ends = { orbit: live.planarOrbit(cell, start, 25), flow: live.planarFlow(cell, start, 25, 500) };
        return { ...ends, fixed: live.planarFixedPoints(cell) };
    }"""
    for radius, angle, x1, x2 in [*EXAMPLES.values(), *drawn]:
        start = rng.uniform(-2, 2, 2)
        cell = PlanarCell(weights_from_eigenvalues(radius, angle), np.array([x1, x2]))
        theirs = script.evaluate(run, [radius, angle, x1, x2, start.tolist()])
        np.testing.assert_allclose(theirs["orbit"], planar_orbits(cell, start[None], 25)[:, 0], atol=CLOSE)
        flow = planar_flow(cell, start[None], np.linspace(0, 25, 501))[:, 0]
        np.testing.assert_allclose(theirs["flow"], flow, atol=1e-4)
        ours = planar_fixed_points(cell)
        points = sorted(theirs["fixed"], key=lambda point: point["z"])
        np.testing.assert_allclose([point["z"] for point in points], ours.z, atol=CLOSE)
        assert [point["stable"] for point in points] == ours.stable_for_iteration.tolist()
        assert [point["settles"] for point in points] == ours.stable_for_flow.tolist()


def test_nullclines_are_where_the_velocity_is_zero(script: Page) -> None:
    run = """([radius, angle, x1, x2, i]) =>
        live.nullcline(live.planarCell({ radius, angle, x1, x2 }), i, 2)"""
    for radius, angle, x1, x2 in EXAMPLES.values():
        cell = PlanarCell(weights_from_eigenvalues(radius, angle), np.array([x1, x2]))
        for i in (0, 1):
            z = np.array(script.evaluate(run, [radius, angle, x1, x2, i]), float)
            z = z[np.isfinite(z).all(axis=1)]
            assert len(z) >= 6
            assert np.abs((cell(z) - z)[:, i]).max() < 0.02


LONGEST = ["-" * 199 + "x", "+".join(["x"] * 100), "**".join(["x"] * 67), "cos(" * 30 + "x" + ")" * 30]


@pytest.mark.parametrize("text", LONGEST)
def test_the_largest_formulas_are_within_the_limits(script: Page, text: str) -> None:
    run = "(tree) => Number.isFinite(live.compile(JSON.parse(tree))(0.5, 1, 0))"
    assert script.evaluate(run, json.dumps(as_data(parse_formula(text).tree)))


NO_FORMULAS = [
    "'alert(1)'",
    "'constructor'",
    "'__proto__'",
    "['constructor', 'x']",
    "['__proto__', 'x']",
    "['toString', 'x', 'x']",
    "['sin']",
    "['sin', 'x', 'x']",
    "['+', 'x']",
    "[]",
    "[['sin'], 'x']",
    "{}",
    "null",
    "NaN",
    "Infinity",
    "undefined",
    "() => 1",
    "Array(300).fill(0).reduce((tree) => ['neg', tree], 'x')",  # too deep
    "Array(10).fill(0).reduce((tree) => ['+', tree, tree], 'x')",  # too large
]


@pytest.mark.parametrize("tree", NO_FORMULAS)
def test_nothing_else_becomes_a_function(script: Page, tree: str) -> None:
    run = f"() => {{ try {{ live.compile({tree}); return ''; }} catch (error) {{ return error.name; }} }}"
    assert script.evaluate(run) in ("TypeError", "RangeError")


def test_every_axis_has_two_ticks_or_more(browser: Browser) -> None:
    rng = np.random.default_rng(0)
    low = rng.normal(size=200)
    ranges = np.stack([low, low + 10 ** rng.uniform(-3, 3, 200), rng.uniform(3, 8, 200)], axis=1)
    ranges = np.vstack([ranges, [6, 14, 3]])  # the first step that fits shows one tick, the next five
    page = browser.new_page()
    code = bundle(ROOT / "pages" / "ui" / "widgets" / "live" / "chart.js")
    found = page.evaluate(f"(all) => {{ {code}\n return all.map((one) => ticks(...one)); }}", ranges.tolist())
    for (low, high, most), places in zip(ranges, found, strict=True):
        assert 2 <= len(places) <= most + 2
        assert low - 1e-6 <= min(places) < max(places) <= high + 1e-6
