"""The model and the picture in use."""
