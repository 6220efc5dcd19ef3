"""The same networks in PyTorch and torchdeq, with our weights. Needs the extra: pip install -e '.[bench]'."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchdeq import get_deq

from benchmarks.tally import add
from deq.models import EquilibriumModel


class _Counted(torch.autograd.Function):
    """Identity; a forward pass counts as a call, a backward pass as a product."""

    @staticmethod
    def forward(ctx: Any, z: Tensor) -> Tensor:
        add("calls")
        return z.view_as(z)

    @staticmethod
    def backward(ctx: Any, u: Tensor) -> Tensor:
        add("products")
        return u


class Twin(nn.Module):
    """encoder -> torchdeq -> head. counts: whether the cell counts its calls, in a run that is not timed."""

    def __init__(self, model: EquilibriumModel, name: str, counts: bool, **settings: Any) -> None:
        super().__init__()
        self.encoder = _linear(model.encoder.layers[1])
        self.head = _linear(model.head)
        self.cell = _Blog(model.cell) if name == "blog" else _Mlp(model.cell)
        self.deq = get_deq(**settings)
        self.counts = counts

    def f(self, z: Tensor, injection: Tensor) -> Tensor:
        return self.cell(_Counted.apply(z) if self.counts else z, injection)

    def forward(self, images: Tensor) -> Tensor:
        injection = self.encoder(images.flatten(1).float() / 255)
        with torch.no_grad():
            z0 = self.cell.start(injection)
        f = self.cell.bind(injection) if not self.counts else lambda z: self.f(z, injection)
        z, _ = self.deq(f, z0)
        return self.head(z[-1])


class _Blog(nn.Module):
    """f(z, x) = W2 tanh(W1 (z + x) + b1) + b2, z0 = f(0, x)."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.into, self.out = _linear(cell.into), _linear(cell.out)

    def forward(self, z: Tensor, x: Tensor) -> Tensor:
        return self.out(torch.tanh(self.into(z + x)))

    def bind(self, x: Tensor) -> Any:
        return lambda z: self(z, x)

    def start(self, x: Tensor) -> Tensor:
        return self(torch.zeros_like(x), x)


class _Mlp(nn.Module):
    """f(z, x) = relu(A z) + relu(B x), z0 = 0; relu(B x) is computed once per solve, as XLA does."""

    def __init__(self, cell: Any) -> None:
        super().__init__()
        self.state, self.injection = _linear(cell.state), _linear(cell.injection)

    def forward(self, z: Tensor, x: Tensor) -> Tensor:
        return self.bind(x)(z)

    def bind(self, x: Tensor) -> Any:
        added = F.relu(self.injection(x))
        return lambda z: F.relu(self.state(z)) + added

    def start(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x)


def _linear(layer: Any) -> nn.Linear:
    """A copy of a Flax dense layer."""
    kernel = np.array(layer.kernel[...])
    copy = nn.Linear(*kernel.shape, bias=layer.bias is not None)
    with torch.no_grad():
        copy.weight.copy_(torch.from_numpy(kernel.T.copy()))
        if layer.bias is not None:
            copy.bias.copy_(torch.from_numpy(np.array(layer.bias[...])))
    return copy
