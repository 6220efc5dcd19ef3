"""Studies of equilibria: solvers compared, predictions explained, out-of-distribution inputs, the front page."""
