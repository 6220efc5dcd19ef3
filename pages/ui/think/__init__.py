"""A puzzle, its answer after each evaluation, and the texts about it."""
