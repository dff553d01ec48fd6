"""The newest of what the rooms below keep: what a board has room for."""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from collector.checks import findings, periods
from collector.checks.allocation import Holder, PeriodResult
from collector.checks.codes import LASTING
from collector.checks.findings import Finding
from collector.checks.rounds import Rounds
from collector.orders import store
from collector.orders.order import Order

PERIODS = 4
ORDERS = 6
FINDINGS = 10


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


def newest_findings(connection: Connection, last: Rounds) -> list[Finding]:
    """Every present finding, then the newest of the others."""
    seen = findings.seen_since(connection, last.since_ms, LASTING)
    present = [entry for entry in reversed(seen) if last.show(entry)]
    newest = findings.newest(connection, limit=FINDINGS + len(present))
    past = [entry for entry in newest if not last.show(entry)]
    return present + past[: max(FINDINGS - len(present), 0)]
