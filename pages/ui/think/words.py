"""An answer in words and numbers."""

from deq.data.edits import is_connected, is_walled_in, rings
from pages.ui.think.answers import CALLS, TOL, Answer, solver_for
from pages.ui.think.puzzle import KINDS, Puzzle
from pages.ui.widgets.code import imports_of

SNIPPET = """
from deq import {load}
from deq.analysis.thinking import think
from deq.data.edits import edited, solution
from deq.data.puzzles import {draw}
from deq.plots.thinking import wrong_places
{imports}

model = {model}
drawn = {draw}(2, {size}, {seed})[0][{seed} % 2]
first = think(model, drawn[None], {solver})
x = edited(drawn, {changes})  # all at once; on the page each change starts from the previous answer
thought = think(model, x[None], {solver}, z0={start})
wrong = (thought.answers[0] != solution(x)).reshape(len(thought.calls), -1).sum(axis=1)
print(f"{{wrong[-1]}} wrong after {{thought.nfe[0]}} evaluations, converged: {{thought.converged[0]}}")
figure = wrong_places({{"wrong": (thought.calls, wrong)}})
figure
"""

TAUGHT_HERE = 'load_checkpoint("run").model  # from: deq train prefix_sums --model prefix --out run'


def verdict(puzzle: Puzzle, answer: Answer) -> str:
    places, wrong = puzzle.truth.size, int(answer.wrong[-1])
    if not answer.converged:
        return "not converged"
    return f"{wrong:,} of {places:,} places wrong" if wrong else f"right in all {places:,} places"


def sentence(puzzle: Puzzle, answer: Answer) -> str:
    """Why it failed, or how much larger than in training the puzzle is."""
    kind, wrong = KINDS[puzzle.kind], int(answer.wrong[-1])
    strange = _strange(puzzle)
    if not answer.converged:
        most = solver_for(puzzle, "Picard").max_nfe
        few = f"has {wrong:,} of {puzzle.truth.size:,} places wrong"
        state = few if wrong else "is right in every place anyway"
        return (
            f"The solve did not reach the tolerance of {TOL:g} within {most:,} evaluations, so this is no "
            f"equilibrium; the state with the smallest residual {state}.{strange}"
        )
    if strange:
        return f"{'It settled on a wrong answer' if wrong else 'It is right'}.{strange}"
    if wrong:
        return "It settled on a wrong answer: an equilibrium is where the network stops, whether it is right or not."
    if puzzle.size > kind.trained:
        times = puzzle.size / kind.trained
        return (
            f"Trained on {kind.trained} {kind.unit}, it is right at {puzzle.size} too, with the same weights: "
            f"{times:.2g} times the size only takes longer to think about."
        )
    return "This is the size it was trained on. Raise the size: the weights stay the same."


def _strange(puzzle: Puzzle) -> str:
    """What is unusual about a changed maze."""
    if puzzle.kind == "Bits":
        return ""
    if is_walled_in(puzzle.x):
        return (
            " The start or the goal has no door left. The answer for a room is read from the messages that it sends "
            "through its doors, so the network cannot fill this one."
        )
    if not is_connected(puzzle.x):
        return (
            " No path leads from the start to the goal now, as in a quarter of the training mazes. The right answer "
            "is then what remains when dead ends other than start and goal are removed again and again: those two "
            "rooms, loops, and what joins any of these."
        )
    if rings(puzzle.x):
        return (
            " The maze now has a loop, so there may be two paths; no training maze has two. The right answer is then "
            "what remains when dead ends other than start and goal are removed again and again."
        )
    return ""


def budget(puzzle: Puzzle) -> str:
    """The limit on evaluations, and why."""
    most = solver_for(puzzle, "Picard").max_nfe
    return f"At most {most:,} here: {CALLS} at the trained size, growing in proportion to the size."


def beside_scratch(answer: Answer, scratch: Answer) -> str:
    """A warm start compared with a cold one."""
    warm, cold = (
        f"{found.nfe:,}{'' if found.converged else ', not converged'}" for found in (answer, scratch)
    )
    same = (answer.frames[-1] == scratch.frames[-1]).all()
    then = "Both give the same answer." if same else "The answers **differ**."
    return f"Evaluations from the last answer: **{warm}**; from scratch: {cold}. {then}"


def snippet(puzzle: Puzzle, solver: str, warm: bool) -> str:
    """Code that computes the answer."""
    chosen, kind = solver_for(puzzle, solver), KINDS[puzzle.kind]
    return SNIPPET.format(
        draw="mazes" if puzzle.kind == "Maze" else "bits",
        load="load_checkpoint" if puzzle.network else "load_pretrained",
        model=TAUGHT_HERE if puzzle.network else f'load_pretrained("{kind.model}").model',
        size=puzzle.size,
        seed=puzzle.seed,
        changes=puzzle.changes,
        solver=chosen,
        imports=imports_of([chosen]),
        start="first.state" if warm else None,
    )
