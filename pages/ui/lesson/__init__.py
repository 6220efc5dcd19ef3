"""What the page Lesson is made of."""
