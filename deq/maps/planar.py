"""The planar cell tanh(W z + x): orbits, fixed points with their eigenvalues, basins. NumPy, float64."""

from dataclasses import dataclass

import numpy as np

REACHED = 1e-4  # an orbit this close to a fixed point has reached it


@dataclass(frozen=True)
class PlanarCell:
    """f(z) = tanh(W z + x) in the plane. weights: W, (2, 2); x: the injection, (2,)."""

    weights: np.ndarray
    x: np.ndarray

    def __call__(self, z: np.ndarray) -> np.ndarray:
        """z: (..., 2) -> (..., 2)."""
        return np.tanh(z @ self.weights.T + self.x)

    def jacobian(self, z: np.ndarray) -> np.ndarray:
        """df/dz = diag(1 - f(z)^2) W: (..., 2) -> (..., 2, 2)."""
        return (1 - self(z) ** 2)[..., None] * self.weights


@dataclass(frozen=True)
class PlanarFixedPoints:
    """The fixed points z: (n, 2), with the eigenvalues of df/dz at each: (n, 2) complex."""

    z: np.ndarray
    eigenvalues: np.ndarray

    @property
    def stable_for_iteration(self) -> np.ndarray:
        """(n,) bool: both eigenvalues inside the unit circle."""
        return np.all(np.abs(self.eigenvalues) < 1, axis=1)

    @property
    def stable_for_flow(self) -> np.ndarray:
        """(n,) bool: both eigenvalues left of 1, so that dz/dt = f(z) - z settles there."""
        return np.all(self.eigenvalues.real < 1, axis=1)


def weights_from_eigenvalues(radius: float, angle: float) -> np.ndarray:
    """W = radius * rotation by angle (degrees), whose eigenvalues are radius * exp(+-i angle): (2, 2)."""
    turn = np.deg2rad(angle)
    return radius * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])


def grid_of_starts(size: int, half_width: float) -> np.ndarray:
    """(size * size, 2): a square grid over [-half_width, half_width]^2, row by row from the bottom."""
    axis = np.linspace(-half_width, half_width, size)
    first, second = np.meshgrid(axis, axis)
    return np.stack([first.ravel(), second.ravel()], axis=1)


def planar_orbits(cell: PlanarCell, starts: np.ndarray, num_steps: int) -> np.ndarray:
    """z <- f(z) from every start (n, 2): (num_steps + 1, n, 2)."""
    zs = np.empty((num_steps + 1, *starts.shape))
    zs[0] = starts
    for k in range(num_steps):
        zs[k + 1] = cell(zs[k])
    return zs


def planar_fixed_points(cell: PlanarCell) -> PlanarFixedPoints:
    """All fixed points, which lie in (-1, 1)^2: Newton's method on f(z) - z from a 25 x 25 grid."""
    z = grid_of_starts(25, 1.05)
    for _ in range(60):
        matrix = np.eye(2) - cell.jacobian(z)
        singular = np.abs(np.linalg.det(matrix)) < 1e-12
        matrix[singular] = np.eye(2)  # where Newton's step is undefined, a Picard step
        step = np.linalg.solve(matrix, (cell(z) - z)[..., None])[..., 0]
        z = np.clip(z + np.clip(step, -0.3, 0.3), -1.2, 1.2)
    z = z[np.linalg.norm(cell(z) - z, axis=1) < 1e-11]
    z = _distinct(z, 1e-5)
    return PlanarFixedPoints(z, np.linalg.eigvals(cell.jacobian(z)).astype(complex))


def basins(cell: PlanarCell, fixed: PlanarFixedPoints, starts: np.ndarray) -> np.ndarray:
    """Index of the fixed point that 400 iterations from each start (n, 2) reach: (n,) int, -1 for none."""
    z = starts
    for _ in range(400):
        z = cell(z)
    if not len(fixed.z):
        return np.full(len(starts), -1)
    distance = np.linalg.norm(z[:, None] - fixed.z, axis=2)  # (n, fixed points)
    return np.where(distance.min(axis=1) < REACHED, distance.argmin(axis=1), -1)


def _distinct(z: np.ndarray, width: float) -> np.ndarray:
    """Points at least width apart, sorted by coordinates so that each keeps its colour."""
    kept: list[np.ndarray] = []
    for point in z[np.lexsort((z[:, 1], z[:, 0]))]:
        if all(np.linalg.norm(point - other) > width for other in kept):
            kept.append(point)
    return np.array(kept).reshape(-1, 2)
