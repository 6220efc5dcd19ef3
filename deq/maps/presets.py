"""Maps worth exploring, each with a start and a suggestion of what to try."""

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Preset:
    """A formula in x, a and b with defaults; the window [low, high] contains the start and its limit."""

    formula: str
    try_this: str
    a: float = 1.0
    b: float = 0.0
    start: float = 0.0
    low: float = -2.0
    high: float = 2.0
    sweep: tuple[float, float] = (-2.0, 2.0)  # range of a in a sweep


PRESETS = MappingProxyType(
    {
        "cos x": Preset(
            "a*cos(x)",
            "Press cos on a calculator repeatedly: 0.739 from any start. Raise a past 1.32: the limit splits in two.",
            start=-1.0,
            low=-1.5,
            high=1.5,
            sweep=(-4.0, 4.0),
        ),
        "affine": Preset(
            "a*x + b",
            "A layer without activation. At a = -0.9 it alternates and settles, at 1 it drifts, at 1.1 it explodes.",
            a=0.6,
            b=1.0,
            start=-3.0,
            low=-4.0,
            high=4.0,
            sweep=(-1.5, 1.5),
        ),
        "tanh(a x + b)": Preset(
            "tanh(a*x + b)",
            "One neuron. At a = 2 it has two stable states and remembers the sign of its start; at -2 it flips.",
            a=2.0,
            start=0.1,
            low=-1.5,
            high=1.5,
            sweep=(-4.0, 4.0),
        ),
        "logistic map": Preset(
            "a*x*(1 - x)",
            "Raise a: 3.2 has period 2, 3.5 period 4, 3.83 period 3, 3.9 is chaos. Then set the damping to 0.5.",
            a=2.8,
            start=0.2,
            low=0.0,
            high=1.0,
            sweep=(2.5, 4.0),
        ),
        "Babylonian square root": Preset(
            "(x + a/x)/2",
            "The slope at the root is 0, so every step doubles the correct digits: it is Newton's method for x*x = a.",
            a=2.0,
            start=4.0,
            low=0.1,
            high=4.5,
            sweep=(0.05, 4.0),
        ),
        "x - a sin x": Preset(
            "x - a*sin(x)",
            "Many fixed points, every other one stable. Which one you reach depends on the start.",
            a=1.2,
            start=2.6,
            low=-10.0,
            high=10.0,
            sweep=(0.0, 4.0),
        ),
        "one-neuron network": Preset(
            "a*sigmoid(8*x - 4) + b",
            "A neuron with b added after the activation: two stable states. Move b slowly and watch one vanish.",
            start=0.45,
            low=-0.5,
            high=1.5,
            sweep=(-2.0, 2.0),
        ),
        "your own formula": Preset(
            "a*x*exp(-x)",
            "Write a formula in x and a, for example a*x*exp(-x) or x/2 + a*sin(x).",
            a=2.0,
            start=0.2,
            low=-1.0,
            high=4.0,
            sweep=(-4.0, 4.0),
        ),
    }
)
OWN_FORMULA = "your own formula"
