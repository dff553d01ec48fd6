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


@dataclass(frozen=True)
class Wave:
    """Loads that move one after the other: `loads` are ms after the first, and W.

    `spread_ms`: how much later than its turn each may move.
    """

    loads: tuple[tuple[int, int], ...]
    spread_ms: int

    def spans(self, from_ms: int, until_ms: int | None = None) -> list[Span]:
        """When it begins at that moment, or at some moment of these two."""
        last_ms = (from_ms if until_ms is None else until_ms) + self.spread_ms
        return [Span(from_ms + after, last_ms + after, load_w) for after, load_w in self.loads]


def apart_ms(loads_w: Iterable[int], most_w: int, window_ms: int) -> int:
    """How far apart loads have to move so that within the window no more than `most_w` do.

    Whichever of them, in whatever order; one that is more by itself moves alone.
    """
    together, sum_w = 0, 0
    for load_w in sorted(loads_w, reverse=True):
        sum_w += load_w
        if sum_w > most_w:
            break
        together += 1
    return -(-window_ms // max(together, 1))


def in_turn(loads_w: Sequence[int], step_ms: int, window_ms: int, spread_ms: int) -> Wave:
    """Loads that move so far apart, whichever of them, in whatever order.

    Each counts as all of them that one window can hold.
    """
    most_w = sum(sorted(loads_w, reverse=True)[: -(-window_ms // step_ms)])
    return Wave(tuple((place * step_ms, most_w) for place in range(len(loads_w))), spread_ms)


class Ramp:
    """No more than `most_w` moves within any `window_ms`, whenever in its span each load does.

    A load that is more than that by itself moves alone.
    """

    def __init__(self, most_w: int, window_ms: int, spans: Iterable[Span] = ()) -> None:
        self._most_w = most_w
        self._window_ms = window_ms
        self._spans = sorted(spans)
        self._longest_ms = max((each.until_ms - each.from_ms for each in self._spans), default=0)

    def add(self, *spans: Span) -> None:
        for span in spans:
            insort(self._spans, span)
            self._longest_ms = max(self._longest_ms, span.until_ms - span.from_ms)

    def fits(self, span: Span) -> bool:
        """Whether it may move too."""
        near = self._near(span)
        if not near:
            return True
        room_w = self._most_w - span.load_w
        return sum(each.load_w for each in near) <= room_w or self._peak_w(span, near) <= room_w

    def fit(self, spans: Iterable[Span]) -> bool:
        """Whether they all may move too, by whatever else they were planned beside each other."""
        return all(self.fits(span) for span in spans)

    def first(self, wave: Wave, from_ms: int) -> int:
        """The earliest moment from which on it fits."""
        ends = {each.until_ms + self._window_ms for each in self._spans}
        starts = {end - after for end in ends for after, _ in wave.loads}
        for start_ms in sorted({from_ms, *(start for start in starts if start > from_ms)}):
            if self.fit(wave.spans(start_ms)):
                return start_ms
        raise AssertionError("after all others it fits")

    def last(self, wave: Wave, by_ms: int, not_before_ms: int) -> int | None:
        """The latest moment at which it may begin; None: there is none in these bounds."""
        before = self._window_ms + wave.spread_ms
        starts = {each.from_ms - before - after for each in self._spans for after, _ in wave.loads}
        moments = {by_ms, *(start for start in starts if not_before_ms <= start < by_ms)}
        for start_ms in sorted(moments, reverse=True):
            if self.fit(wave.spans(start_ms)):
                return start_ms
        return None

    def room_ms(self, now_ms: int) -> int | None:
        """When one of those that take up room at this moment takes up none; None: none does."""
        ends = (each.until_ms + self._window_ms for each in self._spans)
        return min((end for end in ends if end > now_ms), default=None)

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
