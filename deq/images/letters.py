"""Text in the letters of Pillow's own font, the only one that is there on every machine."""

import unicodedata

UNKNOWN = "?"
SIGNS = str.maketrans(
    {
        "−": "-",
        "×": "x",
        "≤": "<=",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    }
)


def plain_letters(text: str) -> str:
    """The text without accents, and UNKNOWN for a letter of another script: the font would draw an empty box."""
    parts = unicodedata.normalize("NFKD", text.translate(SIGNS))
    bare = (letter for letter in parts if not unicodedata.combining(letter))
    return "".join(letter if letter.isascii() else UNKNOWN for letter in bare)
