"""What the views of the predict page look into."""

from dataclasses import dataclass

from deq.models.checkpoints import Checkpoint
from deq.solvers import Solver
from pages.ui.readers.answer import Answer
from pages.ui.readers.models import SessionModel


@dataclass(frozen=True)
class Case:
    """One answer, the true label where it is known, and who gave it by which solver."""

    answer: Answer
    truth: int | None
    chosen: Checkpoint | SessionModel
    solver_name: str
    solver: Solver
