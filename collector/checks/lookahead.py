"""Inside a delivery period: what will have been drawn at its end, and how sure that is.

The load is taken to stay as it is. How sure that is, the last minutes say: each of them is asked
whether a load like its own, held to the end, would exceed. No more is claimed than that count.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from collector.model.energy import energy_in

MINUTES = 10
"""Into so many parts the time before is cut: sixths of the period, for an hour ten minutes."""


@dataclass(frozen=True)
class Draw:
    """What a holder has used in the running period, within one step of each register, and draws
    now.

    `at_ms` is when the newest of the readings was made, `oldest_ms` the oldest; `since_wh` is
    what the meters that were read earlier have drawn since then, if their load stayed.
    """

    at_ms: int
    used_wh: Fraction
    power_w: Fraction
    quantum_wh: Fraction = Fraction(0)
    since_wh: Fraction = Fraction(0)
    oldest_ms: int | None = None

    def is_over(self, allowed_wh: Fraction) -> bool:
        """Whether more than the allowed energy has been used beyond doubt."""
        return self.used_wh > allowed_wh and self.used_wh - allowed_wh >= self.quantum_wh


@dataclass(frozen=True)
class Projection:
    """If the draw stays as it is: the energy at the period's end, and when it breaches."""

    energy_wh: Fraction
    breach_ms: int | None


class Confidence(StrEnum):
    """`OVER`: it has happened, beyond a step of the registers. `FIRM`: each of the last minutes'
    loads would exceed. `LIKELY`: most would. `OPEN`: half of them or fewer. `UNKNOWN`: too few of
    these minutes were read.
    """

    OVER = "over"
    FIRM = "firm"
    LIKELY = "likely"
    OPEN = "open"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Outlook:
    """A projection with its confidence: of `minutes` loads of the last minutes `exceeding` would
    exceed, if held; between the least and the most of them lie the two energies.
    """

    projection: Projection
    confidence: Confidence
    minutes: int
    exceeding: int
    least_wh: Fraction
    most_wh: Fraction


_ENOUGH = 5


def project(draw: Draw, end_ms: int, allowed_wh: Fraction) -> Projection:
    used_wh = draw.used_wh + draw.since_wh
    energy_wh = used_wh + energy_in(draw.power_w, max(end_ms - draw.at_ms, 0))
    if energy_wh <= allowed_wh:
        return Projection(energy_wh, None)
    left_wh = allowed_wh - used_wh
    if left_wh <= 0:
        return Projection(energy_wh, draw.at_ms)
    return Projection(energy_wh, draw.at_ms + int(left_wh * 3_600_000 / draw.power_w))


def outlook(draw: Draw, end_ms: int, allowed_wh: Fraction, loads_w: Sequence[Fraction]) -> Outlook:
    """`loads_w`: the holder's load in each of the last minutes that was read."""
    projection = project(draw, end_ms, allowed_wh)
    left_ms = max(end_ms - draw.at_ms, 0)
    used_wh = draw.used_wh + draw.since_wh
    held = [used_wh + energy_in(load_w, left_ms) for load_w in loads_w]
    exceeding = sum(energy_wh > allowed_wh for energy_wh in held)
    return Outlook(
        projection,
        _confidence(draw, allowed_wh, len(held), exceeding),
        len(held),
        exceeding,
        min(held, default=projection.energy_wh),
        max(held, default=projection.energy_wh),
    )


def _confidence(draw: Draw, allowed_wh: Fraction, minutes: int, exceeding: int) -> Confidence:
    if draw.is_over(allowed_wh):
        return Confidence.OVER
    if minutes < _ENOUGH:
        return Confidence.UNKNOWN
    if exceeding == minutes:
        return Confidence.FIRM
    return Confidence.LIKELY if 2 * exceeding > minutes else Confidence.OPEN


def loads(
    powers: Mapping[str, Sequence[tuple[int, Fraction]]], from_ms: int, until_ms: int
) -> list[Fraction]:
    """Meters' power readings as sums, in W: one for each minute in which every meter was read.

    `powers`: of each meter when, and how much; of a minute its last reading counts.
    """
    length_ms = max((until_ms - from_ms) // MINUTES, 1)
    by_minute: list[dict[str, Fraction]] = [{} for _ in range(MINUTES)]
    for meter, readings in powers.items():
        for at_ms, power_w in readings:
            place = (at_ms - from_ms) // length_ms
            if 0 <= place < MINUTES:
                by_minute[place][meter] = power_w
    return [
        sum(minute.values(), Fraction(0))
        for minute in by_minute
        if minute and len(minute) == len(powers)
    ]
