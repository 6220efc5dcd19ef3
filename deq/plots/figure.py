"""A plotly figure that costs no more than the dictionaries in it."""

import base64
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Self

import numpy as np
import plotly.graph_objects as go

# Attributes whose names contain an underscore. Plotly reads any other underscore as a dot: title_text is title.text.
UNDERSCORED = {"error_x", "error_y", "paper_bgcolor", "plot_bgcolor"}
ARGUMENTS = {"row", "col", "selector", "overwrite"}  # of plotly's methods, not attributes
PACKED = {np.dtype(code): code for code in ("f8", "f4", "i4", "i1", "u1")}  # plotly.js has the same names


class Figure(go.Figure):  # type: ignore[misc]
    """A `plotly.graph_objects.Figure` of plain dictionaries, built by plotly only when it is needed.

    Plotly checks and copies every attribute, which takes ten times as long as writing the dictionaries, and a page only
    sends them (`spec`). Anything but the methods below has plotly build and check the whole figure first; the tests
    do so for every figure that we draw.
    """

    def __init__(self, figure: Mapping[str, Any]) -> None:
        self._plain: dict[str, Any] | None = {"data": [], "layout": {}, "frames": []} | dict(figure)

    def __getattr__(self, name: str) -> Any:
        """Called for what is missing here: everything that only plotly's own figure has, so it is built first."""
        plain = self.__dict__.get("_plain")
        if plain is None:
            raise AttributeError(name)
        self._plain = None
        super().__init__(plain)
        return getattr(self, name)

    @property
    def plain(self) -> dict[str, Any]:
        """`data`, `layout` and `frames` of a figure that plotly has not built, to read and to change."""
        if self._plain is None:
            raise ValueError("Plotly has built this figure; use its `data`, `layout` and `frames`.")
        return self._plain

    @property
    def traces(self) -> list[dict[str, Any]]:
        """The traces of a figure that plotly has not built."""
        return self.plain["data"]

    def spec(self) -> dict[str, Any]:
        """The figure for JSON without a template, its arrays as plotly.js reads them fastest."""
        if self._plain is None:
            return self.to_dict()
        found = {"layout": _plain(self._plain["layout"], np.ndarray.tolist)}
        drawn = ("data", "frames") if self._plain["frames"] else ("data",)
        return found | {part: _plain(self._plain[part], _packed) for part in drawn}

    def add_scatter(self, **trace: Any) -> Self:
        return self._add_trace("scatter", trace)

    def add_heatmap(self, **trace: Any) -> Self:
        return self._add_trace("heatmap", trace)

    def add_contour(self, **trace: Any) -> Self:
        return self._add_trace("contour", trace)

    def add_bar(self, **trace: Any) -> Self:
        return self._add_trace("bar", trace)

    def add_box(self, **trace: Any) -> Self:
        return self._add_trace("box", trace)

    def add_annotation(self, **annotation: Any) -> Self:
        return self._add_mark("annotation", annotation)

    def add_shape(self, **shape: Any) -> Self:
        return self._add_mark("shape", shape)

    def add_traces(self, data: Sequence[dict[str, Any]], *more: Any, **places: Any) -> Self:
        if self._plain is None or more or places or not all(isinstance(trace, dict) for trace in data):
            return super().add_traces(data, *more, **places)
        self._plain["data"].extend(data)
        return self

    def update_layout(self, patch: Mapping[str, Any] | None = None, **changes: Any) -> Self:
        changes = dict(patch or {}) | changes
        if self._plain is None or not _is_plain(changes):
            return super().update_layout(**changes)
        self._plain["layout"] = _merged(self._plain["layout"], changes)
        return self

    def update_xaxes(self, patch: Mapping[str, Any] | None = None, **changes: Any) -> Self:
        return self._update_axes("xaxis", dict(patch or {}) | changes)

    def update_yaxes(self, patch: Mapping[str, Any] | None = None, **changes: Any) -> Self:
        return self._update_axes("yaxis", dict(patch or {}) | changes)

    def _add_trace(self, kind: str, trace: dict[str, Any]) -> Self:
        if self._plain is None or not _is_plain(trace):
            return getattr(super(), f"add_{kind}")(**trace)
        self._plain["data"].append({"type": kind} | trace)
        return self

    def _add_mark(self, kind: str, mark: dict[str, Any]) -> Self:
        if self._plain is None or not _is_plain(mark):
            return getattr(super(), f"add_{kind}")(**mark)
        self._plain["layout"].setdefault(f"{kind}s", []).append(mark)
        return self

    def _update_axes(self, kind: str, changes: dict[str, Any]) -> Self:
        if self._plain is None or not _is_plain(changes):
            return getattr(super(), f"update_{kind[0]}axes")(**changes)
        layout = self._plain["layout"]
        for name in layout:
            if name.startswith(kind):
                layout[name] = _merged(layout[name], changes)
        return self


def _is_plain(given: Collection[str]) -> bool:
    """Whether these are names of attributes as they are in the dictionaries."""
    return not any(name in ARGUMENTS or ("_" in name and name not in UNDERSCORED) for name in given)


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Plotly's way to update: key by key at every depth, None removes. Neither argument is changed: many are shared."""
    found = dict(old)
    for key, value in new.items():
        both = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = _merged(found[key], value) if both else value
    return {key: value for key, value in found.items() if value is not None}


def _plain(part: Any, array: Callable[[np.ndarray], Any]) -> Any:
    """A part of a figure as plain JSON data; `array` converts its arrays."""
    if isinstance(part, np.ndarray):
        return array(part)
    if isinstance(part, Mapping):
        return {key: _plain(value, array) for key, value in part.items() if value is not None}
    if isinstance(part, list | tuple | range):
        nested = len(part) > 0 and isinstance(part[0], Mapping | list | tuple | np.ndarray)
        return [_plain(value, array) for value in part] if nested else list(part)
    return part


def _packed(values: np.ndarray) -> Any:
    """An array as plotly.js reads it fastest: the bytes of its numbers in base64."""
    if values.dtype == np.int64 and values.size and np.abs(values).max() < 2**31:
        values = values.astype(np.int32)
    code = PACKED.get(values.dtype)
    if code is None or not values.size:
        return values.tolist()
    found = {"dtype": code, "bdata": base64.b64encode(values.tobytes()).decode()}
    return found if values.ndim == 1 else found | {"shape": ", ".join(map(str, values.shape))}
