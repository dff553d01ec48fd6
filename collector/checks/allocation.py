"""Energy against what was bought, per licensee, auction zone and delivery period."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from collector.checks.allowance import Allowance, Versions, joined
from collector.checks.delivery import Delivered, Part, delivered, summed
from collector.model.continuity import Verdict
from collector.model.records import Meter, RatioCorrection


class PeriodOutcome(StrEnum):
    """`INDICATED`: exceeded by the word of operational meters, which may warn and never bill."""

    WITHIN = "within"
    BREACH = "breach"
    INDICATED = "indicated"
    UNMEASURED = "unmeasured"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Break:
    """Why a meter that was read measured nothing."""

    meter: str
    verdict: Verdict
    at_ms: int


@dataclass(frozen=True, slots=True)
class DeliveryMeter:
    """A delivery meter's period: one part, or several where its loss factor changed."""

    parts: tuple[Part, ...]
    is_operational: bool = False
    version: int | None = None
    """Of its record in the register."""
    corrections: tuple[int, ...] = ()
    """Of the records that say that its ratio was wrong then."""

    @property
    def is_read(self) -> bool:
        return all(part.metering.is_read for part in self.parts)


@dataclass(frozen=True, slots=True)
class BehindMeter:
    """What flows behind the delivery points: generated there, and fed into the grid, in Wh.

    None: not measured.
    """

    generation_wh: Fraction | None
    export_wh: Fraction | None


@dataclass(frozen=True)
class PeriodResult:
    """A closed delivery period. `positions` are the ledger entries it rests on, `versions` those
    of the register.

    `missing` are those of its delivery `meters` whose readings may still come. `error_wh` is what
    readings far from their boundary, and changes of a loss factor, may have moved, `quantum_wh` one
    step of each register: nearer to the limit than both nothing is decided. `boundary_error_wh` is
    what all its readings may have moved. `measured_wh` is the exchange with the grid; `gross_wh`,
    where there is `generation_wh`, all that the sites consumed. `examples`: kinds of records it
    rests on that are made up to show how. `operational` are meters that may warn and never bill.
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
    tolerance_wh: Fraction = Fraction(0)
    versions: Versions = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    operational: tuple[str, ...] = ()
    generation_wh: Fraction | None = None
    export_wh: Fraction | None = None
    gross_wh: Fraction | None = None
    version: int = 0
    """Which closing of the period it is, from 1; 0: not kept yet."""
    closed_ms: int | None = None
    """When that was known; None: not kept yet, or by a collector that did not note it."""


@dataclass(frozen=True)
class Holder:
    """Who is checked: a licensee in an auction zone, with his sites there."""

    licensee: str
    zone: str
    sites: tuple[str, ...]


def close_period(
    holder: Holder,
    start_ms: int,
    end_ms: int,
    allowance: Allowance,
    metered: Mapping[str, DeliveryMeter],
    behind: BehindMeter | None = None,
) -> PeriodResult:
    """Judge a period from the energy of every delivery meter."""
    known = {name: delivered(meter.parts) for name, meter in metered.items()}
    complete = {name: found for name, found in known.items() if found is not None}
    measured = summed(complete.values()) if metered and len(complete) == len(metered) else None
    total = summed(complete.values())
    operational = tuple(name for name, meter in metered.items() if meter.is_operational)
    commercial = summed(found for name, found in complete.items() if name not in operational)
    gross_wh = None
    if behind is not None and measured is not None:
        gross_wh = _gross_wh(measured.energy_wh, behind)
    turns = [
        (name, turn)
        for name, meter in metered.items()
        for part in meter.parts
        for turn in part.metering.turns
    ]
    positions = {*total.positions, *(place for _, turn in turns for place in turn.positions)}
    kept = [meter.version for meter in metered.values() if meter.version is not None]
    corrected = sorted({each for meter in metered.values() for each in meter.corrections})
    used = {Meter.kind: tuple(kept)}
    used |= {RatioCorrection.kind: tuple(corrected)} if corrected else {}
    examples = [("tolerance", allowance.example), ("loss_factor", total.example)]
    return PeriodResult(
        licensee=holder.licensee,
        zone=holder.zone,
        sites=holder.sites,
        meters=tuple(metered),
        missing=tuple(name for name, meter in metered.items() if not meter.is_read),
        start_ms=start_ms,
        end_ms=end_ms,
        allowed_wh=allowance.bought_wh,
        measured_wh=None if measured is None else measured.energy_wh,
        error_wh=total.far_wh,
        outcome=_outcome(measured, commercial, allowance.limit_wh, bool(operational)),
        positions=tuple(sorted(positions)),
        boundary_error_wh=total.boundary_error_wh,
        breaks=tuple(
            Break(name, turn.verdict, turn.at_ms) for name, turn in turns if turn.is_break
        ),
        quantum_wh=total.quantum_wh,
        tolerance_wh=allowance.tolerance_wh,
        versions=joined((allowance.versions, total.versions, used)),
        examples=tuple(kind for kind, is_example in examples if is_example),
        operational=operational,
        generation_wh=None if behind is None else behind.generation_wh,
        export_wh=None if behind is None else behind.export_wh,
        gross_wh=gross_wh,
    )


_COMPARED = (
    "outcome",
    "allowed_wh",
    "tolerance_wh",
    "measured_wh",
    "error_wh",
    "quantum_wh",
    "missing",
    "meters",
    "operational",
    "breaks",
    "examples",
    "gross_wh",
)


def differences(earlier: PeriodResult, later: PeriodResult) -> dict[str, tuple[str, str]]:
    """What a later closing of a period has otherwise than the one before it, by field."""
    found = {}
    for name in _COMPARED:
        was, became = getattr(earlier, name), getattr(later, name)
        if was != became:
            found[name] = (_text(was), _text(became))
    for kind in sorted({*earlier.versions, *later.versions}):
        was, became = earlier.versions.get(kind, ()), later.versions.get(kind, ())
        if was != became:
            found[f"versions.{kind}"] = (_text(was), _text(became))
    return found


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def _gross_wh(exchange_wh: Fraction, behind: BehindMeter) -> Fraction | None:
    """Grid exchange + generation − export: all that was consumed behind the delivery points."""
    if behind.generation_wh is None or behind.export_wh is None:
        return None
    return exchange_wh + behind.generation_wh - behind.export_wh


def _outcome(
    measured: Delivered | None, commercial: Delivered, limit_wh: Fraction, is_operational: bool
) -> PeriodOutcome:
    """What commercial meters alone exceed is a breach, whatever operational ones say besides."""
    if measured is None:
        return PeriodOutcome.UNMEASURED
    outcome = _compared(measured, limit_wh)
    if outcome is not PeriodOutcome.BREACH or not is_operational:
        return outcome
    if _compared(commercial, limit_wh) is PeriodOutcome.BREACH:
        return PeriodOutcome.BREACH
    return PeriodOutcome.INDICATED


def _compared(measured: Delivered, limit_wh: Fraction) -> PeriodOutcome:
    """No step where nothing is allowed is within: what is below a step shows in a later period."""
    if measured.energy_wh == limit_wh == measured.far_wh == 0:
        return PeriodOutcome.WITHIN
    if abs(measured.energy_wh - limit_wh) < measured.doubt_wh:
        return PeriodOutcome.UNDECIDED
    return PeriodOutcome.BREACH if measured.energy_wh > limit_wh else PeriodOutcome.WITHIN
