"""How much may move at once in a zone: one planner for load that is shed, and that returns."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Span:
    """A load that moves at some moment of these two (Unix ms), nobody knows which. In W."""

    from_ms: int
    until_ms: int
    load_w: int


class Ramp:
    """No more than `most_w` moves within any `window_ms`, whenever in its span each load does.

    A load that is more than that by itself moves alone.
    """

    def __init__(self, most_w: int, window_ms: int, spans: Iterable[Span] = ()) -> None:
        self._most_w = most_w
        self._window_ms = window_ms
        self._spans = sorted(spans)
        self._longest_ms = max((each.until_ms - each.from_ms for each in self._spans), default=0)

    def add(self, span: Span) -> None:
        insort(self._spans, span)
        self._longest_ms = max(self._longest_ms, span.until_ms - span.from_ms)

    def fits(self, span: Span) -> bool:
        """Whether it may move too."""
        near = self._near(span)
        if not near:
            return True
        room_w = self._most_w - span.load_w
        return sum(each.load_w for each in near) <= room_w or self._peak_w(span, near) <= room_w

    def first(self, load_w: int, from_ms: int, spread_ms: int) -> int:
        """The earliest moment from which on it fits, if it moves within the spread."""
        ends = (each.until_ms + self._window_ms for each in self._spans)
        for start_ms in sorted({from_ms, *(end for end in ends if end > from_ms)}):
            if self.fits(Span(start_ms, start_ms + spread_ms, load_w)):
                return start_ms
        raise AssertionError("after all others it fits")

    def last(self, load_w: int, by_ms: int, not_before_ms: int, spread_ms: int) -> int | None:
        """The latest moment at which it fits; None: there is none in these bounds."""
        starts = (each.from_ms - self._window_ms - spread_ms for each in self._spans)
        moments = {by_ms, *(start for start in starts if not_before_ms <= start < by_ms)}
        for start_ms in sorted(moments, reverse=True):
            if self.fits(Span(start_ms, start_ms + spread_ms, load_w)):
                return start_ms
        return None

    def _near(self, span: Span) -> Sequence[Span]:
        """Those that could move within one window with it."""
        low = bisect_left(
            self._spans, span.from_ms - self._window_ms - self._longest_ms, key=_from_ms
        )
        high = bisect_left(self._spans, span.until_ms + self._window_ms, key=_from_ms)
        return [
            each for each in self._spans[low:high] if each.until_ms > span.from_ms - self._window_ms
        ]

    def _peak_w(self, span: Span, near: Sequence[Span]) -> int:
        """The most of the others in any window in which it may move.

        A load may move in the window that ends at t for t in [from, until + window).
        """
        moves: list[tuple[int, int]] = []
        for each in near:
            moves.append((max(each.from_ms, span.from_ms), each.load_w))
            moves.append((min(each.until_ms, span.until_ms) + self._window_ms, -each.load_w))
        peak_w = load_w = 0
        for _, change_w in sorted(moves):
            load_w += change_w
            peak_w = max(peak_w, load_w)
        return peak_w


def _from_ms(span: Span) -> int:
    return span.from_ms
