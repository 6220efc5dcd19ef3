"""Classify an orbit: it converges, is periodic, diverges, is chaotic, or stays undecided."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from deq.maps.scalar import ESCAPED, ScalarMap, orbit

NUM_STEPS = 6000
MAX_PERIOD = 256
CHAOS = 0.005  # nats per step; a larger Lyapunov exponent counts as chaos
Kind = Literal["converges", "period", "diverges", "chaotic", "undecided"]


@dataclass(frozen=True)
class Verdict:
    """The long-term behaviour of one orbit of x_{k+1} = g(x_k).

    limit: the fixed point, if it converges. slope: g'(limit); |slope| predicts the factor by which the error shrinks
    per step, and a negative slope makes it alternate. measured_rate: the observed factor.
    lyapunov: the mean of log |g'(x_k)|, negative if nearby orbits converge.
    """

    kind: Kind
    period: int | None = None
    limit: float | None = None
    slope: float | None = None
    measured_rate: float | None = None
    lyapunov: float = float("nan")
    reason: str = ""

    @property
    def predicted_rate(self) -> float | None:
        """|g'(limit)|."""
        return None if self.slope is None else abs(self.slope)

    @property
    def text(self) -> str:
        """ "converges", "period 4", "diverges", "chaotic" or "undecided"."""
        return f"period {self.period}" if self.kind == "period" else self.kind


def judge_orbit(g: ScalarMap, start: float) -> Verdict:
    """Iterate 6000 steps and classify the orbit."""
    xs = orbit(g, start, NUM_STEPS)
    if not np.isfinite(xs[-1]) or abs(xs[-1]) >= ESCAPED:
        return _judge_escape(g, xs)
    lyapunov = _lyapunov(g, xs[NUM_STEPS // 3 :])
    period = _exact_period(xs[-4 * MAX_PERIOD :]) or _slow_period(xs)
    if period == 1 or (period is None and _drifts(xs)):
        return _judge_limit(g, xs, lyapunov)
    if period is not None:
        return Verdict("period", period=period, lyapunov=lyapunov)
    if lyapunov > CHAOS:
        return Verdict("chaotic", lyapunov=lyapunov)
    return Verdict("undecided", lyapunov=lyapunov, reason=f"no period up to {MAX_PERIOD}")


def measured_rate(xs: np.ndarray, limit: float) -> float | None:
    """The factor by which |x_k - limit| shrinks per step, over the later half of the steps above rounding."""
    errors = np.abs(xs - limit)
    visible = np.flatnonzero(errors > 1e-12 * (1 + abs(limit)))
    if len(visible) < 2:
        return None
    last = visible[-1]
    first = last // 2
    if last == first or errors[first] == 0:
        return None
    return float((errors[last] / errors[first]) ** (1 / (last - first)))


def _judge_escape(g: ScalarMap, xs: np.ndarray) -> Verdict:
    """The orbit diverged, or reached an x where the formula is undefined."""
    known = xs[~np.isnan(xs)]
    last = known[-1] if len(known) else np.nan
    if abs(last) >= ESCAPED:
        return Verdict("diverges", lyapunov=_lyapunov(g, known[:-1]))
    return Verdict("undecided", reason=f"the formula is undefined at x = {last:.6g}")


def _judge_limit(g: ScalarMap, xs: np.ndarray, lyapunov: float) -> Verdict:
    """Whether an orbit that settles or drifts slowly approaches a fixed point."""
    limit = _polish(g, xs[-1])
    if limit is not None and not _comes_closer(xs, limit):
        return Verdict(
            "undecided", lyapunov=lyapunov, reason="it drifts slowly away from an unstable fixed point"
        )
    if limit is not None and _within_reach(g, xs, limit):
        slope = float(g.value_and_slope(limit)[1])
        return Verdict("converges", 1, limit, slope, measured_rate(xs, limit), lyapunov)
    if _drifts(xs):
        return Verdict("diverges", lyapunov=lyapunov, reason="it drifts without bound")
    return Verdict("undecided", lyapunov=lyapunov, reason="it slows down, but there is no fixed point nearby")


def _comes_closer(xs: np.ndarray, limit: float) -> bool:
    """Whether the orbit is closer to limit than 64 steps ago and than halfway through, up to rounding."""
    now, before = abs(xs[-1] - limit), np.abs(xs[[-65, len(xs) // 2]] - limit)
    return bool(np.all(now <= before + 1e-9 * (1 + abs(limit))))


def _within_reach(g: ScalarMap, xs: np.ndarray, limit: float) -> bool:
    """Where |g'| = 1, whether the orbit still moves fast enough to reach the limit: otherwise x + exp(-x) would
    "converge" to x = 37, where rounding stops it."""
    half, last = xs[len(xs) // 2], xs[-1]
    neutral = abs(abs(float(g.value_and_slope(limit)[1])) - 1) < 1e-8
    return not neutral or abs(last - limit) <= 10 * abs(last - half) + 1e-9


def _polish(g: ScalarMap, x: float) -> float | None:
    """Newton's method on g(x) - x from x; None if it finds no root."""
    for _ in range(60):
        value, slope = g.value_and_slope(x)
        gap = float(value) - x
        if gap == 0 or slope == 1 or not np.isfinite(slope):
            break
        x = x + gap / (1 - float(slope))
        if not abs(x) < ESCAPED:
            return None
    return float(x) if abs(float(g(x)) - x) <= 1e-13 * (1 + abs(x)) else None


def _exact_period(tail: np.ndarray) -> int | None:
    """The smallest p with x_{k+p} = x_k to eight digits throughout the tail."""
    tolerance = 1e-8 * (1 + np.max(np.abs(tail)))
    for period in range(1, MAX_PERIOD + 1):
        if np.max(np.abs(tail[period:] - tail[:-period])) <= tolerance:
            return period
    return None


def _slow_period(xs: np.ndarray) -> int | None:
    """The smallest p whose steps x_{k+p} - x_k decay slowly but steadily, as at a bifurcation (|g'| = 1)."""
    n = len(xs)
    for period in (1, 2, 3, 4, 5, 6, 8, 16, 32, 64):
        steps = np.abs(xs[period:] - xs[:-period])
        late, early = steps[3 * n // 4 :], steps[n // 4 : n // 3]
        if np.max(late) < 0.8 * np.min(early) and np.max(late) < 0.05 * (1 + np.max(np.abs(xs[n // 2 :]))):
            return period
    return None


def _drifts(xs: np.ndarray) -> bool:
    """Whether the later half keeps moving in one direction at a nearly constant pace."""
    steps = np.diff(xs[len(xs) // 2 :])
    one_way = bool(np.all(steps > 0) or np.all(steps < 0))
    return one_way and bool(np.min(np.abs(steps)) >= 0.05 * np.max(np.abs(steps)))


def _lyapunov(g: ScalarMap, xs: np.ndarray) -> float:
    """The mean of log |g'(x_k)| along the orbit, in nats per step."""
    if not len(xs):
        return float("nan")
    slope = np.abs(g.value_and_slope(xs)[1])
    with np.errstate(divide="ignore"):
        return float(np.mean(np.log(slope)))
