"""How classes in the plane look: each has a colour and a marker."""

# Not the solvers' colours; each is readable on white and on the dark theme, and distinct for deuteranopes.
CLASS_LOOKS = (
    ("#0087A5", "circle"),
    ("#FF4B00", "square"),
    ("#783CFF", "triangle-up"),
    ("#1E781E", "diamond"),
    ("#FF3C96", "x"),
    ("#6987F0", "cross"),
)


def class_look(name: str) -> tuple[str, str]:
    """Colour and plotly marker of the class with this letter."""
    return CLASS_LOOKS[(ord(name[0]) - ord("A")) % len(CLASS_LOOKS)]
