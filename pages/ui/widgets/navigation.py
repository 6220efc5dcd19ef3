"""The pages of the dashboard and their order."""

from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

FOLDER = Path(__file__).resolve().parents[2]
ICON = str(
    FOLDER / "ui" / "widgets" / "icon.svg"
)  # a file: Streamlit loads a Material page icon from another host
LOOK = FOLDER / "ui" / "widgets" / "look.css"  # of every page

# File name -> short title, icon, tooltip of its link.
PAGES = {
    "home": ("Home", ":material/home:", "Eight steps from cos x to a network that thinks longer."),
    "fixed_points": ("Fixed points", ":material/adjust:", "Iterate a map and see where it settles, and why."),
    "toy": ("Toy", ":material/show_chart:", "Train an equilibrium model on y = 2x in about a second."),
    "train": ("Train", ":material/model_training:", "Start a run, watch it learn, download the model."),
    "solvers": (
        "Solvers",
        ":material/speed:",
        "Race solvers on a real model, see why they fail, check the gradient.",
    ),
    "think": (
        "Think longer",
        ":material/route:",
        "Give a network larger mazes than in training, and change them while it thinks.",
    ),
    "predict": ("Predict", ":material/draw:", "Upload a picture of a digit and watch the network settle."),
    "lesson": (
        "Lesson",
        ":material/school:",
        "Ten questions for a class, each with its picture and its answer.",
    ),
    "glossary": ("Glossary", ":material/menu_book:", "Every technical term in a sentence or two."),
}


def page(name: str) -> StreamlitPage:
    """The page in `pages/NAME.py`, for st.navigation and st.page_link. Its URL is its file name, except home's: /."""
    title, icon, tooltip = PAGES[name]
    path = FOLDER / f"{name}.py"
    if name == "home":  # the default page frees its file name as a URL, so `pages` can register that too
        return st.Page(path, title=title, icon=icon, help=tooltip, default=True, url_path="start")
    return st.Page(path, title=title, icon=icon, help=tooltip)


def pages() -> list[StreamlitPage]:
    """All pages in menu order; the last one is hidden and makes /home a valid link."""
    title, icon, _ = PAGES["home"]
    by_name = st.Page(FOLDER / "home.py", title=title, icon=icon, visibility="hidden")
    return [page(name) for name in PAGES] + [by_name]
