"""The inputs and the views of the Predict page: controls, computations, texts."""
