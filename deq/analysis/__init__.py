"""Studies of equilibria: solvers compared, predictions explained, certified and attacked, the front page."""

from deq.analysis.certificates import certified_radius

__all__ = ["certified_radius"]
