"""A puzzle, its answers call by call, and what the page says about them."""
