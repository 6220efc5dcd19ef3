"""Entry point of the dashboard: navigation only. Start it with `make app` or `streamlit run app.py`."""

import streamlit as st

from pages.ui.readers.operator import admit_operator_model
from pages.ui.server.disk import keep_programs
from pages.ui.server.guard import mark_app
from pages.ui.server.heaps import limit_heaps
from pages.ui.server.memory import freeing_memory
from pages.ui.server.settings import keeping_settings
from pages.ui.server.threads import limit_threads
from pages.ui.widgets.navigation import ICON, LOOK, pages

limit_heaps()
limit_threads()
keep_programs()
admit_operator_model()
page = st.navigation(pages(), position="top")
st.set_page_config(page_title=f"{page.title} - DEQ lab", page_icon=ICON, layout="wide")
mark_app()
st.html(LOOK)
with freeing_memory(), keeping_settings(page.url_path):
    page.run()
