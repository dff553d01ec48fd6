"""The newest of what the rooms below keep: what a board has room for."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from collector.checks import findings, periods
from collector.checks.allocation import Holder, PeriodResult
from collector.checks.findings import Code, Finding
from collector.orders import store
from collector.orders.store import Order

PERIODS = 4
ORDERS = 6
FINDINGS = 10
PRESENT_MS = 5_000
"""The checks run twice a second: a condition that they no longer see has ended."""
_LOOKED_MS = 150_000
"""Of those that are judged once a minute: one look may be missed."""

_LASTING = {
    Code.WILL_EXCEED: PRESENT_MS,
    Code.UNLICENSED_LOAD: PRESENT_MS,
    Code.SUSPENDED_LOAD: PRESENT_MS,
    Code.REVOKED_LOAD: PRESENT_MS,
    Code.TENANT_LOAD: PRESENT_MS,
    Code.UNREAD: PRESENT_MS,
    Code.EXPORT: PRESENT_MS,
    Code.REPLACED: PRESENT_MS,
    Code.RATIO_CHANGED: PRESENT_MS,
    Code.AILING: PRESENT_MS,
    Code.LICENCE_ENDS: _LOOKED_MS,
    Code.SITE_NOT_NAMED: _LOOKED_MS,
    Code.OTHER_HOLDER: _LOOKED_MS,
    Code.NO_DATA_CENTRE: _LOOKED_MS,
    Code.ACTS_CONFLICT: _LOOKED_MS,
    Code.GATEWAY_SILENT: _LOOKED_MS,
    Code.CHAIN_GAP: _LOOKED_MS,
    Code.CLOCK_DOUBTED: _LOOKED_MS,
    Code.STALE: _LOOKED_MS,
    Code.GHOST_LOAD: _LOOKED_MS,
    Code.QUANTUM_COARSE: _LOOKED_MS,
    Code.VERIFICATION_ENDS: _LOOKED_MS,
    Code.VERIFICATION_EXPIRED: _LOOKED_MS,
    Code.VERIFICATION_MISSING: _LOOKED_MS,
    Code.SEAL_REMOVED: _LOOKED_MS,
    Code.SEAL_MISSING: _LOOKED_MS,
    Code.UNDESCRIBED: _LOOKED_MS,
    Code.CLASS_COARSE: _LOOKED_MS,
}
"""Conditions: not seen for so long, one is over."""


def all_orders(connection: Connection) -> list[Order]:
    """Oldest first."""
    return store.load_all(connection)


def worth_showing(orders: Sequence[Order]) -> list[Order]:
    """Every running order, then the newest of the others; each part newest first."""
    newest = list(reversed(orders))
    running = [order for order in newest if not order.is_over]
    over = [order for order in newest if order.is_over]
    return running + over[: max(ORDERS - len(running), 0)]


def closed_periods(
    connection: Connection, holders: Iterable[Holder]
) -> dict[str, list[PeriodResult]]:
    """The last periods of each site, newest first."""
    by_site: dict[str, list[PeriodResult]] = {}
    for holder in holders:
        for result in periods.newest(connection, holder, PERIODS):
            for site in result.sites:
                by_site.setdefault(site, []).append(result)
    return by_site


def is_present(finding: Finding, now_ms: int) -> bool:
    return now_ms - finding.last_ms <= _LASTING.get(finding.code, -1)


def newest_findings(connection: Connection, now_ms: int) -> list[Finding]:
    """Every present finding, then the newest of the others."""
    seen = findings.seen_since(connection, now_ms - _LOOKED_MS, _LASTING)
    present = [entry for entry in reversed(seen) if is_present(entry, now_ms)]
    newest = findings.newest(connection, limit=FINDINGS + len(present))
    past = [entry for entry in newest if not is_present(entry, now_ms)]
    return present + past[: max(FINDINGS - len(present), 0)]
