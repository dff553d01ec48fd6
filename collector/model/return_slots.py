"""When in a cycle each stage of a zone may return by itself, so that no minute has too much."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

MINUTE_MS = 60_000
APART_MS = 15_000
"""By so much two gateways may be off against each other: by their clocks, or their starts."""
Key = TypeVar("Key")


@dataclass(frozen=True)
class Slots:
    """`offsets_ms`: of each stage, from the beginning of the cycle."""

    cycle_ms: int
    offsets_ms: Mapping[object, int]


def lay(loads_w: Mapping[Key, int], most_w: int) -> Slots:
    """Lay out stages in their order, each with the most that it can draw.

    In any minute, and `APART_MS` more, no more than `most_w` of them; also from one cycle to the
    next. A stage that is more by itself has that time before it and after it alone.
    """
    window_ms = MINUTE_MS + APART_MS
    offsets_ms: dict[object, int] = {}
    near: list[tuple[int, int]] = []
    at_ms = 0
    for key, load_w in loads_w.items():
        # a stage waits as long as its predecessors take at the cap, and until it fits
        near = [each for each in near if each[0] > at_ms - window_ms]
        while near and sum(load for _, load in near) + load_w > most_w:
            at_ms = max(at_ms, near.pop(0)[0] + window_ms)
        offsets_ms[key] = at_ms
        near.append((at_ms, load_w))
        at_ms += -(-window_ms * min(load_w, most_w) // most_w)
    last_ms = max(offsets_ms.values(), default=0)
    return Slots(last_ms + window_ms, offsets_ms)
