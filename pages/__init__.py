"""The pages of the dashboard, one thin file each; shared code is in pages/ui."""
