"""A model of the operator's own: DEQ_MODEL=FILE.py:FUNCTION at the server's start, for weights that visitors bring.

Visitors bring weights, never code.
"""

import logging
import os

import streamlit as st

VARIABLE = "DEQ_MODEL"

log = logging.getLogger(__name__)


@st.cache_resource(show_spinner=False)
def admit_operator_model() -> str | None:
    """Run the operator's code, once a server; what is wrong with it goes to the log. Returns the model's name."""
    if not (named := os.environ.get(VARIABLE)):
        return None
    from deq.models.model_file import (  # imports JAX, which the front page does without
        ADMITTED,
        load_model_file,
    )

    try:
        file = load_model_file(named)
    except ValueError as error:
        log.error("%s: %s", VARIABLE, error)
        return None
    ADMITTED[file.name] = file.make
    return file.name
