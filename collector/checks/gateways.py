"""What is judged of a gateway: whether it does well, by its own signed words, and is only one."""

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.evidence.frame import Stream
from collector.intervals import gateways
from collector.ledger.chain import Fault
from collector.model.records import Gateway
from collector.registry.view import View
from collector.storage.tables import chain_fault, frame

_OLD_MS = 9_000_000
"""Health is told hourly: two in a row may be missed."""


def judge_health(connection: Connection, view: View, now_ms: int) -> Iterator[Finding]:
    """One finding for each start, as long as something is to be looked at."""
    said = gateways.conditions(connection)
    for gateway in view.all(Gateway).values():
        known = said.get(gateway.id)
        if known is None or known.heard_ms is None or now_ms - known.heard_ms > _OLD_MS:
            continue
        if known.ailments:
            details = {"site": gateway.site, "ailments": list(known.ailments)}
            yield Finding(Code.AILING, gateway.id, known.booted_ms or 0, now_ms, details)


def judge_forks(connection: Connection, view: View, _now_ms: int) -> Iterator[Finding]:
    """One finding for each chain that forks: somebody signs with the gateway's key beside it."""
    table = chain_fault
    chain = (table.c.gateway, table.c.epoch, table.c.stream)
    spans = (func.min(table.c.seq), func.count(), func.min(table.c.position))
    query = select(*chain, *spans, func.max(table.c.position)).where(table.c.fault == Fault.FORK)
    for gateway, epoch, stream, seq, count, first, last in connection.execute(
        query.group_by(*chain)
    ).all():
        name = Stream(stream).name.lower()
        known = view.all(Gateway).get(gateway.hex())
        details = {
            "site": None if known is None else known.site,
            "epoch": epoch,
            "stream": name,
            "first_seq": seq,
            "count": count,
            "positions": sorted({first, last}),
        }
        seen = select(frame.c.received_ms).where(frame.c.position.in_((first, last)))
        moments = list(connection.scalars(seen))
        subject = f"{gateway.hex()}/{epoch}/{name}"
        yield Finding(Code.FORK, subject, min(moments), max(moments), details)
