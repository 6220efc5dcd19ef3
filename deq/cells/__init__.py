"""Cells f(z, x): the one layer whose fixed point is the model's state."""

from deq.cells.dense import ReluCell, TwoLayerCell

__all__ = ["ReluCell", "TwoLayerCell"]
