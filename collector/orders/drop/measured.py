"""What the meters of an order said before it and after it, and how much of that is noise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import chain
from statistics import median

from collector.model.noise import robust_variance

_LEAST = 2


class Contact(Enum):
    """What the stage's own contact says now."""

    OPEN = "open"
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Reading:
    """Power in W at a moment in Unix ms; `position`: the frame that says so, in the ledger."""

    at_ms: int
    power_w: Fraction
    position: int = 0


@dataclass(frozen=True)
class Metered:
    """One meter before the order and after it. `quantum_w`: the step in which it tells power;
    `response_ms`: how old its value may be.
    """

    meter: str
    before: Sequence[Reading]
    after: Sequence[Reading]
    quantum_w: Fraction = Fraction(0)
    response_ms: int = 0

    def is_silent(self, least: int) -> bool:
        return min(len(self.before), len(self.after)) < least

    @property
    def before_w(self) -> Fraction:
        return _median(self.before)

    @property
    def after_w(self) -> Fraction:
        return _median(self.after)


@dataclass(frozen=True)
class StageEvidence:
    """`is_tripped`: its contact opened by itself, or by hand there, before the order's command; or
    its protection says that it tripped.
    """

    stage: int
    meters: Sequence[Metered]
    contact: Contact
    is_tripped: bool = False


@dataclass(frozen=True)
class Evidence:
    """`others`: meters of stages of the site that other orders moved meanwhile. `is_dark`: the
    site's voltage is gone; None: nobody measures it.
    """

    stages: Sequence[StageEvidence]
    delivery: Sequence[Metered]
    generation: Sequence[Metered] = ()
    others: Sequence[Metered] = ()
    is_dark: bool | None = None

    def silent(self, least: int) -> tuple[str, ...]:
        """Meters with too few fresh samples, of those that must speak."""
        needed = chain(self.delivery, *(stage.meters for stage in self.stages))
        return tuple(meter.meter for meter in needed if meter.is_silent(least))


def sums(meters: Iterable[Metered]) -> tuple[Fraction, Fraction]:
    before_w = after_w = Fraction(0)
    for meter in meters:
        before_w += meter.before_w
        after_w += meter.after_w
    return before_w, after_w


def spread_of(meters: Iterable[Metered]) -> int:
    """Between the mean moments of reading of these meters before the order."""
    means = [
        Fraction(sum(each.at_ms for each in meter.before), len(meter.before))
        for meter in meters
        if meter.before
    ]
    return int(max(means) - min(means)) if means else 0


def variance_w2(metered: Metered, spread_ms: int) -> Fraction:
    """σ² of one reading of the load before, in W².

    Noise: 1.1 × the square of the median step from sample to sample. Asynchrony: what a load
    that wanders so changes between the moments that are compared, 2 × noise × Δ / T; Δ is the
    meter's own response and the spread between the meters, T the time between two samples.
    Quantum: q² / 12.
    """
    quantum = metered.quantum_w**2 / 12
    count = len(metered.before)
    if count < _LEAST:
        return quantum
    noise = robust_variance([each.power_w for each in metered.before])
    took_ms = metered.before[-1].at_ms - metered.before[0].at_ms
    if took_ms <= 0:
        return noise + quantum
    step_ms = Fraction(took_ms, count - 1)
    return noise + 2 * noise * (metered.response_ms + spread_ms) / step_ms + quantum


def _median(readings: Sequence[Reading]) -> Fraction:
    return median([each.power_w for each in readings])
