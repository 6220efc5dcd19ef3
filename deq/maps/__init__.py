"""Maps of one and two variables: orbits, fixed points, verdicts, basins and sweeps, in NumPy."""

from deq.maps.planar import (
    PlanarCell,
    PlanarFixedPoints,
    basins,
    grid_of_starts,
    planar_fixed_points,
    planar_orbits,
    weights_from_eigenvalues,
)
from deq.maps.presets import OWN_FORMULA, PRESETS, Preset
from deq.maps.scalar import (
    FixedPoints,
    ScalarMap,
    fixed_points,
    lipschitz_constant,
    maps_into_itself,
    orbit,
)
from deq.maps.sweeps import Sweep, sweep_parameter
from deq.maps.verdicts import Verdict, judge_orbit

__all__ = [
    "OWN_FORMULA",
    "PRESETS",
    "FixedPoints",
    "PlanarCell",
    "PlanarFixedPoints",
    "Preset",
    "ScalarMap",
    "Sweep",
    "Verdict",
    "basins",
    "fixed_points",
    "grid_of_starts",
    "judge_orbit",
    "lipschitz_constant",
    "maps_into_itself",
    "orbit",
    "planar_fixed_points",
    "planar_orbits",
    "sweep_parameter",
    "weights_from_eigenvalues",
]
