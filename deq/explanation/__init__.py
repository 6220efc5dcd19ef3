"""Why a model answers as it does: what speaks for the answer, where its states lie, and whether the start matters."""

from deq.explanation.occlusion import Occlusion, occlusion
from deq.explanation.plane import Plane, fit_plane
from deq.explanation.saliency import Saliency, saliency
from deq.explanation.starts import Ends, noise_starts, solve_from

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
