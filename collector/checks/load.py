"""When a load began, by the samples of the meters that make it up."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from collector.checks.meters import POWER
from collector.checks.scene import Readings
from collector.series.store import Point

_STEP_MS = 3_600_000
"""So much is read at once on the way back."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first sample of a load: after it, none that is known was without."""

    at_ms: int
    position: int


def began(
    series: Readings,
    signs: Mapping[str, int],
    over_w: Fraction,
    from_ms: int,
    now_ms: int,
    apart_ms: int,
) -> Beginning | None:
    """Follow a load of now back to where it began, or to `from_ms`.

    `signs`: of each meter's power, 1 or -1. Where it was away, or not read, for longer than
    `apart_ms`, it begins after that. None when the newest sample shows none.
    """
    found: Beginning | None = None
    end_ms = now_ms + 1
    while end_ms > from_ms:
        start_ms = max(end_ms - _STEP_MS, from_ms)
        read = sorted(
            (
                point
                for meter in signs
                for point in series.window(meter, max(start_ms - apart_ms, 0), end_ms)
            ),
            key=lambda point: point.at_ms,
        )
        for sample in reversed(list(loads(read, signs, apart_ms))):
            if sample.at_ms < start_ms:
                break
            if found is not None and found.at_ms - sample.at_ms > apart_ms:
                return found
            if sample.power_w is not None and sample.power_w > over_w:
                found = Beginning(sample.at_ms, sample.position)
            elif found is None:
                return None
        if found is None or found.at_ms - start_ms > apart_ms:
            return found
        end_ms = start_ms
    return found


@dataclass(frozen=True, slots=True)
class LoadSample:
    """The sum of all meters when one of them was read; None while another was not read of late."""

    at_ms: int
    position: int
    power_w: Fraction | None


def loads(points: Iterable[Point], signs: Mapping[str, int], apart_ms: int) -> Iterator[LoadSample]:
    """Of points by time, of any of the meters."""
    last: dict[str, tuple[int, float]] = {}
    for point in points:
        power = point.believed(POWER)
        if power is None:
            continue
        last[point.meter] = point.at_ms, power
        known = [
            signs[meter] * Fraction(power_w)
            for meter, (at_ms, power_w) in last.items()
            if point.at_ms - at_ms <= apart_ms
        ]
        total = sum(known, Fraction(0)) if len(known) == len(signs) else None
        yield LoadSample(point.at_ms, point.position, total)
