"""The front page's arrays and texts, and the script that computes them."""
