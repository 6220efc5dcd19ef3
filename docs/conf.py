"""The documentation as a site, built by `make docs`: the guides, the notebook with its outputs, and the API.

The source folder is the repository, so that links between the guides and the README hold here as they do on GitHub.
Formulas become MathML, and plotly's script is served from the site: nothing is fetched from a network.
"""

import os
import sys
from pathlib import Path

import deq

sys.path.insert(0, str(Path(__file__).parent / "site"))  # the extensions that are ours

project, author, release = "DEQ lab", "DEQ lab contributors", deq.__version__
copyright = "DEQ lab contributors, MIT licence"
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "myst_nb",
]
extensions += ["api", "figures", "formulas", "pictures"]

root_doc = "docs/index"
include_patterns = ["docs/**", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/*.md"]
exclude_patterns = [".*", "build", "deq", "dist", "docs/site", "pages", "requirements", "runs", "tests"]

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"  # a second build runs only the notebook that changed
nb_merge_streams = True  # one box for what a cell prints
nb_execution_timeout = 300
nb_execution_raise_on_error = True

autosummary_generate = False  # docs/site/api.py writes the pages
autodoc_inherit_docstrings = False  # what a subclass does not describe is described at its base
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 100
python_use_unqualified_type_names = True

html_theme = "furo"
pygments_dark_style = "github-dark"  # the default underlines the names of modules, like links
html_title = "DEQ lab"
html_theme_options = {"source_repository": "", "top_of_page_buttons": []}
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_additional_pages = {"index": "index.html"}  # build/docs/index.html leads to the first page
templates_path = ["site/templates"]
html_show_sphinx = False

os.environ["JAX_PLATFORMS"] = os.environ.get("JAX_PLATFORMS", "cpu")
