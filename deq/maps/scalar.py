"""Maps of one number: the damped map, its orbit, its fixed points, its Lipschitz constant, a sweep over a."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

GRID_SIZE = 4001
ESCAPED = 1e12  # an orbit this far out has diverged


class DifferentiableFunction(Protocol):
    """y = f(x, a, b) and its slope df/dx, elementwise on NumPy arrays; `deq.maps.formula.Formula` is one."""

    def __call__(self, x: Any, a: Any, b: Any) -> Any: ...

    def at_number(self, x: np.float64, a: float, b: float) -> np.float64: ...

    def value_and_slope(self, x: Any, a: Any, b: Any) -> tuple[Any, Any]: ...


@dataclass(frozen=True)
class ScalarMap:
    """g(x) = (1 - damping) x + damping f(x, a, b), with damping in (0, 1] as in the damped Picard iteration.

    Its fixed points are those of f; its slope is g' = 1 - damping + damping f'.
    """

    f: DifferentiableFunction
    a: float = 1.0
    b: float = 0.0
    damping: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.damping <= 1:
            raise ValueError(f"damping is {self.damping}; it must be above 0 and at most 1.")

    def __call__(self, x: Any) -> Any:
        return (1 - self.damping) * x + self.damping * self.f(x, self.a, self.b)

    def at_number(self, x: np.float64) -> np.float64:
        """g at one number, without np.errstate; exactly f if damping is 1."""
        f_x = self.f.at_number(x, self.a, self.b)
        return f_x if self.damping == 1 else (1 - self.damping) * x + self.damping * f_x

    def value_and_slope(self, x: Any) -> tuple[Any, Any]:
        f_x, slope = self.f.value_and_slope(x, self.a, self.b)
        with np.errstate(all="ignore"):
            return (1 - self.damping) * x + self.damping * f_x, 1 - self.damping + self.damping * slope


@dataclass(frozen=True)
class FixedPoints:
    """All x = g(x) in a window, ascending, with the slope g'(x) at each.

    x, slope: (n,). segments: (m, 2), intervals of fixed points, as for g(x) = x.
    """

    x: np.ndarray
    slope: np.ndarray
    segments: np.ndarray

    @property
    def stable(self) -> np.ndarray:
        """(n,) bool: |g'| < 1, so nearby orbits converge."""
        return np.abs(self.slope) < 1


def orbit(g: ScalarMap, start: float, num_steps: int) -> np.ndarray:
    """x_0 = start, x_{k+1} = g(x_k): (num_steps + 1,), NaN after the first value beyond 1e12 or undefined."""
    xs = np.full(num_steps + 1, np.nan)
    x = np.float64(start)
    with np.errstate(all="ignore"):
        for k in range(num_steps + 1):
            xs[k] = x
            if not abs(x) < ESCAPED:
                break
            following = g.at_number(x)
            if following == x:
                xs[k:] = x
                break
            x = following
    return xs


def fixed_points(g: ScalarMap, low: float, high: float) -> FixedPoints:
    """All solutions of g(x) = x in [low, high]: crossings, tangencies and segments of fixed points.

    What lies closer to a crossing than (high - low) / 4000 can be missed; poles (tan) are excluded.
    """
    grid = np.linspace(low, high, GRID_SIZE)
    gap = g(grid) - grid
    segments = _zero_runs(grid, gap)
    candidates = np.concatenate([grid[gap == 0], _crossings(g, grid, gap), _touchings(g, grid, gap)])
    x = _distinct(candidates, 1e-7 * (high - low))
    for start, end in segments:
        x = x[(x < start) | (x > end)]
    return FixedPoints(x, np.array(g.value_and_slope(x)[1], float), segments)


def lipschitz_constant(g: ScalarMap, low: float, high: float) -> float:
    """max |g'| on [low, high], from a grid of 4001 points and a finer one around its maximum; inf if g is unbounded."""
    grid = np.linspace(low, high, GRID_SIZE)
    value, slope = g.value_and_slope(grid)
    if not np.all(np.isfinite(value) & np.isfinite(slope)):
        return np.inf
    top = int(np.argmax(np.abs(slope)))
    finer = np.linspace(grid[max(top - 1, 0)], grid[min(top + 1, GRID_SIZE - 1)], GRID_SIZE)
    return float(np.max(np.abs(g.value_and_slope(finer)[1])))


def maps_into_itself(g: ScalarMap, low: float, high: float) -> bool:
    """Whether g([low, high]) lies in [low, high]; Banach's theorem needs this and a Lipschitz constant below 1."""
    value = g(np.linspace(low, high, GRID_SIZE))
    slack = 1e-12 * (high - low)
    return bool(np.all((value >= low - slack) & (value <= high + slack)))


def _crossings(g: ScalarMap, grid: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """The sign change in every grid interval where g(x) - x changes sign, all at once; poles dropped.

    Intervals are split into 16 parts, not into halves: a call of g takes as long for a few numbers as for one.
    """
    cells = np.flatnonzero(np.sign(gap[:-1]) * np.sign(gap[1:]) < 0)
    low, high, low_sign = grid[cells], grid[cells + 1], np.sign(gap[cells])
    edge = np.minimum(np.abs(gap[cells]), np.abs(gap[cells + 1]))
    rows = np.arange(len(cells))
    for _ in range(13):  # 16^13 = 2^52: to rounding
        x = np.linspace(low, high, 17, axis=1)
        changed = np.sign(g(x) - x) != low_sign[:, None]
        changed[:, 0], changed[:, -1] = False, True  # also where rounding says otherwise
        first = changed.argmax(axis=1)
        low, high = x[rows, first - 1], x[rows, first]
    x = 0.5 * (low + high)
    return x[np.abs(g(x) - x) <= 1e-3 * edge + 1e-12]  # at a pole or a jump the gap does not close


def _touchings(g: ScalarMap, grid: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Zeros of g(x) - x without a sign change, by ternary search on |g(x) - x|."""
    size, sign = np.abs(gap), np.sign(gap)
    inner, same = size[1:-1], sign[:-1] == sign[1:]
    with np.errstate(invalid="ignore"):
        dips = (
            np.flatnonzero((inner <= size[:-2]) & (inner <= size[2:]) & (inner > 0) & same[:-1] & same[1:])
            + 1
        )
    if not dips.size:  # as for most maps; the search below takes 200 calls of g
        return np.empty(0)
    low, high = grid[dips - 1], grid[dips + 1]
    for _ in range(100):
        third = (high - low) / 3
        left, right = low + third, high - third
        left_is_lower = np.abs(g(left) - left) < np.abs(g(right) - right)
        low, high = np.where(left_is_lower, low, left), np.where(left_is_lower, right, high)
    x = 0.5 * (low + high)
    return x[np.abs(g(x) - x) <= 1e-13 * (1 + np.abs(x))]


def _zero_runs(grid: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """Intervals of at least five consecutive grid points, all fixed to rounding."""
    fixed = np.abs(gap) <= 1e-15 * (1 + np.abs(grid))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], fixed, [False]]).astype(int)))
    runs = [(grid[s], grid[e - 1]) for s, e in zip(edges[::2], edges[1::2], strict=True) if e - s >= 5]
    return np.array(runs).reshape(-1, 2)


def _distinct(x: np.ndarray, width: float) -> np.ndarray:
    """Sorted, with points closer than width merged."""
    x = np.sort(x)
    return x[np.concatenate([[True], np.diff(x) > width])] if len(x) else x


TRANSIENT, KEPT = 600, 200  # iterates: dropped at first, then kept


@dataclass(frozen=True)
class Sweep:
    """Late iterates x (KEPT, n) and Lyapunov exponents (n,) over the parameter a (n,); NaN where diverged."""

    a: np.ndarray
    x: np.ndarray
    lyapunov: np.ndarray


def sweep_parameter(
    f: DifferentiableFunction,
    a: np.ndarray,
    b: float,
    start: float,
    *,
    damping: float = 1.0,
) -> Sweep:
    """Iterate x <- (1 - damping) x + damping f(x, a, b) for all a, drop the transient and keep the rest.

    The Lyapunov exponent is the mean of log |g'| over the kept iterates, in nats per step.
    """
    x = np.full(len(a), float(start))
    kept = np.empty((KEPT, len(a)))
    with np.errstate(all="ignore"):
        for k in range(TRANSIENT + KEPT):
            x = (1 - damping) * x + damping * f(x, a, b)
            x = np.where(np.abs(x) < ESCAPED, x, np.nan)
            kept[max(k - TRANSIENT, 0)] = x
        slope = 1 - damping + damping * f.value_and_slope(kept, a, b)[1]
        lyapunov = np.mean(np.log(np.abs(slope)), axis=0)
    return Sweep(a, kept, np.where(np.isnan(kept[-1]), np.nan, lyapunov))
