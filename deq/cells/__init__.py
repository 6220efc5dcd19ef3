"""Cells f(z, x): layers whose fixed point is the model's state.

Dense: TwoLayerCell, ReluCell. Convolutional: ResidualConvCell, MultiscaleCell for several resolutions, and RowCell for
rows of any length. For mazes of any size, with a unique equilibrium where no doors form a ring: MessageCell. Monotone,
with a unique equilibrium for any weights: MonotoneDense, and MonotoneConv, the convolutional monDEQ cell with circular
padding.
"""

from deq.cells.conv import Conv, GroupNorm, ResidualConvCell
from deq.cells.dense import ReluCell, TwoLayerCell
from deq.cells.messages import MessageCell
from deq.cells.monotone import MonotoneCell, MonotoneConv, MonotoneDense
from deq.cells.multiscale import MultiscaleCell
from deq.cells.rows import RowCell

__all__ = [
    "Conv",
    "GroupNorm",
    "MessageCell",
    "MonotoneCell",
    "MonotoneConv",
    "MonotoneDense",
    "MultiscaleCell",
    "ReluCell",
    "ResidualConvCell",
    "RowCell",
    "TwoLayerCell",
]
