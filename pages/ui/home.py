"""The words of the front page."""

from deq.plots.prediction import percent
from pages.ui.predict_answer import Answer


def reading_line(answer: Answer, accuracy: float) -> str:
    """What the network settles on, what it thought of on the way, and how far it can be trusted, as Markdown."""
    likely = percent(answer.probabilities.max())
    if not answer.converged:
        return f"It does not come to rest within {answer.evaluations} evaluations, so it has no answer."
    on_the_way = [k for k in dict.fromkeys(answer.paths[1:].argmax(1).tolist()) if k != answer.label]
    thought = f" It thought of {' and '.join(map(str, on_the_way))} on the way." if on_the_way else ""
    return (
        f"It settles on **{answer.label}** ({likely}) after {answer.evaluations} evaluations of one layer.{thought} "
        f"Of MNIST's 10,000 test digits it reads {percent(accuracy)} rightly."
    )
