"""The common look of all plots: solver styles, markers, axes, lines and labels."""

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from plotly.colors import get_colorscale

from deq.plots.figure import Figure

MAX_LABELLED_CURVES = 5  # more curves than this get a legend instead of labels at their ends
MAX_MARKERS = 40  # a curve with more points has no markers, which would run into each other
STANDOFF = 10  # pixels between the ticks of an x axis and its title
NEUTRAL = "#808080"  # readable on white and on black
GRID = "rgba(128, 128, 128, 0.18)"
ACCENT = "#0072B2"
HIGHLIGHT = "#D68100"
TRAINING, VALIDATION = "#775BAF", "#8C6D31"  # no solver's
FAILED_RED = "#D62728"
SEQUENTIAL = get_colorscale("Cividis")
GRAY = get_colorscale("gray")
# From blue to red through nothing: zero shows the page's background, so it does not glare on a dark one.
DIVERGING = [[0, "rgba(47, 127, 193, 1)"], [0.5, "rgba(130, 98, 124, 0)"], [1, "rgba(214, 69, 56, 1)"]]
TRANSPARENT = "rgba(0, 0, 0, 0)"

AxisType = Literal["linear", "log"]


# Lengths of dash and gap. Plotly's own gaps are as long as its dashes: longer than the space between two markers.
PATTERNS = MappingProxyType(
    {
        "solid": "solid",
        "dot": "2px,4px",
        "dash": "6px,4px",
        "dashdot": "6px,3px,2px,3px",
        "longdash": "10px,4px",
    }
)


@dataclass(frozen=True)
class SolverStyle:
    """How a solver is drawn on every page: colour, one of PATTERNS, plotly marker symbol."""

    color: str
    dash: str
    marker: str

    @property
    def line(self) -> dict[str, object]:
        return {"color": self.color, "dash": PATTERNS[self.dash], "width": 2}


SOLVER_STYLES = MappingProxyType(
    {
        "Picard": SolverStyle("#0072B2", "solid", "circle"),
        "damped Picard": SolverStyle("#439DD0", "dot", "circle-open"),
        "Anderson": SolverStyle("#D68100", "solid", "diamond"),
        "Broyden": SolverStyle("#009E73", "dash", "square"),
        "Newton-Krylov": SolverStyle("#CC79A7", "dashdot", "triangle-up"),
        "ODE flow": SolverStyle("#CC5400", "longdash", "x"),
        "Peaceman-Rachford": SolverStyle("#9D437E", "dot", "star"),
    }
)

# Digits 0 to 9, distinct in hue and lightness; the numeral is written too where space allows.
DIGIT_COLORS = (
    "#0072B2",
    "#D68100",
    "#009E73",
    "#CC5400",
    "#CC79A7",
    "#439DD0",
    "#9D437E",
    "#999933",
    "#775BAF",
    "#8C6D31",
)

START_MARKER = MappingProxyType({"symbol": "square", "size": 8, "color": NEUTRAL})
EQUILIBRIUM_MARKER = MappingProxyType(
    {"symbol": "circle", "size": 11, "color": ACCENT, "line": {"width": 1, "color": "white"}}
)
UNSTABLE_MARKER = MappingProxyType(
    {"symbol": "circle-open", "size": 11, "color": ACCENT, "line": {"width": 2}}
)
FAILED_MARKER = MappingProxyType({"symbol": "x-open", "size": 12, "color": FAILED_RED, "line": {"width": 2}})
FAILED_TEXT = "not converged"


def solver_style(name: str) -> SolverStyle:
    """The style of a solver by its name on the page, such as "Anderson" or "damped Picard"."""
    if name not in SOLVER_STYLES:
        raise ValueError(f"No style for solver {name!r}; choose from {sorted(SOLVER_STYLES)}.")
    return SOLVER_STYLES[name]


def styled_figure(
    x_title: str,
    y_title: str,
    *,
    x_type: AxisType = "linear",
    y_type: AxisType = "linear",
    height: int = 380,
) -> Figure:
    """An empty figure with named axes (the name includes the unit), few grid lines and a transparent background."""
    axis = {"gridcolor": GRID, "zeroline": False, "automargin": True, "nticks": 7}
    layout = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 12, "b": 8},
        "paper_bgcolor": TRANSPARENT,
        "plot_bgcolor": TRANSPARENT,
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
        "modebar": {"bgcolor": TRANSPARENT},
        "xaxis": axis
        | {"title": {"text": x_title, "standoff": STANDOFF}, "type": x_type}
        | _log_ticks(x_type),
        "yaxis": axis | {"title": {"text": y_title}, "type": y_type} | _log_ticks(y_type),
    }
    return Figure({"layout": layout})


def whole_decades(figure: Figure, smallest: float, largest: float) -> None:
    """About six ticks on a log y axis, at whole powers of ten, for values in [smallest, largest]."""
    decades = math.log10(largest / smallest)
    figure.update_yaxes(dtick=max(1, math.ceil(decades / 6)))


def add_level(figure: Figure, y: float, dash: str = "dot") -> None:
    """A thin neutral line across the plot at height y, faster than plotly's `add_hline`."""
    line = {"color": NEUTRAL, "dash": dash, "width": 1}
    figure.add_shape(type="line", xref="x domain", x0=0, x1=1, y0=y, y1=y, line=line)


def add_upright(figure: Figure, x: float, color: str = NEUTRAL, dash: str = "dash", width: int = 1) -> None:
    """A thin vertical line across the plot at x."""
    line = {"color": color, "dash": dash, "width": width}
    figure.add_shape(type="line", yref="y domain", y0=0, y1=1, x0=x, x1=x, line=line)


def add_line(figure: Figure, name: str, x: np.ndarray, y: np.ndarray, style: SolverStyle, hover: str) -> None:
    """A named curve in the style of its solver or gradient, with a marker at each of a few points. x, y: (n,)."""
    figure.add_scatter(
        x=x,
        y=y,
        name=name,
        mode="lines+markers" if len(x) <= MAX_MARKERS else "lines",
        line=style.line,
        marker={"symbol": style.marker, "size": 7, "color": style.color},
        hovertemplate=f"{name}<br>{hover}<extra></extra>",
    )


def add_failures(figure: Figure, x: np.ndarray, y: np.ndarray) -> None:
    """Hollow red crosses where solves did not converge. x, y: (n,)."""
    marker = dict(FAILED_MARKER)
    figure.add_scatter(x=x, y=y, mode="markers", marker=marker, hoverinfo="skip", showlegend=False)


def _log_ticks(axis_type: AxisType) -> dict[str, object]:
    """On a log axis, powers of ten: 10^-3, not 0.001."""
    if axis_type == "linear":
        return {}
    return {"exponentformat": "power", "tickfont": {"size": 10}}  # plotly draws exponents a quarter larger


def scientific(number: float, digits: int = 0) -> str:
    """Scientific notation without padding: 1e-4, or 3.0e-8 with digits=1; not 1e-04."""
    mantissa, _, exponent = f"{number:.{digits}e}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa  # inf and nan have none


def add_tolerance(figure: Figure, tol: float) -> None:
    """A dashed horizontal line at the tolerance, on a log y axis."""
    add_level(figure, tol, "dash")
    figure.add_annotation(
        x=0,  # at the left, where no curve starts; further right curves end below the line
        xref="paper",
        y=math.log10(tol),  # on a log axis plotly places annotations at the logarithm
        text=f"tolerance {scientific(tol)}",
        font={"size": 11, "color": NEUTRAL},
        showarrow=False,
        xanchor="left",
        yanchor="top",
    )


def label_ends(figure: Figure, ends: list[tuple[str, float, float, str]]) -> None:
    """Write each curve's name at its end, shifted apart where two would overlap.

    ends: (name, x, y, colour) in data units; on a log y axis, y is the value and not its logarithm.
    """
    layout = figure.plain["layout"]
    log_y = layout["yaxis"]["type"] == "log"
    heights = [math.log10(y) if log_y else y for _, _, y, _ in ends]
    low, high = _drawn_range(figure, log_y)
    shifts = _spread([(h - low) / (high - low) for h in heights], gap=0.065)
    plot_height = 0.8 * layout["height"]
    for (name, x, _, color), height, shift in zip(ends, heights, shifts, strict=True):
        figure.add_annotation(
            x=x,
            y=height,
            text=name,
            font={"color": color, "size": 13},
            showarrow=False,
            xanchor="left",
            xshift=8,
            yshift=shift * plot_height,
        )


def _drawn_range(figure: Figure, log_y: bool) -> tuple[float, float]:
    """Lowest and highest y of the axis or, where it has no range, of what is drawn; as log10 on a log axis."""
    if fixed := figure.plain["layout"]["yaxis"].get("range"):
        return float(fixed[0]), float(fixed[1])
    values = [float(y) for trace in figure.traces if "y" in trace for y in trace["y"] if y is not None]
    values = [math.log10(y) if log_y else y for y in values if math.isfinite(y) and (y > 0 or not log_y)]
    if not values or min(values) == max(values):
        return 0.0, 1.0
    return min(values), max(values)


def _spread(positions: list[float], gap: float) -> list[float]:
    """How far to shift each position up so that neighbours are at least gap apart (all fractions of the height)."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    shifts = [0.0] * len(positions)
    floor = -math.inf
    for i in order:
        placed = max(positions[i], floor)
        shifts[i] = placed - positions[i]
        floor = placed + gap
    return shifts


def solver_key() -> Figure:
    """One row per solver, with its colour, dash and marker."""
    figure = styled_figure("", "", height=300)
    for row, (name, style) in enumerate(SOLVER_STYLES.items()):
        add_line(figure, name, np.arange(3), np.full(3, row), style, "")
        figure.add_annotation(
            x=2.15, y=row, text=name, xanchor="left", showarrow=False, font={"color": NEUTRAL, "size": 14}
        )
    for trace in figure.traces:
        trace |= {"hovertemplate": None, "hoverinfo": "name"}
    figure.update_xaxes(visible=False, range=[-0.1, 6])
    return figure.update_yaxes(visible=False, autorange="reversed")
