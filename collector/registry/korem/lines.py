"""Words in the order of reading: lines, and figures whose thousands stand apart."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from collector.registry.korem.pages import Page, Word

_THOUSANDS = re.compile(r"\d{1,3}(?: \d{3})*", re.ASCII)
_GROUP = re.compile(r"\d{3}(?:[.,]\d+)?", re.ASCII)
_CLOSE = 0.45
"""Of the letters' height: groups of thousands stand no further apart."""


@dataclass(frozen=True)
class Line:
    """Words beside one another, from left to right."""

    page: int
    words: tuple[Word, ...]

    @property
    def place(self) -> tuple[int, float]:
        """It grows in the order of reading."""
        return self.page, min(word.top for word in self.words)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def middle(self) -> float:
        return sum((word.top + word.bottom) / 2 for word in self.words) / len(self.words)


def lines_of(page: Page) -> list[Line]:
    """Words whose middles are nearer than half their height are on one line."""
    lines: list[list[Word]] = []
    for word in sorted(page.words, key=lambda each: each.top + each.bottom):
        last = lines[-1][-1] if lines else None
        if last is not None and abs(_middle(word) - _middle(last)) <= word.height / 2:
            lines[-1].append(word)
        else:
            lines.append([word])
    ordered = (sorted(words, key=lambda each: each.left) for words in lines)
    return [Line(page.number, tuple(words)) for words in ordered]


def with_thousands(words: Iterable[Word]) -> list[Word]:
    """Words of one line, with `1` and `234,5` close to one another as `1 234,5`."""
    joined: list[Word] = []
    for word in words:
        last = joined[-1] if joined else None
        if (
            last is not None
            and word.left - last.right <= _CLOSE * word.height
            and _THOUSANDS.fullmatch(last.text)
            and _GROUP.fullmatch(word.text)
        ):
            joined[-1] = Word(
                f"{last.text} {word.text}",
                last.left,
                word.right,
                min(last.top, word.top),
                max(last.bottom, word.bottom),
            )
        else:
            joined.append(word)
    return joined


def _middle(word: Word) -> float:
    return (word.top + word.bottom) / 2
