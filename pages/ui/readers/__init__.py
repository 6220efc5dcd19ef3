"""The models in use: shipped, trained in this browser, or uploaded."""
