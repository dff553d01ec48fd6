"""What a holder or a site draws now, from the series and the snapshots."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from sqlalchemy import Connection

from collector.checks import scene
from collector.checks.delivery import Piece, factors
from collector.checks.lookahead import Draw
from collector.checks.prescribed import prescribed
from collector.checks.scene import Readings
from collector.intervals.running import RunningPeriod, used_until
from collector.ledger import identities
from collector.ledger.identities import Identity, Standing
from collector.model.energy import energy_in
from collector.model.records import Gateway, Meter
from collector.registry.view import View
from collector.series.store import Point

POWER = scene.POWER
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


def fresh(view: View, series: Readings, meter: Meter, now_ms: int) -> Point | None:
    """The newest point not ahead of now, if its power is not in doubt and it is not too old.

    Old: more than two telemetry frames of the meter's gateway ago.
    """
    point = series.latest(meter.serial, now_ms + AHEAD_MS)
    if point is None or point.believed(POWER) is None:
        return None
    timing = view.one(Gateway, meter.gateway).timing
    return point if now_ms - point.at_ms <= 2 * timing.frame_ms + AHEAD_MS else None


def power_w(view: View, series: Readings, meters: Sequence[Meter], now_ms: int) -> Fraction | None:
    """The summed power of meters; None when one of them has no fresh value."""
    points = [fresh(view, series, meter, now_ms) for meter in meters]
    if not points or any(point is None for point in points):
        return None
    return sum((Fraction(point.values[POWER]) for point in points if point), Fraction(0))


def draw(
    connection: Connection,
    view: View,
    series: Readings,
    meters: Sequence[Meter],
    start_ms: int,
    now_ms: int,
    running: RunningPeriod | None = None,
) -> Draw | None:
    """Energy at the delivery point since the period's start, and power now; None when a meter
    cannot tell.

    `running`: it has looked at these meters. Where the
    loss factor changed within the period the smallest counts: what was used is beyond doubt.
    """
    read: list[_Read] = []
    for meter in meters:
        point = fresh(view, series, meter, now_ms)
        if point is None or point.import_wh is None:
            return None
        read_at = (point.at_ms, point.import_wh)
        if running is None:
            used = used_until(connection, meter.serial, start_ms, *read_at)
        else:
            used = running.used(connection, meter.serial, *read_at)
        if used is None:
            return None
        pieces = factors_of(view, meter, start_ms, max(point.at_ms, start_ms + 1))
        least = min(piece.factor for piece in pieces)
        now = pieces[-1].factor
        power_w = Fraction(point.values[POWER]) * now
        at_ms = min(max(point.at_ms, start_ms), now_ms)
        read.append(_Read(at_ms, used.energy_wh * least, power_w, used.quantum_wh * now))
    if not read:
        return None
    newest_ms = max(each.at_ms for each in read)
    return Draw(
        newest_ms,
        sum((each.used_wh for each in read), Fraction(0)),
        sum((each.power_w for each in read), Fraction(0)),
        sum((each.quantum_wh for each in read), Fraction(0)),
        sum((energy_in(each.power_w, newest_ms - each.at_ms) for each in read), Fraction(0)),
        min(each.at_ms for each in read),
    )


@dataclass(frozen=True, slots=True)
class _Read:
    """A meter's part of a draw, at the delivery point."""

    at_ms: int
    used_wh: Fraction
    power_w: Fraction
    quantum_wh: Fraction


def factors_of(view: View, meter: Meter, start_ms: int, end_ms: int) -> tuple[Piece, ...]:
    return factors(prescribed(view).factors.get(meter.serial, ()), start_ms, end_ms)


def last_powers(
    view: View, series: Readings, meters: Sequence[Meter], from_ms: int, until_ms: int
) -> dict[str, list[tuple[int, Fraction]]]:
    """Power at the delivery point by meter, W, as far as it is believed."""
    found: dict[str, list[tuple[int, Fraction]]] = {}
    for meter in meters:
        factor = factors_of(view, meter, from_ms, until_ms)[-1].factor
        readings = found[meter.serial] = []
        for point in series.window(meter.serial, from_ms, until_ms):
            power_w = point.believed(POWER)
            if power_w is not None:
                readings.append((point.at_ms, Fraction(power_w) * factor))
    return found


def readings(
    series: Readings, meters: Sequence[Meter], from_ms: int, until_ms: int
) -> list[list[tuple[int, Fraction | None]]]:
    """Of each meter its power at the meter, W, oldest first; None where it is not believed."""
    return [
        [(point.at_ms, _exact(point.believed(POWER))) for point in window]
        for window in (series.window(meter.serial, from_ms, until_ms) for meter in meters)
    ]


def _exact(power_w: float | None) -> Fraction | None:
    return None if power_w is None else Fraction(power_w)
