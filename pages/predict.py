"""Predict: a picture of a digit goes in, and the network settles on what it is."""

import numpy as np
import streamlit as st

from deq.images import PictureError
from deq.plots.prediction import digit_picture, probability_bars, probability_paths
from deq.plots.residuals import residual_curve
from pages.ui.charts import show
from pages.ui.code import show_code
from pages.ui.guard import require_app
from pages.ui.links import copy_link
from pages.ui.predict import example_controls, model_controls, picture_controls, read_upload
from pages.ui.predict_answer import answers
from pages.ui.predict_words import choose_digit, headline, show_stages, snippet, verdict

require_app()

st.title("Which digit does the network settle on?", anchor=False)
st.markdown(
    "One layer is applied to the picture again and again until its state no longer moves: z\\* = f(z\\*, x). "
    "The answer is read off that equilibrium. Upload a photo, scan or drawing, or take a test digit."
)
asking, answering = st.columns([1, 2], gap="large")
with asking:
    upload = st.file_uploader(
        "Picture of a digit", ["png", "jpg", "jpeg", "webp", "gif", "bmp"], key="upload"
    )
    example, truth = example_controls(disabled=upload is not None)
    with st.expander("More settings", icon=":material/tune:"):
        chosen, solver_name, solver = model_controls()
        polarity, threshold = picture_controls(disabled=upload is None)

if upload is None:
    images, ink = example[None], None
else:
    try:
        picture, ink, digits = read_upload(upload.getvalue(), polarity, threshold)
    except PictureError as error:
        answering.error(str(error), icon=":material/image_not_supported:")
        st.stop()
    images, truth = np.stack([digit.image for digit in digits]), None

found = answers(images, chosen, solver)
with answering:
    headline(found, truth)
    answer = found[choose_digit(found)]
    seen, said = st.columns([1, 1.5], gap="medium")
    with seen:
        show(digit_picture(answer.image), key="seen", caption="The 28 × 28 pixels that the model sees.")
    with said:
        show(probability_bars(answer.probabilities), key="bars", caption="How probable each digit is.")
    st.markdown(verdict(answer, float(solver.tol)))

way, mind = st.columns(2, gap="large")
with way:
    curve = residual_curve(answer.nfe, answer.residual, float(solver.tol), solver=solver_name)
    show(curve.update_layout(height=300), key="residual", caption="How the state comes to rest.")
with mind:
    show(
        probability_paths(answer.nfe, answer.paths),
        key="paths",
        caption="What it would have said on the way.",
    )
copy_link()
if ink is not None:
    show_stages(picture, ink, digits)
show_code(snippet(chosen, solver))
