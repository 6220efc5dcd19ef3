"""The pages of the dashboard, one thin file each; what they share lies in pages/ui."""
