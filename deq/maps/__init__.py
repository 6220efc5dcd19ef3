"""Maps of one and two variables: orbits, fixed points, verdicts, basins and sweeps, in NumPy."""
