"""Settings, runs and charts of the Train page."""
