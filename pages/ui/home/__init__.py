"""The story of the front page: its arrays, its words, and how they are solved."""
