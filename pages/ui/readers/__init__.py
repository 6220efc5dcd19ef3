"""The models in use: shipped, trained in this session, or uploaded."""
