"""The texts of the toy page."""
