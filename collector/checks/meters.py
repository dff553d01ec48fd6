"""What a holder or a site draws now, from the series and the snapshots."""

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from sqlalchemy import Connection

from collector.checks.allocation import Draw
from collector.intervals.energy import energy_until, snapshot_at
from collector.ledger import identities
from collector.ledger.identities import Identity, Standing
from collector.model.records import Gateway, Meter
from collector.registry.view import View
from collector.series.store import Point, SeriesStore

POWER = "active_power"
AHEAD_MS = 5_000
"""What is ahead of now by no more than this speaks of now."""


class IdentityState(StrEnum):
    """What is known of who answers for a meter."""

    MATCHES = "matches"
    OTHER_METER = "other_meter"
    OTHER_RATIO = "other_ratio"
    NOT_READABLE = "not_readable"
    NOT_READ = "not_read"


@dataclass(frozen=True)
class MeterIdentity:
    """`last` is what decides the state: the last that says so, else the last that was read."""

    state: IdentityState
    last: Identity | None


def identity_of(connection: Connection, meter: Meter) -> MeterIdentity:
    whose = (bytes.fromhex(meter.gateway), meter.slot, meter.serial)
    other = identities.newest_foreign(connection, *whose)
    if other is not None:
        is_meter = other.standing is Standing.OTHER_METER
        state = IdentityState.OTHER_METER if is_meter else IdentityState.OTHER_RATIO
        return MeterIdentity(state, other)
    last = identities.newest(connection, *whose)
    if last is None:
        return MeterIdentity(IdentityState.NOT_READ, None)
    is_said = last.is_serial is not None
    return MeterIdentity(IdentityState.MATCHES if is_said else IdentityState.NOT_READABLE, last)


def fresh(view: View, series: SeriesStore, meter: Meter, now_ms: int) -> Point | None:
    """The newest point not ahead of now, if its power is not in doubt and it is not too old.

    Old: more than two telemetry frames of the meter's gateway ago.
    """
    point = series.latest(meter.serial, now_ms + AHEAD_MS)
    if point is None or point.believed(POWER) is None:
        return None
    timing = view.one(Gateway, meter.gateway).timing
    return point if now_ms - point.at_ms <= 2 * timing.frame_ms + AHEAD_MS else None


def power_w(view: View, series: SeriesStore, meters: list[Meter], now_ms: int) -> Fraction | None:
    """The summed power of meters; None when one of them has no fresh value."""
    points = [fresh(view, series, meter, now_ms) for meter in meters]
    if not points or any(point is None for point in points):
        return None
    return sum((Fraction(point.values[POWER]) for point in points if point), Fraction(0))


def draw(
    connection: Connection,
    view: View,
    series: SeriesStore,
    meters: list[Meter],
    start_ms: int,
    now_ms: int,
) -> Draw | None:
    """Exact energy since the period's start, and power now; None when a meter cannot tell."""
    used_wh, quantum_wh, total_w, at_ms = Fraction(0), Fraction(0), Fraction(0), now_ms
    for meter in meters:
        point = fresh(view, series, meter, now_ms)
        if point is None or point.import_wh is None:
            return None
        used = energy_until(connection, meter.serial, start_ms, point.at_ms, point.import_wh)
        start = snapshot_at(connection, meter.serial, start_ms)
        if used is None or start is None:
            return None
        used_wh += used
        quantum_wh += start.quantum_wh
        total_w += Fraction(point.values[POWER])
        at_ms = min(at_ms, max(point.at_ms, start_ms))
    return Draw(at_ms, used_wh, total_w, quantum_wh) if meters else None
