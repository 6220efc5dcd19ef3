"""Times measured in turns, as medians with quartile bars."""

from collections.abc import Collection, Mapping

from deq.plots.figure import Figure
from deq.plots.style import FAILED_MARKER, FAILED_TEXT, SOLVER_STYLES, SolverStyle, styled_figure
from deq.plots.ticks import plain_ticks


def race_times(
    times: Mapping[str, tuple[float, float, float]],
    failed: Collection[str] = (),
    styles: Mapping[str, SolverStyle] = SOLVER_STYLES,
    *,
    height: int = 400,
) -> Figure:
    """Time of the whole batch on a log axis, one row per solver, the first on top: median and quartiles as a bar.

    times: solver, or gradient if styles are those of gradients -> (lower quartile, median, upper quartile) in
    milliseconds. failed: those that failed on some samples, so that their time is not a time to solution: a hollow
    red cross.
    """
    figure = styled_figure("time for the whole batch, ms", "", x_type="log", height=height)
    for row, (name, (low, middle, high)) in enumerate(times.items()):
        style, gave_up = styles[name], name in failed
        color = FAILED_MARKER["color"] if gave_up else style.color
        bar = {
            "color": color,
            "array": [high - middle],
            "arrayminus": [middle - low],
            "thickness": 3,
            "width": 8,
        }
        figure.add_scatter(
            x=[middle],
            y=[row],
            mode="markers",
            name=name,
            marker=dict(FAILED_MARKER) if gave_up else {"color": color, "symbol": style.marker, "size": 10},
            error_x=bar,
            hovertemplate=f"{name}<br>{middle:.3g} ms, quartiles {low:.3g} to {high:.3g}"
            f"{', ' + FAILED_TEXT if gave_up else ''}<extra></extra>",
        )
    figure.update_yaxes(tickvals=list(range(len(times))), ticktext=list(times), nticks=None, showgrid=False)
    figure.update_yaxes(range=[len(times) - 0.5, -0.5])
    plain_ticks(figure, [end for ends in times.values() for end in ends])
    figure.update_xaxes(showgrid=True)
    return figure.update_layout(showlegend=False)
