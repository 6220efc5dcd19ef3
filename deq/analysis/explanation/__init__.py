"""Explain a prediction: saliency, occlusion, a plane to draw states in, and other starts."""

from deq.analysis.explanation.occlusion import Occlusion, occlusion
from deq.analysis.explanation.plane import Plane, fit_plane
from deq.analysis.explanation.saliency import Saliency, saliency
from deq.analysis.explanation.starts import Ends, noise_starts, solve_from

__all__ = [
    "Ends",
    "Occlusion",
    "Plane",
    "Saliency",
    "fit_plane",
    "noise_starts",
    "occlusion",
    "saliency",
    "solve_from",
]
