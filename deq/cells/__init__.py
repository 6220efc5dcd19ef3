"""Cells f(z, x): the one layer whose fixed point is the model's state."""

from deq.cells.conv import Conv, GroupNorm, ResidualConvCell
from deq.cells.dense import ReluCell, TwoLayerCell
from deq.cells.monotone import MonotoneCell, MonotoneConv, MonotoneDense

__all__ = [
    "Conv",
    "GroupNorm",
    "MonotoneCell",
    "MonotoneConv",
    "MonotoneDense",
    "ReluCell",
    "ResidualConvCell",
    "TwoLayerCell",
]
