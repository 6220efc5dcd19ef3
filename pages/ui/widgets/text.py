"""Words that several pages need."""

import re
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(
    r"([\\`*_\[\]<>$~#|!&]|:(?=\S))"
)  # what Markdown, formulas and Streamlit's colours begin with
TORN = re.compile(r"(?<=[\w)*]) (%|[=+−×] (?=[\w(−*…]))")  # spaces at which a line must not end
SHARE = "%.1f %%"  # of a table's column


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def counted(count: int, noun: str) -> str:
    """1 step, 2 steps."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def rough(number: float) -> str:
    """Two significant digits, and from 100 on a whole number: 0.013, 4.2, 87, 1,250."""
    return f"{number:.2g}" if abs(number) < 99.5 else f"{number:,.0f}"


def brief(number: float) -> str:
    """Three significant digits, and an exponent without padding: 0.0123, 45.6, 1.32e-8."""
    digits, _, exponent = f"{number:.3g}".partition("e")
    return f"{digits}e{int(exponent)}" if exponent else digits


def percents(shares: Iterable[float | None]) -> list[float | None]:
    """Shares as a column of a table that is formatted by SHARE."""
    return [share if share is None else 100 * share for share in shares]


def with_minus(text: str) -> str:
    """A written number, or several, with the true minus sign that readers expect, not a hyphen."""
    return text.replace("-", "−")


def unbroken(text: str) -> str:
    """The text with no-break spaces before % and around = + − ×, so that no line ends between "99" and "%".

    Formulas in it must be short.
    """
    return TORN.sub(lambda found: found.group().replace(" ", "\u00a0"), text)


def signed(number: float, digits: int) -> str:
    """A number to `digits` decimals, with a true minus sign; zero has no sign."""
    text = f"{number:.{digits}f}"
    return with_minus(text if float(text) else text.removeprefix("-"))


FAR_ABOVE = 10  # times the residual


def is_hidden(error: float, residual: float) -> bool:
    """Whether an estimated error is far above the residual, so that the residual alone would mislead."""
    return error > FAR_ABOVE * residual


def plain(text: str) -> str:
    """A visitor's text for Markdown: shown as it is written, without what cannot be printed."""
    return SPECIAL.sub(r"\\\1", "".join(c if c.isprintable() else "?" for c in text))


def short(name: str, most: int = 24) -> str:
    """A name of at most `most` characters that can be printed."""
    printed = "".join(c if c.isprintable() else "?" for c in name)
    return printed if len(printed) <= most else printed[: most - 1] + "…"
