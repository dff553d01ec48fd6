"""Which requests fetch a set of registers, and how long they take on a serial line."""

from collections.abc import Iterable, Sequence
from fractions import Fraction

_REQUEST_BYTES = 8
_ANSWER_BYTES = 5
"""Unit, function, byte count and CRC around the registers."""


_WIDEST = 4
"""Registers more: what a third request costs on the line is more than twice that."""


class PlanError(ValueError):
    """A quantity that no request can fetch."""


def plan(
    spans: Iterable[tuple[int, int]], readable: Sequence[range] | None, max_registers: int
) -> list[tuple[int, int]]:
    """The fewest requests that fetch every span whole; of those, the least registers.

    A span and a request are an address and a number of registers. Inside one block of `readable`
    a request may cross gaps; where nothing is known to be readable it covers adjoining spans only.
    """
    ordered = sorted(set(spans))
    if not ordered:
        return []
    # the cheapest way to fetch the first n spans: requests, registers, where the last one begins
    best: list[tuple[int, int, int]] = [(0, 0, 0)]
    for last in range(len(ordered)):
        ways = [
            (best[first][0] + 1, best[first][1] + count, first)
            for first in range(last, -1, -1)
            if (count := _covered(ordered[first : last + 1], readable, max_registers))
        ]
        if not ways:
            address, count = ordered[last]
            raise PlanError(f"no request can fetch {count} registers at {address}")
        best.append(min(ways))
    requests = []
    last = len(ordered)
    while last:
        first = best[last][2]
        requests.append(_hull(ordered[first:last]))
        last = first
    return requests[::-1]


def apart(
    requests: Sequence[tuple[int, int]], readable: Sequence[range] | None, max_registers: int
) -> list[tuple[int, int]]:
    """The requests, no two in succession for as many registers where more may be read.

    They are asked round and round. Of two that are alike an answer that comes twice could pass for
    the next one's; a gateway has to ask a third request between them.
    """
    widened = list(requests)
    if readable is None or len(widened) < 2:
        return widened
    for at, (address, count) in enumerate(widened):
        neighbours = {widened[at - 1][1], widened[(at + 1) % len(widened)][1]}
        if count != widened[at - 1][1]:
            continue
        for wider in range(count + 1, min(count + _WIDEST, max_registers) + 1):
            inside = any(
                block.start <= address and address + wider <= block.stop for block in readable
            )
            if inside and wider not in neighbours:
                widened[at] = address, wider
                break
    return widened


def line_time_ms(
    requests: Iterable[tuple[int, int]],
    *,
    baud: int,
    bits_per_character: int,
    gap_ms: int,
    turnaround_ms: int,
) -> Fraction:
    """How long the requests and their answers hold the line, as a rule."""
    character_ms = Fraction(bits_per_character * 1000, baud)
    return sum(
        (
            gap_ms + turnaround_ms + (_REQUEST_BYTES + _ANSWER_BYTES + 2 * count) * character_ms
            for _, count in requests
        ),
        Fraction(0),
    )


def _hull(spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    start = spans[0][0]
    return start, max(address + count for address, count in spans) - start


def _covered(
    spans: Sequence[tuple[int, int]], readable: Sequence[range] | None, max_registers: int
) -> int:
    """How many registers one request for these neighbours takes; 0 if it may not be."""
    start, count = _hull(spans)
    if count > max_registers:
        return 0
    if readable is None:
        end = start
        for address, size in spans:
            if address > end:
                return 0
            end = max(end, address + size)
        return count
    inside = any(block.start <= start and start + count <= block.stop for block in readable)
    return count if inside else 0
