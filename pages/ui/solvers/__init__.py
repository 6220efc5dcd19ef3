"""The tabs of the Solvers page: controls, computations, texts."""
