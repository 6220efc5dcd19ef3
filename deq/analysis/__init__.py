"""What equilibria are like: compared, explained, told apart from strange inputs, drawn on the front page."""
