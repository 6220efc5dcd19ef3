"""The ways in and the views of the predict page, with what they ask, compute and say."""
