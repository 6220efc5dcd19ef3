"""Cells f(z, x): the one layer whose fixed point is the model's state."""

from deq.cells.dense import ReluCell, TwoLayerCell
from deq.cells.monotone import MonotoneCell, MonotoneConv, MonotoneDense

__all__ = ["MonotoneCell", "MonotoneConv", "MonotoneDense", "ReluCell", "TwoLayerCell"]
