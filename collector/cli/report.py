"""What a collector holds, in figures."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, select

from collector.checks import findings, meters, periods
from collector.checks.allocation import PeriodResult
from collector.checks.meters import MeterIdentity
from collector.evidence.frame import Stream
from collector.intake import quarantine
from collector.intervals import facts, gateways
from collector.intervals.snapshots import first_snapshot, last_snapshot, not_standing
from collector.ledger import flags
from collector.model.energy import IMPORT
from collector.model.order import Step
from collector.model.records import Meter
from collector.orders import store
from collector.orders.order import Order, Part
from collector.registry.offers import newest_issued
from collector.registry.profiles import ProfileError, load_profile
from collector.registry.store import Registry
from collector.series.embedded import EmbeddedSeries
from collector.series.store import SeriesError
from collector.series.targets import EMBEDDED, open_influx
from collector.storage import reading
from collector.storage.settings import read_settings
from collector.storage.tables import chain, chain_fault, frame, gateway_fact


def status(engine: Engine) -> dict[str, Any]:
    with reading(engine) as connection:
        return _status(connection)


def full(engine: Engine, registry: Registry, directory: Path) -> dict[str, Any]:
    view = registry.view()
    with reading(engine) as connection:
        return {
            "market": {
                "label": view.market.label,
                "period_s": view.market.period_s,
                "interval_s": view.market.interval_s,
            },
            "ledger": _status(connection),
            "energy": [_energy(connection, meter) for meter in view.all(Meter).values()],
            "series": _series(directory),
            "periods": [period(result) for result in periods.stored(connection)],
            "orders": [
                _part(order, part) for order in store.load_all(connection) for part in order.parts
            ],
            "checks": [_finding(finding) for finding in findings.stored(connection)],
            "boots": _boots(connection),
            "health": _health(connection),
        }


def _series(directory: Path) -> dict[str, Any]:
    """Points are null where the server does not say how many."""
    influx = open_influx(read_settings(directory).series.store, directory)
    store = EmbeddedSeries(directory) if influx is None else influx
    points, error = None, None
    try:
        points = store.points()
    except SeriesError as failure:
        error = str(failure)
    store.close()
    name = EMBEDDED if influx is None else influx.name
    return {"store": name, "points": points} | ({"error": error} if error else {})


def _status(connection: Connection) -> dict[str, Any]:
    chains = [
        {
            "gateway": row.gateway.hex(),
            "epoch": row.epoch,
            "stream": Stream(row.stream).name.lower(),
            "upto": row.upto,
            "highest": row.highest,
            "missing": row.highest - _distinct(connection, row),
        }
        for row in connection.execute(select(chain).order_by(chain.c.gateway, chain.c.stream))
    ]
    faults = connection.execute(
        select(chain_fault.c.fault, func.count()).group_by(chain_fault.c.fault)
    )
    return {
        "frames": connection.scalar(select(func.count()).select_from(frame)),
        "refused": quarantine.counts(connection),
        "faults": dict(faults.all()),
        "flagged": flags.counts(connection),
        "chains": chains,
        "configurations": _configurations(connection),
    }


def _distinct(connection: Connection, row: Any) -> int:
    query = select(func.count(func.distinct(frame.c.seq))).where(
        frame.c.gateway == row.gateway,
        frame.c.epoch == row.epoch,
        frame.c.stream == row.stream,
    )
    return connection.scalar(query) or 0


def _energy(connection: Connection, meter: Meter) -> dict[str, Any]:
    first = first_snapshot(connection, meter.serial)
    last = last_snapshot(connection, meter.serial)
    return {
        "site": meter.site,
        "meter": meter.serial,
        "profile": meter.profile,
        "profile_status": _profile_status(meter.profile),
        "valid_from": moment(meter.valid_from),
        "valid_until": None if meter.valid_until is None else moment(meter.valid_until),
        "quantity": IMPORT,
        "register_start_wh": None if first is None else number(first.energy_wh),
        "register_end_wh": None if last is None else number(last.energy_wh),
        "quantum_wh": None if last is None else number(last.quantum_wh),
        "not_the_meters": not_standing(connection, meter.serial),
        "identity": _identity(meters.identity_of(connection, meter)),
    }


def _profile_status(name: str) -> str:
    try:
        return "confirmed" if load_profile(name).confirmed else "unconfirmed"
    except ProfileError:
        return "faulty"


def _identity(known: MeterIdentity) -> dict[str, Any]:
    """Who answered for a meter when it was last asked, as it was read."""
    last = known.last
    if last is None:
        return {"state": known.state}
    return {
        "state": known.state,
        "read": last.read,
        "at": moment(last.at_ms),
        "position": last.position,
    }


def period(result: PeriodResult) -> dict[str, Any]:
    return {
        "site": ", ".join(result.sites),
        "licensee": result.licensee,
        "zone": result.zone,
        "start": moment(result.start_ms),
        "end": moment(result.end_ms),
        "allowed_wh": number(result.allowed_wh),
        "tolerance_wh": number(result.tolerance_wh),
        "measured_wh": None if result.measured_wh is None else number(result.measured_wh),
        "error_wh": number(result.error_wh),
        "boundary_error_wh": number(result.boundary_error_wh),
        "quantum_wh": number(result.quantum_wh),
        "result": result.outcome,
        "missing": list(result.missing),
        "breaks": [
            {"meter": entry.meter, "what": entry.verdict, "at": moment(entry.at_ms)}
            for entry in result.breaks
        ],
        "positions": list(result.positions),
        "closing": result.version,
        "known": None if result.closed_ms is None else moment(result.closed_ms),
        "versions": {kind: list(numbers) for kind, numbers in result.versions.items()},
        "examples": list(result.examples),
        "operational": list(result.operational),
        "generation_wh": _optional(result.generation_wh),
        "export_wh": _optional(result.export_wh),
        "gross_wh": _optional(result.gross_wh),
    }


def _optional(value: Fraction | None) -> int | float | None:
    return None if value is None else number(value)


def _part(order: Order, part: Part) -> dict[str, Any]:
    """What an order is at one gateway."""
    steps = {record.step: record for record in order.own} | part.steps

    def at(step: Step) -> str | None:
        return moment(steps[step].at_ms) if step in steps else None

    verified = steps.get(Step.VERIFIED)
    watts = {} if verified is None else verified.details
    return {
        "order": order.id.hex(),
        "part": part.number,
        "site": part.cut.site,
        "reason": order.terms.reason,
        "stages": list(part.cut.stages),
        "cap_w": part.cut.cap_w,
        "authority": order.terms.authority,
        "official": order.terms.official,
        "ordered_at": at(Step.ISSUED),
        "received_at": at(Step.RECEIVED),
        "applied_at": at(Step.APPLIED),
        "verified_at": at(Step.VERIFIED),
        "power_before_w": watts.get("stage_before_w"),
        "power_after_w": watts.get("stage_after_w"),
        "site_power_before_w": watts.get("site_before_w"),
        "site_power_after_w": watts.get("site_after_w"),
        "result": part.result or part.step,
        "step": part.step,
        "steps": {step: moment(record.at_ms) for step, record in steps.items()},
    }


def _finding(finding: findings.Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "subject": finding.subject,
        "first": moment(finding.first_ms),
        "last": moment(finding.last_ms),
        "details": dict(finding.details),
    }


def _boots(connection: Connection) -> list[dict[str, Any]]:
    """The newest boot that each gateway reported, by its own words."""
    table = gateway_fact
    query = select(table.c.gateway, table.c.at_ms, table.c.body).where(table.c.name == "boot")
    return [
        {"gateway": gateway.hex(), "at": moment(at_ms), **json.loads(body)}
        for gateway, at_ms, body in connection.execute(query)
    ]


def _configurations(connection: Connection) -> list[dict[str, Any]]:
    """Which version each gateway should have, and which it says is in force."""
    in_force = facts.in_force(connection)
    refused = facts.refusals(connection)
    issued = newest_issued(connection)
    return [
        {
            "gateway": gateway,
            "issued_version": issued[gateway].version if gateway in issued else None,
            "in_force_version": in_force.get(gateway),
            "refused": refused.get(gateway),
        }
        for gateway in sorted({*issued, *in_force})
    ]


def _health(connection: Connection) -> list[dict[str, Any]]:
    """How each gateway is, as it said last since its newest start."""
    return [
        {
            "gateway": gateway,
            "at": moment(known.health_ms),
            **asdict(known.health),
            "ailments": list(known.ailments),
            "last_fault": known.fault,
        }
        for gateway, known in gateways.conditions(connection).items()
        if known.health is not None and known.health_ms is not None
    ]


def moment(instant_ms: int) -> str:
    return datetime.fromtimestamp(instant_ms / 1000, UTC).isoformat(timespec="milliseconds")


def number(value: Fraction) -> int | float:
    """For display: whole where it is whole."""
    return int(value) if value.denominator == 1 else float(value)
