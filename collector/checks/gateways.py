"""What is judged of a gateway: whether it does well, by its own signed words."""

from sqlalchemy import Connection

from collector.checks import findings
from collector.checks.findings import Code, Finding
from collector.intervals import gateways
from collector.model.records import Gateway
from collector.registry.view import View

_OLD_MS = 9_000_000
"""Health is told hourly: two in a row may be missed."""


def judge_health(connection: Connection, view: View, now_ms: int) -> None:
    """One finding for each start, as long as something is to be looked at."""
    said = gateways.conditions(connection)
    for gateway in view.all(Gateway).values():
        known = said.get(gateway.id)
        if known is None or known.heard_ms is None or now_ms - known.heard_ms > _OLD_MS:
            continue
        if known.ailments:
            details = {"site": gateway.site, "ailments": list(known.ailments)}
            findings.keep(
                connection,
                Finding(Code.AILING, gateway.id, known.booted_ms or 0, now_ms, details),
            )
