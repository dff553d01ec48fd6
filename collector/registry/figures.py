"""Figures as people of this country print them: a decimal comma, spaces between thousands."""

import re
from decimal import Decimal

_SPACES = " \u00a0\u2007\u2009\u202f"
_FIGURE = re.compile(rf"(?:\d{{1,3}}(?:[{_SPACES}]\d{{3}})+|\d+)(?:[.,]\d+)?", re.ASCII)
_NOTHING = {"", "-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212"}
_DIGITS_MAX = 24


class FigureError(ValueError):
    """A text is no figure; it says what would be one."""


def read_figure(text: str) -> Decimal | None:
    """The figure that a cell prints, exactly; None where it prints a dash or nothing.

    Raises FigureError for all else, and for what is less than nothing.
    """
    text = text.strip(f"{_SPACES}\t\r\n")
    if text in _NOTHING:
        return None
    if len(text) > _DIGITS_MAX or not _FIGURE.fullmatch(text):
        raise FigureError(f"{text[:40]!r} is no figure; one is, for example, 1 234,5 or 1234.5")
    return Decimal(re.sub(f"[{_SPACES}]", "", text).replace(",", "."))


def is_figure(text: str) -> bool:
    """Whether a cell's text can be read as a figure, or as the dash in place of one."""
    try:
        return read_figure(text) is not None or bool(text.strip())
    except FigureError:
        return False
