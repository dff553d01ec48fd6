"""A month's energy by our registers against what the utility and the balancing market say."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from sqlalchemy import Connection

from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.grey.feeders import limit_of, loss_factor_between
from collector.intervals.exchange import meter_while_it_hung
from collector.model.accuracy import PointLimit, accuracy_limits, combined_wh
from collector.model.records import Meter, Site
from collector.registry import month_statements
from collector.registry.month_statements import Decision, Month, Statement, StatementSource
from collector.registry.view import View

SOURCES: tuple[StatementSource, ...] = ("utility", "market")


class MonthOutcome(StrEnum):
    AGREES = "agrees"
    DIFFERS = "differs"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True)
class MonthEnergy:
    """By registers, at the delivery points. `error_wh`: steps and boundaries. `unmeasured`: the
    meters whose registers did not measure the whole month; then there is no energy.
    """

    energy_wh: Fraction | None
    error_wh: Fraction
    parts: tuple[tuple[Fraction, PointLimit], ...]
    meters: tuple[str, ...]
    operational: tuple[str, ...]
    unmeasured: tuple[str, ...]
    positions: tuple[int, ...]

    @property
    def may_bill(self) -> bool:
        return self.energy_wh is not None and not self.operational


@dataclass(frozen=True)
class Comparison:
    """`allowed_wh`: the combined classes of both sides' meters, steps and boundaries."""

    statement: Statement
    outcome: MonthOutcome
    ours_wh: Fraction | None
    difference_wh: Fraction | None
    allowed_wh: Fraction | None


@dataclass(frozen=True)
class MonthResult:
    """`holds_wh`: what a bill may rest on; None while the utility has said nothing."""

    subject: str
    month: Month
    ours: MonthEnergy
    comparisons: tuple[Comparison, ...]
    decision: Decision | None
    holds: str
    holds_wh: Fraction | None

    @property
    def is_open(self) -> bool:
        """Whether it differs from what a source says, and nobody decided on what stands."""
        differs = any(each.outcome is MonthOutcome.DIFFERS for each in self.comparisons)
        return differs and not self.is_decided

    @property
    def is_decided(self) -> bool:
        """A figure that the utility corrected afterwards is to be decided on anew."""
        return self.decision is not None and self.decision.statement_version == self.utility_version

    @property
    def utility_version(self) -> int | None:
        for each in self.comparisons:
            if each.statement.source == "utility":
                return each.statement.version
        return None


def compare(ours: MonthEnergy, statement: Statement) -> Comparison:
    """Pure. The class of a statement's meter is as bad as may be where it is not given."""
    if ours.energy_wh is None:
        return Comparison(statement, MonthOutcome.UNMEASURED, None, None, None)
    limits = accuracy_limits()
    theirs = limits.of(statement.accuracy_class, has_ct=True, has_vt=True)
    allowed_wh = combined_wh([*ours.parts, (statement.energy_wh, theirs)])
    allowed_wh += ours.error_wh + statement.step_wh
    difference_wh = ours.energy_wh - statement.energy_wh
    is_within = abs(difference_wh) <= allowed_wh
    outcome = MonthOutcome.AGREES if is_within else MonthOutcome.DIFFERS
    return Comparison(statement, outcome, ours.energy_wh, difference_wh, allowed_wh)


def result_of(
    connection: Connection, view: View, subject: str, month: Month, known_ms: int | None = None
) -> MonthResult:
    """Raise LookupError for a subject that the register does not know."""
    ours = energy_of(connection, view, sites_of(view, subject), month)
    stated = [
        month_statements.statement_of(connection, subject, source, month, known_ms)
        for source in SOURCES
    ]
    comparisons = tuple(compare(ours, each) for each in stated if each is not None)
    decision = month_statements.decision_of(connection, subject, month, known_ms)
    utility = stated[0]
    if decision is not None:
        holds, holds_wh = f"{decision.holds}, decided", decision.energy_wh
    elif utility is not None:
        holds, holds_wh = "utility", utility.energy_wh
    else:
        return MonthResult(subject, month, ours, comparisons, None, "nothing yet", None)
    return MonthResult(subject, month, ours, comparisons, decision, holds, holds_wh)


def sites_of(view: View, subject: str) -> list[Site]:
    """A site, or a licensee's of a zone. Raise LookupError."""
    if subject in view.all(Site):
        return [view.one(Site, subject)]
    licensee, _, zone = subject.partition("/")
    found = view.sites_of(licensee, zone)
    if not found:
        raise LookupError(f"{subject!r} is no site and no BIN/zone of the register")
    return found


def subjects(view: View) -> set[str]:
    sites = view.all(Site).values()
    return {site.name for site in sites} | {f"{site.licensee}/{site.zone}" for site in sites}


def energy_of(
    connection: Connection, view: View, sites: Sequence[Site], month: Month
) -> MonthEnergy:
    """Of every delivery meter that hung there in the month."""
    start_ms, end_ms = month.start_ms, month.end_ms
    meters = [
        meter
        for site in sites
        for meter in view.delivery_meters_between(site.name, start_ms, end_ms)
    ]
    parts: list[tuple[Fraction, PointLimit]] = []
    unmeasured: list[str] = []
    positions: set[int] = set()
    error_wh = Fraction(0)
    for meter in meters:
        measured = _metered(connection, view, meter, start_ms, end_ms)
        if measured is None:
            unmeasured.append(meter.serial)
            continue
        energy_wh, its_error_wh, its_positions = measured
        parts.append((energy_wh, limit_of(meter)))
        error_wh += its_error_wh
        positions |= its_positions
    is_whole = bool(meters) and not unmeasured
    return MonthEnergy(
        sum((energy_wh for energy_wh, _ in parts), Fraction(0)) if is_whole else None,
        error_wh,
        tuple(parts),
        tuple(meter.serial for meter in meters),
        tuple(meter.serial for meter in meters if meter.status == "operational"),
        tuple(unmeasured),
        tuple(sorted(positions)),
    )


def findings_of(result: MonthResult) -> Iterator[Finding]:
    """One of each source that differs."""
    start_ms, end_ms = result.month.start_ms, result.month.end_ms
    for each in result.comparisons:
        if each.outcome is not MonthOutcome.DIFFERS:
            continue
        statement = each.statement
        details = {
            "month": str(result.month),
            "source": statement.source,
            "ours_wh": str(each.ours_wh),
            "theirs_wh": str(statement.energy_wh),
            "difference_wh": str(each.difference_wh),
            "allowed_wh": str(each.allowed_wh),
            "holds": result.holds,
            "meters": list(result.ours.meters),
            "operational": list(result.ours.operational),
            "statement": statement.version,
            "document_sha256": statement.document.hex(),
            "positions": list(result.ours.positions),
        }
        subject = f"{result.subject}/{statement.source}"
        yield Finding(Code.MONTH_DIFFERS, subject, start_ms, end_ms, details)


def _metered(
    connection: Connection, view: View, meter: Meter, start_ms: int, end_ms: int
) -> tuple[Fraction, Fraction, set[int]] | None:
    """Energy at the delivery point, its error, and where it stands; each factor over its time."""
    energy_wh, error_wh = Fraction(0), Fraction(0)
    positions: set[int] = set()
    for factor, from_ms, until_ms in loss_factor_between(view, meter, start_ms, end_ms):
        span = (meter.valid_from, meter.valid_until)
        found = meter_while_it_hung(connection, meter.serial, span, from_ms, until_ms)
        if found.energy is None:
            return None
        energy = found.energy
        energy_wh += energy.energy_wh * factor
        error_wh += (energy.quantum_wh + energy.boundary_error_wh) * factor
        positions |= {energy.start.position, energy.end.position}
        positions |= {position for turn in found.turns for position in turn.positions}
    return energy_wh, error_wh, positions
