"""Sentences and tables made from the results."""

import numpy as np

from deq.maps.planar import PlanarFixedPoints
from deq.maps.scalar import FixedPoints
from deq.maps.verdicts import Verdict
from deq.solvers import Solution
from pages.ui.widgets.text import counted, listed, signed, with_minus

MAX_LISTED = 4  # values of a cycle that are written out
NEUTRAL_WITHIN = 1e-6  # a slope this close to 1 counts as 1


def number(x: float, digits: int = 10) -> str:
    """x to a number of significant digits; rounding noise around zero is shown as 0."""
    return "0" if abs(x) < 1e-7 else with_minus(f"{x:.{digits}g}")


def verdict_sentence(verdict: Verdict, xs: np.ndarray) -> str:
    """What the orbit xs (n + 1,) does in the long run, in one or two sentences."""
    if verdict.kind == "converges":
        return _convergence(verdict, xs)
    if verdict.kind == "period":
        return _period(verdict, xs)
    if verdict.kind == "diverges":
        return f"The orbit diverges{_because(verdict)}. No fixed point attracts this start."
    if verdict.kind == "chaotic":
        factor = np.exp(verdict.lyapunov)
        return (
            f"The orbit is chaotic: it never repeats, and nearby orbits separate by a factor of {factor:.2f} per step "
            f"(Lyapunov exponent {signed(verdict.lyapunov, 3)})."
        )
    return f"Undecided{_because(verdict) or ' after 6,000 steps'}."


def _because(verdict: Verdict) -> str:
    return f": {verdict.reason}" if verdict.reason else ""


def _convergence(verdict: Verdict, xs: np.ndarray) -> str:
    if verdict.limit is None or verdict.slope is None:
        return "The orbit converges."
    where = f"The orbit converges to x\\* = {number(verdict.limit)}{_steps_needed(xs, verdict.limit)}. "
    predicted, measured = abs(verdict.slope), verdict.measured_rate
    if measured is None:
        there = abs(xs[0] - verdict.limit) < 1e-12 * (1 + abs(verdict.limit))
        return where + ("The start is already a fixed point." if there else "The limit is reached exactly.")
    if predicted < 1e-6:
        return where + "The slope there is 0: the number of correct digits at least doubles with every step."
    if abs(predicted - 1) < NEUTRAL_WITHIN:
        return where + "The slope there has size 1, so convergence is slower than any geometric rate."
    side = ", with alternating sign," if verdict.slope < 0 else ""
    slope = signed(verdict.slope, 4)
    close = abs(measured - predicted) < 5e-4
    told = f", as the slope there, {slope}, predicts" if close else f"; the slope there is {slope}"
    return where + f"Each step multiplies the error{side} by {measured:.4f}{told}."


def _steps_needed(xs: np.ndarray, limit: float) -> str:
    """Steps until the distance stays below 1e-10, if the orbit gets that close."""
    far = np.flatnonzero(~(np.abs(xs - limit) < 1e-10))
    steps = far[-1] + 1 if len(far) else 0
    return f" ({counted(steps, 'step')} to ten decimals)" if 0 < steps < len(xs) else ""


def _period(verdict: Verdict, xs: np.ndarray) -> str:
    period = verdict.period or 0
    values = sorted(xs[len(xs) - period :]) if period <= MAX_LISTED else []
    cycle = f"{period}-cycle" + (f", {listed([number(x, 3) for x in values])}" if values else "")
    if verdict.lyapunov < -1e-6:
        return f"The orbit ends in a stable {cycle} (Lyapunov exponent {signed(verdict.lyapunov, 3)})."
    return f"The orbit ends in a neutral {cycle}: nearby orbits keep their distance."


def banach_sentence(lipschitz: float, inside: bool, low: float, high: float) -> str:
    """What Banach's theorem says about the window."""
    window = with_minus(f"[{low:g}, {high:g}]")
    if lipschitz < 1 - NEUTRAL_WITHIN and inside:
        return (
            f"On {window} the map is a contraction (Lipschitz constant {lipschitz:.3f}) and stays inside: by Banach's "
            "theorem there is exactly one fixed point, reached from every start."
        )
    if lipschitz < 1 - NEUTRAL_WITHIN:
        return (
            f"On {window} the map is a contraction (Lipschitz constant {lipschitz:.3f}) but leaves the window, so "
            "Banach's theorem does not apply."
        )
    if np.isfinite(lipschitz):
        return f"On {window} the Lipschitz constant is {lipschitz:.3g}, not below 1: Banach's theorem does not apply."
    return f"The slope is not finite everywhere on {window}, so Banach's theorem does not apply."


def fixed_point_table(f_slope: np.ndarray, fixed: FixedPoints) -> dict[str, np.ndarray]:
    """Columns of the table of fixed points. f_slope: (n,) slopes of the undamped map."""
    size = np.abs(fixed.slope)
    verdict = np.select(
        [size < 1e-6, np.abs(size - 1) < NEUTRAL_WITHIN, size < 1],
        ["stable, slope 0", "neutral, slope ±1", np.where(fixed.slope < 0, "stable, alternating", "stable")],
        np.where(fixed.slope < 0, "unstable, alternating", "unstable"),
    )
    return {"x*": fixed.x, "slope of f": f_slope, "slope with damping": fixed.slope, "stability": verdict}


def plane_sentence(fixed: PlanarFixedPoints) -> str:
    """How many fixed points, and whether iteration and flow converge to them."""
    number = len(fixed.z)
    iteration, flow = int(fixed.stable_for_iteration.sum()), int(fixed.stable_for_flow.sum())
    if number == 1:
        size, real = np.abs(fixed.eigenvalues[0]).max(), fixed.eigenvalues[0].real.max()
        return (
            f"One fixed point. The largest eigenvalue of df/dz has size {size:.2f}, so the iteration, which needs a "
            f"size below 1, {_settles(iteration)}; the largest real part is {signed(real, 2)}, so the flow, which "
            f"needs a real part below 1, {_settles(flow)}."
        )
    return f"{number} fixed points: {iteration} stable for the iteration, {flow} stable for the flow."


def _settles(number: int) -> str:
    return "settles" if number else "does not settle"


def cost_sentence(solver: str, solution: Solution, max_nfe: int) -> str:
    """The share of starts from which the solver converged, and the mean number of evaluations."""
    share = float(np.mean(solution.converged))
    if not share:
        return f"{solver}: no start converged within {max_nfe} evaluations."
    mean = float(np.mean(solution.nfe[solution.converged]))
    return f"{solver}: {100 * share:.3g} % of the starts converged, in {mean:.1f} evaluations on average."
