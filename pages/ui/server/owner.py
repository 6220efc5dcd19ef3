"""Whose run it is: others may watch it by its link, and only who started it may pause, stop or resume it."""

import streamlit as st
from streamlit.web.server.starlette.starlette_app_utils import validate_xsrf_token
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from deq.jobs import Job

STARTED = "fit_started"  # ids of the runs that this session started


def this_browser() -> str:
    """What tells this browser from all others: Streamlit's token against forged requests, which outlives a refresh."""
    return st.context.cookies.get(XSRF_COOKIE_NAME, "")


def claim(job: Job) -> None:
    """This session started the run."""
    st.session_state.setdefault(STARTED, set()).add(job.id)


def is_mine(job: Job) -> bool:
    """Whether this visitor started it, in this session or in an earlier one of the same browser."""
    return job.id in st.session_state.get(STARTED, ()) or validate_xsrf_token(job.owner, this_browser())
