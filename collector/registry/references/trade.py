"""Whether what was bought and contracted fits: allocations, nominations, quotas, contracts."""

from collections.abc import Iterator

from collector.model.records import (
    Allocation,
    Contract,
    Licence,
    Licensee,
    Market,
    Nomination,
    Quota,
    Site,
)
from collector.registry.references.faults import Fault, backwards, having, missing
from collector.registry.references.grid import auction_zone
from collector.registry.view import View


def allocation(view: View, record: Allocation) -> Iterator[Fault]:
    yield from missing(view, Licensee, record.licensee, "licensee")
    yield from auction_zone(view, record.zone)
    yield from _period(view, record.start)


def odd_allocation(view: View, record: Allocation) -> Iterator[Fault]:
    """A licence of subtype II claims no quota (press: kz.kursiv.media; see Law 193-VII, art. 9)."""
    subtypes = {licence.subtype for licence in having(view, Licence, licensee=record.licensee)}
    if record.source == "auction" and subtypes == {"II"}:
        yield "licensee", f"{record.licensee} has only a licence of subtype II, without a quota"


def quota(view: View, record: Quota) -> Iterator[Fault]:
    yield from auction_zone(view, record.zone)
    yield from _period(view, record.start)


def nomination(view: View, record: Nomination) -> Iterator[Fault]:
    yield from missing(view, Site, record.site, "site")
    yield from _period(view, record.start)


def contract(view: View, record: Contract) -> Iterator[Fault]:
    yield from backwards(record)
    yield from missing(view, Licensee, record.licensee, "licensee")
    if record.zone not in view.zones | view.auction_zones:
        known = ", ".join(sorted(view.zones | view.auction_zones)) or "none"
        yield "zone", f"there is no zone {record.zone!r}; the register has: {known}"


def _period(view: View, start_ms: int) -> Iterator[Fault]:
    market = view.all(Market).get("market")
    if market is not None and start_ms % market.period_ms:
        yield "start", f"no delivery period of {market.period_s} s begins then"
