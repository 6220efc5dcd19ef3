import streamlit as st

from pages.ui.guard import require_app

require_app()
st.title("This page is being written")
