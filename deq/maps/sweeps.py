"""A parameter sweep: late iterates and Lyapunov exponents for many values of a at once."""

from dataclasses import dataclass

import numpy as np

from deq.maps.scalar import ESCAPED, DifferentiableFunction

TRANSIENT, KEPT = 600, 200  # iterates dropped, then kept


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
