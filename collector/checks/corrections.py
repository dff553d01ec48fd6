"""A ratio that was wrong: every period that rests on it is judged again, and it is told which."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from collector.checks import closing, findings, periods
from collector.checks.allocation import PeriodResult
from collector.checks.findings import Code, Finding
from collector.intervals import ratios
from collector.model.records import Meter, RatioCorrection
from collector.registry.view import View
from collector.storage.tables import correction_applied as table
from collector.storage.tables import registry_version


@dataclass(frozen=True)
class KnownCorrection:
    """`version`: the register's number of it, `document` the SHA-256 of the file it came in."""

    version: int
    recorded_ms: int
    document: bytes
    record: RatioCorrection


@dataclass(frozen=True)
class Touched:
    """A period whose judgement changed: its version before and since."""

    licensee: str
    zone: str
    start_ms: int
    before: int
    after: int


def known(connection: Connection, meter: str | None = None) -> list[KnownCorrection]:
    """Every version of every correction, oldest first."""
    query = select(registry_version).where(registry_version.c.kind == RatioCorrection.kind)
    found = [
        KnownCorrection(
            row.id,
            row.recorded_ms,
            row.document,
            RatioCorrection.model_validate_json(row.body),
        )
        for row in connection.execute(query.order_by(registry_version.c.id))
    ]
    return [each for each in found if meter in (None, each.record.meter)]


def apply(connection: Connection, view: View, now_ms: int) -> None:
    """Judge again what rests on corrections that are new, once energies are told by them."""
    if not _has_news(connection):
        return
    done = set(connection.scalars(select(table.c.registry_version)))
    versions = known(connection)
    newest = {each.record.key: each for each in versions}
    for each in versions:
        meter = each.record.meter
        if each.version in done or meter not in view.all(Meter):
            continue
        if newest[each.record.key] is not each:
            _note(connection, each, now_ms, [])  # nothing was judged by it
        elif ratios.is_taken_over(connection, view, meter):
            apply_one(connection, view, each, now_ms)


def apply_one(
    connection: Connection, view: View, correction: KnownCorrection, now_ms: int
) -> list[Touched]:
    """Also where it takes the place of an earlier version, which may have held at other times."""
    record = correction.record
    versions = [
        each.record for each in known(connection, record.meter) if each.record.key == record.key
    ]
    spans = [record, *versions]
    start_ms = min(each.valid_from for each in spans)
    ends = [each.valid_until for each in spans]
    end_ms = None if None in ends else max(each for each in ends if each is not None)
    changed = closing.close_corrected(connection, view, record.meter, start_ms, end_ms)
    touched = [_touched(connection, after) for _, after in changed]
    _note(connection, correction, now_ms, touched)
    meter = view.one(Meter, record.meter)
    details = {
        "site": meter.site,
        "meter": record.meter,
        "ct": list(record.ct),
        "vt": list(record.vt),
        "configured_ct": list(meter.ct),
        "configured_vt": list(meter.vt),
        "periods": len(touched),
        "document_sha256": record.document_sha256,
        "version": correction.version,
    }
    findings.keep(
        connection,
        Finding(Code.RATIO_CORRECTED, record.meter, record.valid_from, now_ms, details),
    )
    return touched


def _note(
    connection: Connection, correction: KnownCorrection, now_ms: int, touched: list[Touched]
) -> None:
    connection.execute(
        insert(table).values(
            registry_version=correction.version,
            meter=correction.record.meter,
            applied_ms=now_ms,
            body=json.dumps([list(vars(each).values()) for each in touched]),
        )
    )


def touched_by(connection: Connection, version: int) -> list[Touched] | None:
    """None when the correction is not applied yet."""
    body = connection.scalar(select(table.c.body).where(table.c.registry_version == version))
    return None if body is None else [Touched(*fields) for fields in json.loads(body)]


def results(
    connection: Connection, touched: list[Touched]
) -> Iterator[tuple[PeriodResult, PeriodResult]]:
    """Each touched period as it was judged before and since."""
    for each in touched:
        which = (each.licensee, each.zone, each.start_ms)
        before = periods.at_version(connection, *which, each.before)
        after = periods.at_version(connection, *which, each.after)
        if before is not None and after is not None:
            yield before, after


def _has_news(connection: Connection) -> bool:
    is_one = registry_version.c.kind == RatioCorrection.kind
    newest = connection.scalar(select(func.max(registry_version.c.id)).where(is_one))
    if newest is None:
        return False
    return connection.scalar(select(table.c.meter).filter_by(registry_version=newest)) is None


def _touched(connection: Connection, after: PeriodResult) -> Touched:
    version = periods.version_of(connection, after)
    return Touched(after.licensee, after.zone, after.start_ms, version - 1, version)
