"""What is seen, in words and numbers made from the result."""

import numpy as np

from deq.maps import FixedPoints, PlanarFixedPoints, Verdict
from deq.solvers import Solution

NEUTRAL_WITHIN = 1e-6  # how close to 1 a slope has to be to count as 1


def number(x: float, digits: int = 10) -> str:
    """x to so many significant digits, with rounding noise around zero shown as 0."""
    return "0" if abs(x) < 1e-7 else f"{x:.{digits}g}"


def verdict_sentence(verdict: Verdict, xs: np.ndarray) -> str:
    """One or two sentences on the fate of the orbit xs (n + 1,)."""
    if verdict.kind == "converges":
        return _convergence(verdict, xs)
    if verdict.kind == "period":
        return _period(verdict)
    if verdict.kind == "diverges":
        return f"The orbit leaves every bound{_because(verdict)}. No fixed point attracts this start."
    if verdict.kind == "chaotic":
        factor = np.exp(verdict.lyapunov)
        return (
            f"The orbit never repeats. Two starts next to each other part by a factor of {factor:.2f} a step "
            f"(Lyapunov exponent {verdict.lyapunov:.3f})."
        )
    return f"No verdict after 6,000 steps{_because(verdict)}."


def _because(verdict: Verdict) -> str:
    return f": {verdict.reason}" if verdict.reason else ""


def _convergence(verdict: Verdict, xs: np.ndarray) -> str:
    if verdict.limit is None or verdict.slope is None:
        return "The orbit settles."
    where = f"It settles at x\\* = {number(verdict.limit)}{_steps_needed(xs, verdict.limit)}. "
    predicted, measured = abs(verdict.slope), verdict.measured_rate
    if measured is None:
        return where + "The start is a fixed point already."
    if predicted < 1e-6:
        return where + "The slope there is 0: the number of correct digits doubles with every step."
    if abs(predicted - 1) < NEUTRAL_WITHIN:
        return where + "The slope there is 1 in size: it comes closer, but ever more slowly."
    side = ", changing sides," if verdict.slope < 0 else ""
    return (
        where
        + f"Each step multiplies the error{side} by {measured:.4f}; |g'(x\\*)| = {predicted:.4f} predicts it."
    )


def _steps_needed(xs: np.ndarray, limit: float) -> str:
    """How many steps until the distance stays below 1e-10, where the drawn orbit gets that far."""
    far = np.flatnonzero(~(np.abs(xs - limit) < 1e-10))
    steps = far[-1] + 1 if len(far) else 0
    return f" ({steps} steps to ten decimals)" if 0 < steps < len(xs) else ""


def _period(verdict: Verdict) -> str:
    cycle = f"The orbit ends in a cycle of {verdict.period} values"
    if verdict.lyapunov < -1e-6:
        return f"{cycle} that draws its neighbours in (Lyapunov exponent {verdict.lyapunov:.3f})."
    return f"{cycle}. It neither draws its neighbours in nor drives them away."


def banach_sentence(lipschitz: float, inside: bool, low: float, high: float) -> str:
    """What Banach's theorem says about the window."""
    window = f"[{low:g}, {high:g}]"
    if lipschitz < 1 - NEUTRAL_WITHIN and inside:
        return (
            f"On {window} every step brings two points closer, to at most {lipschitz:.3f} of their distance, and "
            "stays inside: Banach's theorem promises one fixed point, reached from every start."
        )
    if lipschitz < 1 - NEUTRAL_WITHIN:
        return f"On {window} it is a contraction (Lipschitz constant {lipschitz:.3f}) but leaves the window."
    if np.isfinite(lipschitz):
        return (
            f"On {window} distances change by up to {lipschitz:.3g} times (Lipschitz constant), which is not below "
            "1: Banach's theorem promises nothing here."
        )
    return f"The map has no finite slope everywhere on {window}: Banach's theorem promises nothing here."


def fixed_point_table(f_slope: np.ndarray, fixed: FixedPoints) -> dict[str, np.ndarray]:
    """Columns of the table of fixed points. f_slope: (n,) slopes of the undamped map."""
    size = np.abs(fixed.slope)
    verdict = np.select(
        [size < 1e-6, np.abs(size - 1) < NEUTRAL_WITHIN, size < 1],
        ["stable, superfast", "neutral", np.where(fixed.slope < 0, "stable, alternating", "stable")],
        np.where(fixed.slope < 0, "unstable, alternating", "unstable"),
    )
    return {"x*": fixed.x, "f'(x*)": f_slope, "g'(x*) damped": fixed.slope, "verdict": verdict}


def plane_sentence(fixed: PlanarFixedPoints) -> str:
    """How many fixed points, and which of the two motions settles on them."""
    number = len(fixed.z)
    iteration, flow = int(fixed.stable_for_iteration.sum()), int(fixed.stable_for_flow.sum())
    if number == 1:
        l = fixed.eigenvalues[0][0]
        size = f"df/dz there has eigenvalues of size {abs(l):.2f} and real part {l.real:.2f}"
        return (
            f"One fixed point: {size}, so the iteration (size below 1) {_settles(iteration)} "
            f"and the flow (real part below 1) {_settles(flow)}."
        )
    return f"{number} fixed points: {iteration} attract the iteration, {flow} attract the flow."


def _settles(number: int) -> str:
    return "settles" if number else "does not settle"


def cost_sentence(solver: str, solution: Solution, max_nfe: int) -> str:
    """From how many starts the solver converged, and for how many evaluations."""
    share = float(np.mean(solution.converged))
    if not share:
        return f"{solver}: not converged from any start within {max_nfe} evaluations."
    mean = float(np.mean(solution.nfe[solution.converged]))
    return f"{solver}: {mean:.1f} evaluations on average; converged from {100 * share:.3g} % of the starts."
