"""Ratios that were wrong: what is noted of them, and which periods rest on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from collector.checks import periods
from collector.checks.allocation import PeriodResult
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.intervals import ratios
from collector.model.records import Meter, RatioCorrection
from collector.registry.view import View
from collector.storage.tables import finding as finding_table
from collector.storage.tables import registry_version

_FOR_EVER = 2**62


@dataclass(frozen=True)
class KnownCorrection:
    """`version`: the register's number of it, `document` the SHA-256 of the file it came in."""

    version: int
    recorded_ms: int
    document: bytes
    record: RatioCorrection


def known(connection: Connection, meter: str) -> list[KnownCorrection]:
    """Every version of a meter's corrections, oldest first."""
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
    return [each for each in found if each.record.meter == meter]


def judge(connection: Connection, view: View, now_ms: int) -> Iterator[Finding]:
    """Each is noted once, when energies are told by it."""
    for record in view.all(RatioCorrection).values():
        version, meter = view.version_of(record), view.all(Meter).get(record.meter)
        if record.withdrawn or meter is None or record.valid_from > now_ms:
            continue
        if _is_noted(connection, record) or not ratios.is_taken_over(
            connection, view, record.meter
        ):
            continue
        details = {
            "site": meter.site,
            "meter": record.meter,
            "ct": _pair(record.ct),
            "vt": _pair(record.vt),
            "configured_ct": _pair(meter.ct),
            "configured_vt": _pair(meter.vt),
            "document_sha256": record.document_sha256,
            "versions": {RatioCorrection.kind: [version]},
        }
        until_ms = now_ms if record.valid_until is None else min(record.valid_until, now_ms)
        yield Finding(Code.RATIO_CORRECTED, record.meter, record.valid_from, until_ms, details)


def touched(
    connection: Connection, corrections: Sequence[KnownCorrection]
) -> list[tuple[PeriodResult, PeriodResult]]:
    """The periods of which a version rests on one of them: before the first such, and now."""
    numbers = {each.version for each in corrections}
    start_ms, end_ms = span_of([each.record for each in corrections])
    by_period: dict[tuple[str, str, int], list[PeriodResult]] = {}
    for result in periods.versions_between(connection, 0, end_ms):
        if result.end_ms > start_ms:
            key = (result.licensee, result.zone, result.start_ms)
            by_period.setdefault(key, []).append(result)
    found = []
    for versions in by_period.values():
        first = next((n for n, each in enumerate(versions) if _rests_on(each, numbers)), None)
        if first:
            found.append((versions[first - 1], versions[-1]))
    return found


def span_of(records: Sequence[RatioCorrection]) -> tuple[int, int]:
    """From the beginning of the first to the end of the last; at least one is given."""
    ends = [_FOR_EVER if each.valid_until is None else each.valid_until for each in records]
    return min(each.valid_from for each in records), max(ends)


def _pair(ratio: tuple[int, int]) -> str:
    return f"{ratio[0]}/{ratio[1]}"


def _rests_on(result: PeriodResult, versions: set[int]) -> bool:
    return not versions.isdisjoint(result.versions.get(RatioCorrection.kind, ()))


def _is_noted(connection: Connection, record: RatioCorrection) -> bool:
    query = select(finding_table.c.id).where(
        finding_table.c.code == Code.RATIO_CORRECTED,
        finding_table.c.subject == record.meter,
        finding_table.c.first_ms == record.valid_from,
    )
    return connection.scalar(query) is not None
