"""Live charts: small multiples in Vega-Lite, which updates in place; plotly would flicker."""

from collections.abc import Mapping

import numpy as np
import streamlit as st

from deq.plots.style import NEUTRAL, TRAINING, VALIDATION

HEIGHT = 290  # pixels
Curve = tuple[np.ndarray, np.ndarray]  # updates (n,), values (n,)


def panel(
    title: str,
    curves: Mapping[str, Curve],
    *,
    log: bool = False,
    share: bool = False,
    level: float | None = None,
    key: str,
) -> None:
    """Up to two curves against updates, without values that are not finite.

    share: in percent, at most 100. level: where a dashed line is drawn.
    """
    table = _long_table(curves, log)
    colors = {"domain": list(curves), "range": [TRAINING, VALIDATION][: len(curves)]}
    dashes = {"domain": list(curves), "range": [[1, 0], [6, 3]][: len(curves)]}
    legend = {"title": None, "orient": "top", "symbolType": "stroke"} if len(curves) > 1 else None
    scale = (
        {"type": "log"} if log else {"zero": False, "nice": not share} | ({"domainMax": 1} if share else {})
    )
    # A log axis would draw nine grid lines per decade.
    axis = {"grid": not log, "tickCount": 4} | (
        {"format": ".0e"} if log else {"format": ".3~%"} if share else {}
    )
    line = {
        "mark": {"type": "line", "interpolate": "linear", "point": {"size": 8}, "strokeWidth": 2},
        "encoding": {
            "x": {"field": "update", "type": "quantitative", "title": "update", "axis": {"tickCount": 5}},
            "y": {"field": "value", "type": "quantitative", "title": title, "scale": scale, "axis": axis},
            "color": {"field": "of", "type": "nominal", "scale": colors, "legend": legend},
            "strokeDash": {"field": "of", "type": "nominal", "scale": dashes, "legend": legend},
            "tooltip": [{"field": "of"}, {"field": "update"}, {"field": "value", "format": ".4g"}],
        },
    }
    rule = {
        "mark": {"type": "rule", "strokeDash": [5, 4], "color": NEUTRAL},
        "encoding": {"y": {"datum": level}},
    }
    spec = {"layer": [line] if level is None else [line, rule], "height": HEIGHT}
    st.vega_lite_chart(table, spec, key=key, alt=title)


def _long_table(curves: Mapping[str, Curve], log: bool) -> dict[str, list]:
    table: dict[str, list] = {"update": [], "value": [], "of": []}
    for name, (step, value) in curves.items():
        known = np.isfinite(value) & ((value > 0) | (not log))
        table["update"] += step[known].tolist()
        table["value"] += value[known].tolist()
        table["of"] += [name] * int(known.sum())
    return table
