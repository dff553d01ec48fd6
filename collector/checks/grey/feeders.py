"""What is known of a feeder: energies at its head and of its children, and its own load."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from sqlalchemy import Connection

from collector.checks.delivery import factors
from collector.checks.grey.balance import Balance, Part, balance
from collector.checks.grey.profile import Quarter
from collector.checks.prescribed import prescribed
from collector.intervals.courses import measured_intervals
from collector.intervals.energy import Metering
from collector.intervals.many import Register, meter_many
from collector.model.accuracy import PointLimit, accuracy_limits
from collector.model.records import Feeder, Meter, Site
from collector.registry import feeder_readings
from collector.registry.feeder_readings import FeederEnergy, Point
from collector.registry.view import View


@dataclass(frozen=True)
class FeederChildren:
    feeders: tuple[Feeder, ...]
    meters: tuple[Meter, ...]

    def __bool__(self) -> bool:
        return bool(self.feeders or self.meters)


def children(view: View, feeder: Feeder, at_ms: int) -> FeederChildren:
    """Feeders that hang on it, and the delivery meters of its licensed sites."""
    hung = [each for each in view.holding(Feeder, at_ms) if each.parent == feeder.name]
    sites = [site for site in view.all(Site).values() if site.feeder == feeder.name]
    meters = [meter for site in sites for meter in view.delivery_meters(site.name, at_ms)]
    return FeederChildren(tuple(hung), tuple(meters))


def balance_of(
    connection: Connection, view: View, feeder: Feeder, start_ms: int, end_ms: int
) -> Balance | None:
    """None where nothing is known to hang on it: there is nothing to compare with."""
    known = children(view, feeder, start_ms)
    consumers = _imported(connection, feeder.name, "consumers", start_ms, end_ms)
    if not known and consumers is None:
        return None
    heads = _heads(connection, view, feeder, start_ms, end_ms)
    parts = _metered(connection, view, known.meters, start_ms, end_ms)
    for child in known.feeders:
        parts += _heads(connection, view, child, start_ms, end_ms)
    parts += [] if consumers is None else [consumers]
    return balance(feeder.name, start_ms, end_ms, heads, parts, feeder.loss_permille)


def own_load(
    connection: Connection, view: View, feeder: Feeder, start_ms: int, end_ms: int, quarter_ms: int
) -> list[Quarter]:
    """What its head shows and no child accounts for; quarters in which one was not read are left
    out. The power factor is the head's, where it has no children.
    """
    known = children(view, feeder, start_ms)
    span = (start_ms, end_ms, quarter_ms)
    head, factors = _head_quarters(connection, feeder, *span)
    for meter in known.meters:
        factor = _loss_factor(view, meter.serial, start_ms)
        drawn = measured_intervals(connection, meter.serial, *span)
        head = {at: head[at] - drawn[at] * factor for at in head.keys() & drawn.keys()}
    for child in known.feeders:
        drawn, _ = _head_quarters(connection, child, *span)
        head = {at: head[at] - drawn[at] for at in head.keys() & drawn.keys()}
    hours = quarter_ms / 3_600_000
    return [
        Quarter(at_ms, float(head[at_ms]) / hours, None if known else factors.get(at_ms))
        for at_ms in sorted(head)
    ]


def _heads(
    connection: Connection, view: View, feeder: Feeder, start_ms: int, end_ms: int
) -> list[Part]:
    """By its meters; where it has none, by what was imported."""
    if feeder.meters:
        known = view.all(Meter)
        hung = [known[serial] for serial in feeder.meters if serial in known]
        found = {part.name: part for part in _metered(connection, view, hung, start_ms, end_ms)}
        return [
            found.get(serial) or Part(serial, None, _imported_limit()) for serial in feeder.meters
        ]
    imported = _imported(connection, feeder.name, "head", start_ms, end_ms)
    return [imported or Part(feeder.name, None, _imported_limit())]


def _metered(
    connection: Connection, view: View, meters: Sequence[Meter], start_ms: int, end_ms: int
) -> list[Part]:
    interval_ms = view.market.interval_s * 1000
    registers = [Register(each.serial, each.valid_from, each.valid_until) for each in meters]
    found = meter_many(connection, registers, start_ms, end_ms, interval_ms)
    return [
        _part(view, meter, found[register].whole, start_ms)
        for meter, register in zip(meters, registers, strict=True)
    ]


def _part(view: View, meter: Meter, found: Metering, start_ms: int) -> Part:
    """At the delivery point: times its loss factor."""
    limit = limit_of(meter)
    if found.energy is None:
        return Part(meter.serial, None, limit)
    factor = _loss_factor(view, meter.serial, start_ms)
    energy = found.energy
    positions = {energy.start.position, energy.end.position}
    positions |= {position for turn in found.turns for position in turn.positions}
    error_wh = (energy.quantum_wh + energy.boundary_error_wh) * factor
    return Part(meter.serial, energy.energy_wh * factor, limit, error_wh, tuple(sorted(positions)))


def limit_of(meter: Meter) -> PointLimit:
    return accuracy_limits().of(
        meter.accuracy_class, has_ct=meter.ct[0] != meter.ct[1], has_vt=meter.vt[0] != meter.vt[1]
    )


def _imported_limit() -> PointLimit:
    limits = accuracy_limits()
    return limits.of(limits.imported, has_ct=True, has_vt=True)


def _imported(
    connection: Connection, feeder: str, point: Point, start_ms: int, end_ms: int
) -> Part | None:
    """The whole span by rows of a file; None where there is not one, no energy where some lack."""
    rows = feeder_readings.energies(connection, feeder, point, start_ms, end_ms)
    if not rows:
        return None
    name = feeder if point == "head" else f"{feeder}/{point}"
    documents = {row.document for row in rows}
    if not _is_whole(rows, start_ms, end_ms):
        return Part(name, None, _imported_limit())
    energy_wh = sum((row.energy_wh for row in rows), Fraction(0))
    return Part(name, energy_wh, _imported_limit(), document=min(documents))


def _is_whole(rows: Sequence[FeederEnergy], start_ms: int, end_ms: int) -> bool:
    at_ms = start_ms
    for row in rows:
        if row.start_ms != at_ms:
            return False
        at_ms += row.length_ms
    return at_ms == end_ms


def _head_quarters(
    connection: Connection, feeder: Feeder, start_ms: int, end_ms: int, quarter_ms: int
) -> tuple[dict[int, Fraction], dict[int, float]]:
    """Energy and, of imported ones, the power factor, by start."""
    if feeder.meters:
        each = [
            measured_intervals(connection, serial, start_ms, end_ms, quarter_ms)
            for serial in feeder.meters
        ]
        whole = set.intersection(*(set(found) for found in each))
        return {at: sum((found[at] for found in each), Fraction(0)) for at in whole}, {}
    rows = feeder_readings.energies(connection, feeder.name, "head", start_ms, end_ms)
    rows = [row for row in rows if row.length_ms == quarter_ms]
    factors = {
        row.start_ms: row.power_factor_permille / 1000
        for row in rows
        if row.power_factor_permille is not None
    }
    return {row.start_ms: row.energy_wh for row in rows}, factors


def loss_factor_between(
    view: View, meter: Meter, start_ms: int, end_ms: int
) -> list[tuple[Fraction, int, int]]:
    """Factors from meter to delivery point and when each held, over the part in which it hung."""
    start_ms = max(start_ms, meter.valid_from)
    end_ms = end_ms if meter.valid_until is None else min(end_ms, meter.valid_until)
    changes = {start_ms, end_ms}
    for entry in prescribed(view).factors.get(meter.serial, ()):
        if entry.record.holds_between(start_ms, end_ms):
            changes |= {entry.record.valid_from, entry.record.valid_until or end_ms}
    cuts = sorted(at_ms for at_ms in changes if start_ms <= at_ms <= end_ms)
    return [
        (_loss_factor(view, meter.serial, from_ms), from_ms, until_ms)
        for from_ms, until_ms in pairwise(cuts)
    ]


def _loss_factor(view: View, meter: str, at_ms: int) -> Fraction:
    known = prescribed(view).factors.get(meter, ())
    return factors(known, at_ms, at_ms + 1)[0].factor
