"""Settings, runs and charts of the train page."""
