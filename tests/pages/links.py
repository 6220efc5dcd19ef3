"""Hostile links: every parameter of a page with values of every wrong kind."""

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Node

from pages.ui.widgets.navigation import PAGES
from tests.pages.conftest import open_by_link

VALUES = [
    "",
    "nan",
    "-inf",
    "1e999",
    "-1",
    "9" * 400,
    "0x10",
    "1_000",
    "٣",  # a digit, but not ASCII
    "true",
    "[]",
    '{"a": 1}',
    "None",
    "../../../etc/passwd",
    "<script>alert(1)</script>",
    "${jndi:ldap://127.0.0.1/a}",
    "'; DROP TABLE runs; --",
    "__import__('os').getcwd()",
    "$x$ **b** :red[c] `d`",
    "a\0b\r\nSet-Cookie: c=d",
    "\ufffd",  # the replacement character for bytes that are not text
    "🦀" * 500,
    "1.0" * 2000,
]
BEYOND_WIDGETS = {
    "train": ["job", "runs", "compared", "fit_points"],
    "think": ["changes"],
    "predict": ["strokes"],
}  # parameters that a page reads without a widget
VIEWS = {
    "fixed_points": {"explore": ["Four solvers", "As an ODE", "Sweep", "Two numbers"]},
    "solvers": {
        "race_view": [
            "Why",
            "Work and precision",
            "Gradients",
            "Test-time compute",
        ],
        "race_against": ["forward tolerance", "spectral radius", "memory"],
    },
    "predict": {
        "predict_view": ["Why this answer", "The whole test set"],
        "predict_how": ["Sixteen starts", "Many digits"],
        "predict_set": ["Confidence", "Strange inputs"],
        "predict_way": ["Draw", "Camera", "Test digit"],
    },
    "train": {"fit_task": ["circles", "sin x", "own formula", "digits", "own points", "own pictures"]},
}
INSIDE = {  # parameter of a view inside a tab -> that tab
    "race_against": {"race_view": "Gradients"},
    "predict_set": {"predict_view": "The whole test set"},
}


def bound(app: AppTest) -> dict[str, Node]:
    """The widgets of an open page that its address sets, tabs among them, by their parameter."""
    found = {}
    for node in app:
        proto = getattr(node, "proto", None)
        proto = getattr(proto, "tab_container", proto)
        found[getattr(proto, "query_param_key", "")] = node
    return {key: node for key, node in found.items() if key}


def parameters(name: str, app: AppTest) -> list[str]:
    """The names that an open page takes from its address."""
    return sorted(bound(app)) + BEYOND_WIDGETS.get(name, [])


def hostile(names: list[str], turn: int) -> dict[str, str]:
    """A different wrong value for each name; len(VALUES) turns cover all values for all names."""
    return {name: VALUES[(turn + 5 * place) % len(VALUES)] for place, name in enumerate(names)}


def views(name: str) -> list[dict[str, str]]:
    """The views of a page, as links; the first is what a plain link shows."""
    listed = VIEWS.get(name, {}).items()
    return [{}] + [INSIDE.get(key, {}) | {key: value} for key, values in listed for value in values]


def shown_calmly(name: str, query: dict[str, str]) -> AppTest:
    """Open the page by that link: no traceback, and the page is drawn."""
    app = open_by_link(name, **query)
    assert app.title, f"{name} {query}"
    return app


assert set(VIEWS) <= set(PAGES)
