"""Quotas: from the result that is published to records, and against what was allocated."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection

from collector.registry import entitlements
from collector.registry.hours import HOUR_MS
from collector.registry.korem import Layout, Result, ResultError, read_result
from collector.registry.reading import FileError, Reading
from collector.registry.view import View


@dataclass(frozen=True)
class Excess:
    """A zone's period for which the auction allocated more than its quota."""

    zone: str
    start_ms: int
    allocated_mwh: Decimal
    quota_mwh: Decimal


def read_quotas(content: bytes, layout: Layout) -> tuple[Result, Reading]:
    """What a published result says, and the quotas it gives the register; raises FileError."""
    try:
        result = read_result(content, layout)
    except ResultError as error:
        raise FileError(str(error)) from None
    quotas = result.quotas(hashlib.sha256(content).hexdigest())
    places = [f"zone {quota.zone}" for quota in quotas]
    return result, Reading(list(quotas), list(places), notes=(result.hour_convention,))


def require_hours(view: View) -> None:
    """Raise FileError when the register's market is not an hourly one, as documents are."""
    if view.market.period_ms != HOUR_MS:
        raise FileError(
            f"the register's market has periods of {view.market.period_s} s; documents of the"
            " auction are hourly, and need a market of 3600 s"
        )


def over_quota(connection: Connection, periods: Iterable[tuple[str, int]]) -> list[Excess]:
    """Of these zones and starts, those where more was allocated than the quota, in order.

    Without a quota nothing is exceeded: it is not known.
    """
    found: list[Excess] = []
    for zone, start_ms in sorted(set(periods)):
        quota = entitlements.quota(connection, zone, start_ms)
        bought = entitlements.allocations_of_zone(connection, zone, start_ms)
        total_mwh = sum(
            (each.record.energy_mwh for each in bought if each.record.source == "auction"),
            Decimal(0),
        )
        if quota is not None and total_mwh > quota.record.energy_mwh:
            found.append(Excess(zone, start_ms, total_mwh, quota.record.energy_mwh))
    return found
