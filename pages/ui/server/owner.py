"""Who owns a run: others may watch it by its link, but only its owner may pause, stop or resume it."""

import secrets

import streamlit as st
from streamlit.web.server.starlette.starlette_app_utils import decode_xsrf_token_string, validate_xsrf_token
from streamlit.web.server.starlette.starlette_server_config import XSRF_COOKIE_NAME

from deq.jobs import Comparison, Job

STARTED = "fit_started"  # ids of the runs that this session started
ALONE = "owner_key"  # of a session without a cookie


def this_browser() -> str:
    """Identifies this browser: Streamlit's XSRF token, which survives a refresh."""
    return st.context.cookies.get(XSRF_COOKIE_NAME, "")


def browser_key() -> bytes:
    """The secret in this browser's cookie (which is masked differently each time), else a secret of this session."""
    token, _ = decode_xsrf_token_string(this_browser())
    return token or st.session_state.setdefault(ALONE, secrets.token_bytes(16))


def claim(job: Job | Comparison) -> None:
    """Record that this session started the run or comparison."""
    st.session_state.setdefault(STARTED, set()).add(job.id)


def is_mine(job: Job | Comparison) -> bool:
    """Whether this visitor started it, in this session or an earlier one of the same browser."""
    return job.id in st.session_state.get(STARTED, ()) or validate_xsrf_token(job.owner, this_browser())
