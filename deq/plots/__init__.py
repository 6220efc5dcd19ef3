"""Plots of equilibria: pure functions from arrays to plotly figures, independent of models and pages."""

from deq.extras import extra

with extra("app"):
    from deq.plots.residuals import residual_curve, residual_curves
    from deq.plots.style import SOLVER_STYLES, solver_style, styled_figure

__all__ = ["SOLVER_STYLES", "residual_curve", "residual_curves", "solver_style", "styled_figure"]
