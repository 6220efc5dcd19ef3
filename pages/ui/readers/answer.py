"""A digit reader's answer, with the way that its solve took. NumPy only: the front page shows one without JAX."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Answer:
    """One digit's way to its answer: class probabilities (10,), and those of every iterate (n, 10).

    nfe, residual: (n,) along the way; the last entries of the solve are `evaluations` and `final_residual`.
    states: (n, ...) the iterates themselves.
    """

    image: np.ndarray
    probabilities: np.ndarray
    paths: np.ndarray
    nfe: np.ndarray
    residual: np.ndarray
    states: np.ndarray
    evaluations: int
    final_residual: float
    converged: bool

    @property
    def label(self) -> int:
        return int(self.probabilities.argmax())

    @property
    def rival(self) -> int:
        """The next most probable class."""
        return int(self.probabilities.argsort()[-2])

    @property
    def confidence(self) -> float:
        return float(self.probabilities.max())

    @property
    def locked(self) -> int:
        """Evaluations after which the most probable class never changed again."""
        classes = self.paths.argmax(1)
        others = np.flatnonzero(classes != self.label)
        return int(self.nfe[min(others[-1] + 1, len(self.nfe) - 1)] if len(others) else self.nfe[0])
