"""Words that several pages need."""

from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


FAR_ABOVE = 10  # times the residual


def is_hidden(error: float, residual: float) -> bool:
    """Whether an estimated error is far above the residual, so that the residual alone would mislead."""
    return error > FAR_ABOVE * residual
