"""The views of the solvers page, with what they ask, compute and say."""
