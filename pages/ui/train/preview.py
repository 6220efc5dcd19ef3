"""Before the first run: the data, and the answers of an untrained model."""

import streamlit as st

from deq.data import OwnData, held_out_digits
from deq.images.pixels import enlarged
from deq.jobs import PICTURE_NAMES, Plan, sizes, task_of
from deq.models import MODELS, PICTURE_MODELS
from pages.ui.readers.missing import note_download
from pages.ui.train.own import draw_strip, is_ready, split_sentence
from pages.ui.train.replay import preview_plane, small_task
from pages.ui.train.run import draw_curve
from pages.ui.train.settings import PRESETS, TITLES

SHOWN = 24


def preview(plan: Plan) -> None:
    """The data with the answers of an untrained model; a message if the formula has no values."""
    if plan.task in PICTURE_NAMES:
        _pictures(plan)
        note_download(plan.task, TITLES.get(plan.task, plan.task))
        return
    if not is_ready(plan):
        return
    if plan.own:
        st.caption(split_sentence(task_of(plan)[0]))
    if isinstance(plan.own, OwnData):
        draw_strip(plan.own)
        return
    try:
        small_task(plan)
    except ValueError as error:
        st.warning(str(error))
        return
    left, right = st.columns(2, gap="medium")  # as during a run
    with left:
        draw_curve(plan, None) if sizes(plan.task)[0] == 1 else preview_plane(plan)
    if sizes(plan.task)[0] == 2:
        right.caption(
            "Points: the data, a colour and a shape for each class. Shade: the network's answer, stronger where surer."
        )
    right.markdown(
        "Before training, the weights are random: any correct answer is luck. "
        "Press Start training to watch the answers change."
    )
    right.markdown("\n".join(f"- **{name}.** {seen}" for name, (_, seen) in PRESETS.items()))


def _pictures(plan: Plan) -> None:
    """A strip of digits; for other data sets one line of text."""
    if plan.task not in ("mnist", "digits"):
        st.markdown("Pictures of 28 × 28 pixels in ten classes.")
        return
    strip = (
        held_out_digits()
        .test_images[:SHOWN]
        .reshape(2, SHOWN // 2, 28, 28)
        .swapaxes(1, 2)
        .reshape(2 * 28, -1)
    )
    st.image(enlarged(strip, 3), "Examples of the digits that the model learns to read.")


def shipped_models(plan: Plan) -> None:
    """How the named models are trained from the command line."""
    if plan.task not in PICTURE_NAMES:
        return
    with st.expander("Models by name", icon=":material/terminal:"):
        st.markdown(
            "Some of these can be chosen by name above; all can be trained from the command line, which prints the "
            "same numbers, continues a stopped run with `--resume`, and uses a GPU if there is one."
        )
        for name in PICTURE_MODELS:
            made_of = (MODELS[name].__doc__ or "").partition("\n")[0].replace("*", r"\*")
            st.markdown(f"**{name}**: {made_of}")
            command = f"python -m deq train {plan.task} --model {name} --out runs/{name}"
            st.code(command, language="sh", wrap_lines=True)
