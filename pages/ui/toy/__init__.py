"""The words of the toy page."""
