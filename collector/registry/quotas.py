"""Quotas against what was allocated."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from sqlalchemy import Connection

from collector.model.moments import moment_text
from collector.model.records import Allocation, Quota, Record
from collector.registry import entitlements
from collector.registry.reading import Wrong


def above_quota(connection: Connection, records: Iterable[Record]) -> Iterator[Wrong]:
    """The zones and periods of `records` in which the auction, once they are taken, would have
    allocated more than the quota. Without a quota nothing is exceeded: it is not known.
    """
    bought: dict[tuple[str, int], dict[str, Allocation]] = {}
    quotas: dict[tuple[str, int], Quota] = {}
    for record in records:
        if isinstance(record, Allocation):
            bought.setdefault((record.zone, record.start), {})[record.key] = record
        elif isinstance(record, Quota):
            quotas[record.zone, record.start] = record
    for zone, start_ms in sorted(bought.keys() | quotas.keys()):
        quota = quotas.get((zone, start_ms)) or _standing(connection, zone, start_ms)
        if quota is None:
            continue
        known = entitlements.allocations_of_zone(connection, zone, start_ms)
        by_key = {version.record.key: version.record for version in known}
        total_mwh = from_auction_mwh((by_key | bought.get((zone, start_ms), {})).values())
        if total_mwh > quota.energy_mwh:
            yield Wrong(
                f"{zone}, {moment_text(start_ms)}",
                "energy_mwh",
                f"{total_mwh:f} MWh are allocated, the quota is {quota.energy_mwh:f} MWh",
                Allocation.kind,
            )


def _standing(connection: Connection, zone: str, start_ms: int) -> Quota | None:
    version = entitlements.quota(connection, zone, start_ms)
    return None if version is None else version.record


def from_auction_mwh(allocations: Iterable[Allocation]) -> Decimal:
    """What a quota bounds: other sources do not count, nor what was cancelled."""
    energies = (
        each.energy_mwh for each in allocations if each.source == "auction" and not each.cancelled
    )
    return sum(energies, Decimal(0))
