"""Energy against the auction's allocation, per licensee, zone and delivery period."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from collector.intervals.energy import Metering
from collector.model.continuity import Verdict
from collector.model.energy import energy_in


class PeriodOutcome(StrEnum):
    WITHIN = "within"
    BREACH = "breach"
    UNMEASURED = "unmeasured"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Break:
    """Why a meter that was read measured nothing."""

    meter: str
    verdict: Verdict
    at_ms: int


@dataclass(frozen=True)
class PeriodResult:
    """A closed delivery period. `positions` are the ledger entries it rests on.

    `missing` are those of its delivery `meters` whose readings may still come. `error_wh` is what
    readings far from their boundary may have moved, `quantum_wh` one step of each register: nearer
    to the allowance than both nothing is decided. `boundary_error_wh` is what all its readings may
    have moved.
    """

    licensee: str
    zone: str
    sites: tuple[str, ...]
    meters: tuple[str, ...]
    missing: tuple[str, ...]
    start_ms: int
    end_ms: int
    allowed_wh: Fraction
    measured_wh: Fraction | None
    error_wh: Fraction
    outcome: PeriodOutcome
    positions: tuple[int, ...]
    boundary_error_wh: Fraction = Fraction(0)
    breaks: tuple[Break, ...] = ()
    quantum_wh: Fraction = Fraction(0)


@dataclass(frozen=True)
class Holder:
    """Who is checked: a licensee in a zone, with his sites there."""

    licensee: str
    zone: str
    sites: tuple[str, ...]


def close_period(
    holder: Holder,
    start_ms: int,
    end_ms: int,
    allowed_wh: Fraction,
    metered: Mapping[str, Metering],
) -> PeriodResult:
    """Judge a period from the energy of every delivery meter."""
    complete = [found.energy for found in metered.values() if found.energy is not None]
    missing = tuple(meter for meter, found in metered.items() if not found.is_read)
    breaks = [
        Break(meter, turn.verdict, turn.at_ms)
        for meter, found in metered.items()
        for turn in found.breaks
    ]
    whole = bool(metered) and len(complete) == len(metered)
    measured_wh = sum((energy.energy_wh for energy in complete), Fraction(0)) if whole else None
    error_wh = sum((energy.error_wh for energy in complete), Fraction(0))
    quantum_wh = sum((energy.quantum_wh for energy in complete), Fraction(0))
    positions = {energy.start.position for energy in complete}
    positions |= {energy.end.position for energy in complete}
    turns = [turn for found in metered.values() for turn in found.turns]
    positions |= {position for turn in turns for position in turn.positions}
    return PeriodResult(
        holder.licensee,
        holder.zone,
        holder.sites,
        tuple(metered),
        missing,
        start_ms,
        end_ms,
        allowed_wh,
        measured_wh,
        error_wh,
        _outcome(measured_wh, allowed_wh, error_wh, quantum_wh),
        tuple(sorted(positions)),
        sum((energy.boundary_error_wh for energy in complete), Fraction(0)),
        tuple(breaks),
        quantum_wh,
    )


def _outcome(
    measured_wh: Fraction | None, allowed_wh: Fraction, error_wh: Fraction, quantum_wh: Fraction
) -> PeriodOutcome:
    """No step where nothing is allowed is within: what is below a step shows in a later period."""
    if measured_wh is None:
        return PeriodOutcome.UNMEASURED
    if measured_wh == allowed_wh == error_wh == 0:
        return PeriodOutcome.WITHIN
    if abs(measured_wh - allowed_wh) < error_wh + quantum_wh:
        return PeriodOutcome.UNDECIDED
    return PeriodOutcome.BREACH if measured_wh > allowed_wh else PeriodOutcome.WITHIN


@dataclass(frozen=True)
class Draw:
    """What a holder has used in the running period, within one step of each register, and draws
    now.
    """

    at_ms: int
    used_wh: Fraction
    power_w: Fraction
    quantum_wh: Fraction = Fraction(0)

    def is_over(self, allowed_wh: Fraction) -> bool:
        """Whether more than the allowed energy has been used beyond doubt."""
        return self.used_wh > allowed_wh and self.used_wh - allowed_wh >= self.quantum_wh


@dataclass(frozen=True)
class Projection:
    """If the draw stays as it is: the energy at the period's end, and when it breaches."""

    energy_wh: Fraction
    breach_ms: int | None


def project(draw: Draw, end_ms: int, allowed_wh: Fraction) -> Projection:
    energy_wh = draw.used_wh + energy_in(draw.power_w, max(end_ms - draw.at_ms, 0))
    if energy_wh <= allowed_wh:
        return Projection(energy_wh, None)
    left_wh = allowed_wh - draw.used_wh
    if left_wh <= 0:
        return Projection(energy_wh, draw.at_ms)
    return Projection(energy_wh, draw.at_ms + int(left_wh * 3_600_000 / draw.power_w))
