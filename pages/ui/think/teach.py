"""Train a fresh network on the page: the parity of 32 bits, in a minute or two; then try it on longer rows."""

import streamlit as st

from deq.jobs import Job, Plan, Status
from deq.models import EquilibriumModel
from deq.training import RECIPES
from pages.ui.readers.model import shipped
from pages.ui.server.owner import claim, is_mine, this_browser
from pages.ui.server.runs import EVERY, progress_text, registry
from pages.ui.think.puzzle import Kind

JOB, NETWORK = "_think_job", "network"
SHIPPED, TAUGHT = "as shipped", "trained here"
PLAN = Plan("prefix_sums", "prefix", RECIPES["prefix"])


def model_of(kind: Kind, network: str) -> EquilibriumModel:
    """The network that answers: the one trained here in the run `network`, or the shipped one."""
    job = registry().get(network) if network else None
    if job is not None and job.model is not None:
        return job.model
    return shipped(kind.model).model


def network_control(kind: str) -> str:
    """Which network answers, once one has been trained here: its run, or "" for the shipped one."""
    job = _job()
    if kind != "Bits" or job is None or job.status.is_live or job.model is None:
        return ""
    st.session_state.setdefault(NETWORK, TAUGHT)
    chosen = st.segmented_control("Network", [SHIPPED, TAUGHT], key=NETWORK, required=True)
    return job.id if chosen == TAUGHT else ""


def draw_teaching(kind: str) -> None:
    """A button that starts the run, and its progress."""
    if kind != "Bits":
        return
    with st.expander("Train a fresh network yourself", icon=":material/school:"):
        st.markdown(
            "It trains for three epochs on 50,000 rows of 32 bits. So that the start does not matter, half of the "
            "solves start from noise, and the layer is first repeated a random number of times. On two cores this "
            "takes one to two minutes, and continues while you look at other puzzles."
        )
        job = _job()
        live = job is not None and job.status.is_live
        st.button("Train", icon=":material/play_arrow:", on_click=_start, disabled=live)
        if job is not None:
            (_live if live else _ended)(job)


def _job() -> Job | None:
    """This session's run, if the server still has it; if not, a message says so once."""
    wanted = st.session_state.get(JOB)
    job = registry().get(wanted) if wanted else None
    if wanted and job is None:
        del st.session_state[JOB]
        st.info("The network trained here is no longer on this server; the shipped one answers again.")
    return job


def _start() -> None:
    try:
        job = registry().submit(PLAN, this_browser())
    except ValueError as error:
        st.warning(str(error))
        return
    claim(job)
    st.session_state.pop(NETWORK, None)
    st.session_state[JOB] = job.id


@st.fragment(run_every=EVERY)
def _live(job: Job) -> None:
    job.touch()
    now = job.snapshot()
    if not job.status.is_live:
        st.rerun()
    st.progress(min(now.step / now.steps, 1.0) if now.steps else 0.0, text=progress_text(now))
    if len(now.validation.get("step", ())):
        share = 100 * now.validation["accuracy"][-1]
        st.markdown(f"Validation: {share:.1f} % of new rows are answered right in all 32 places.")
    if is_mine(job):
        st.button("Stop", key="think_stop", on_click=registry().halt, args=(job, Status.STOPPED))


def _ended(job: Job) -> None:
    now = job.snapshot()
    if now.status is Status.PAUSED:
        st.info(
            "Paused because nobody watched for a while. Press **Train** to train a new network from the beginning."
        )
    elif now.message:
        st.info(now.message)
    if now.test is not None:
        st.markdown(
            f"Trained on 32 bits: {100 * float(now.test.accuracy):.1f} % of new rows are answered right in all places. "
            "This network now answers above; make the row longer."
        )
