"""In the batch: how many evaluations each sample needs, and what the easiest and hardest look like."""

import base64
import io
from functools import lru_cache

import numpy as np
import streamlit as st
from PIL import Image

from deq.analysis.comparison.race import SHOWN, Effort, effort_table, efforts
from deq.analysis.comparison.subjects import Subject
from deq.images.pixels import enlarged
from deq.plots.comparison import effort_histogram
from pages.ui.solvers.settings import Settings
from pages.ui.solvers.tables import SCIENTIFIC, show_table, subject_code
from pages.ui.solvers.work import problem_of, race_of
from pages.ui.widgets.charts import show
from pages.ui.widgets.code import imports_of, show_code
from pages.ui.widgets.steps import in_steps
from pages.ui.widgets.text import counted

ZOOM = 3  # screen pixels for one of the picture's
SNIPPET = """
{imports}
from deq.analysis.comparison import Subject, make_problem
from deq.analysis.comparison.race import effort_table, efforts, race

{problem}
effort = efforts(race(problem, {solver}), problem.labels)
print(effort_table(effort))
print(problem.inputs[effort.order[-8:]].shape)  # the hardest samples
"""


def draw_batch(settings: Settings) -> None:
    """The solver, the histogram, the pictures, the table."""
    st.subheader("In the batch", anchor=False)
    first = "Anderson" if "Anderson" in settings.solvers else settings.solvers[0]
    name = st.segmented_control("Solver", settings.solvers, default=first, required=True, key="race_effort")
    solver = settings.solver(name)
    found = in_steps("batch", (settings, name), {name: lambda: race_of(settings.subject, solver)})
    if not found:
        return
    effort = efforts(found[name], problem_of(settings.subject).labels)
    st.markdown(effort_sentence(effort, name))
    show(
        effort_histogram(effort.nfe, effort.converged, name),
        "evaluations-per-sample",
        "Number of samples by evaluations needed.",
    )
    if settings.subject.reads_digits:
        _pictures(settings.subject, effort)
    show_table(effort_table(effort), {"residual": SCIENTIFIC}, "batch.csv")
    show_code(
        SNIPPET.format(imports=imports_of([solver]), problem=subject_code(settings.subject), solver=solver)
    )


def effort_sentence(effort: Effort, name: str) -> str:
    """The range of the evaluations and how many solves failed."""
    failed = int((~effort.converged).sum())
    lost = f":red[{failed} of {len(effort.nfe)} did not converge.]" if failed else "All converged."
    if not effort.converged.any():
        return f"With {name}: {lost}"
    low, middle, high = np.quantile(effort.nfe[effort.converged], (0, 0.5, 1), method="nearest")
    if low == high:
        return f"With {name} every sample needs **{counted(int(low), 'evaluation')}**. {lost}"
    return f"With {name} a sample needs **{low} to {high} evaluations**, median {middle}. {lost}"


def _pictures(subject: Subject, effort: Effort) -> None:
    """The easiest and the hardest samples, with their evaluations and predictions."""
    images = np.asarray(problem_of(subject).inputs).reshape(-1, 28, 28)
    images = images if images.dtype == np.uint8 else np.round(255 * images).astype(np.uint8)
    rows = {"Easiest": effort.order[:SHOWN], "Hardest": effort.order[::-1][:SHOWN]}
    for title, samples in rows.items() if len(images) > 1 else [("Your digit", effort.order)]:
        st.markdown(f"**{title}**: the answer and, in brackets, its evaluations")
        with st.container(horizontal=True, gap="small"):
            for i in samples:
                st.image(_address(images[i].tobytes()), _caption(effort, i), width=28 * ZOOM)


@lru_cache(512)
def _address(pixels: bytes) -> str:
    """A picture as a data URL: Streamlit would encode an array anew in every rerun."""
    return "data:image/png;base64," + base64.b64encode(png_of(pixels, ZOOM)).decode()


def png_of(pixels: bytes, zoom: int = 1) -> bytes:
    """pixels: 784 bytes, white on black."""
    file = io.BytesIO()
    Image.fromarray(enlarged(np.frombuffer(pixels, np.uint8).reshape(28, 28), zoom)).save(file, "PNG")
    return file.getvalue()


def _caption(effort: Effort, i: int) -> str:
    """For example: 3 (9), 8 read as 3 (9), or 8: not converged."""
    if effort.classes is None:
        return str(effort.nfe[i])
    if not effort.converged[i]:
        return "not converged" if effort.labels is None else f"{effort.labels[i]}: not converged"
    read = f"{effort.classes[i]} ({effort.nfe[i]})"
    if effort.labels is None or effort.labels[i] == effort.classes[i]:
        return read
    return f"{effort.labels[i]} read as {read}"
