"""The controls of the page: kind, size, seed, solver; presets. The changes come from the link."""

import streamlit as st

from deq.data.edits import along_the_way
from deq.solvers import SOLVERS
from pages.ui.think.answers import forget
from pages.ui.think.live import CHANGES, keep_changes
from pages.ui.think.puzzle import KINDS, Puzzle, read
from pages.ui.think.teach import network_control
from pages.ui.widgets.glossary import tip
from pages.ui.widgets.rows import what_to_try

KIND, SEED, SOLVER = "kind", "think_seed", "think_solver"  # in the link; other pages have their own
SEEDS = 10_000
FIRST = 69  # a winding maze with a long path
SIZE_HELP = "The network was trained on the smallest size only."


def puzzle_controls() -> tuple[Puzzle, str]:
    """The puzzle and the solver, all in the link."""
    kind = st.segmented_control(
        "Puzzle",
        list(KINDS),
        default="Maze",
        key=KIND,
        bind="query-params",
        persist_state="session",
        required=True,
        on_change=drop_changes,
    )
    kind = kind or next(iter(KINDS))  # an empty parameter in a link chooses none
    sizes, unit = KINDS[kind].sizes, KINDS[kind].unit
    size = st.select_slider(
        f"Size: {unit}",
        sizes,
        sizes[0],
        key=size_key(kind),
        bind="query-params",
        persist_state="session",
        on_change=drop_changes,
        help=SIZE_HELP,
    )
    left, right = st.columns(2)
    seed = left.number_input(
        "Seed",
        0,
        SEEDS - 1,
        FIRST,
        key=SEED,
        bind="query-params",
        persist_state="session",
        on_change=drop_changes,
        help=tip("seed"),
    )
    solver = right.selectbox(
        "Solver", list(SOLVERS), key=SOLVER, bind="query-params", persist_state="session", help=tip("solver")
    )
    puzzle = Puzzle(kind, int(size), int(seed), network=network_control(kind))
    return puzzle.changed(read(st.query_params.get(CHANGES, ""))), solver


def size_key(kind: str) -> str:
    """Each kind keeps its own size."""
    return {"Maze": "rooms", "Bits": "bits"}[kind]


def drop_changes() -> None:
    """Show the next puzzle unchanged, and solve it from scratch."""
    keep_changes(())
    forget()


def buttons(puzzle: Puzzle) -> None:
    """A new puzzle; the same one from the start."""
    with st.container(horizontal=True):
        new = (puzzle.seed + 1) % SEEDS
        st.button(
            f"New {'maze' if puzzle.kind == 'Maze' else 'bits'}",
            icon=":material/refresh:",
            on_click=choose,
            args=(puzzle.kind, puzzle.size, new),
        )
        st.button(
            "Start again",
            icon=":material/restart_alt:",
            on_click=drop_changes,
            disabled=not puzzle.changes,
            help="Undo all changes and solve from scratch.",
        )


def choose(kind: str, size: int, seed: int, changes: tuple[int, ...] = ()) -> None:
    """Set the controls; the solve with changes starts from the equilibrium without them."""
    drop_changes()
    st.session_state.update({KIND: kind, size_key(kind): size, SEED: seed})
    keep_changes(changes)


def presets(puzzle: Puzzle) -> None:
    """What to try: larger puzzles, and changes with a large effect."""
    sizes = KINDS[puzzle.kind].sizes
    with what_to_try():
        for name, size in (("About twice the size", sizes[2]), ("Eight times the size", sizes[6])):
            st.button(name, on_click=choose, args=(puzzle.kind, size, puzzle.seed))
        for name, change, seen in _changes(puzzle):
            _preset(puzzle, name, change, seen)


def _changes(puzzle: Puzzle) -> list[tuple[str, list[int], str]]:
    """Name, possible changes, what to look for."""
    if puzzle.kind == "Bits":
        return [("Flip the first bit", [0], "Every parity flips.")]
    walls, doors = along_the_way(puzzle.drawn, False), along_the_way(puzzle.drawn, True)
    return [
        ("Open a second path", walls, "No training maze has two paths."),
        ("Block the path", doors[len(doors) // 2 :], "A quarter of the training mazes have no path."),
    ]


def _preset(puzzle: Puzzle, name: str, changes: list[int], seen: str) -> None:
    chosen = tuple(changes[:1])
    setting = (puzzle.kind, puzzle.size, puzzle.seed, chosen)
    st.button(name, on_click=choose, args=setting, help=seen, disabled=not chosen)
