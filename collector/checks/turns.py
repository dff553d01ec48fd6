"""Findings of how registers went on: rollovers, resets, jumps, other meters, other ratios."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from collector.checks import findings
from collector.checks.findings import Code, Finding
from collector.intervals.energy import Metering
from collector.intervals.evidence import Turn, foreign_turn
from collector.ledger import identities
from collector.model.continuity import Verdict
from collector.model.records import Meter

_CODES = {
    Verdict.ROLLOVER: Code.ROLLOVER,
    Verdict.RESET: Code.REGISTER_RESET,
    Verdict.JUMP: Code.REGISTER_JUMP,
    Verdict.SWAP: Code.REPLACED,
    Verdict.RATIO_CHANGED: Code.RATIO_CHANGED,
}


def keep(connection: Connection, sites: Sequence[str], metered: Mapping[str, Metering]) -> None:
    """What turned in a period that was judged. An exchange that was entered is no finding."""
    for meter, found in metered.items():
        for turn in found.turns:
            if turn.verdict in _CODES:
                _keep(connection, sites, meter, turn, turn.at_ms)


def judge_identities(connection: Connection, meters: Sequence[Meter], now_ms: int) -> None:
    """Whether the instruments that answer now are the meters of the register."""
    asked = identities.ever_foreign(connection, [meter.serial for meter in meters])
    for meter in meters:
        if meter.serial not in asked:
            continue
        gateway = bytes.fromhex(meter.gateway)
        newest = identities.newest_foreign(connection, gateway, meter.slot, meter.serial)
        if newest is not None:
            _keep(connection, (meter.site,), meter.serial, foreign_turn(newest), now_ms)


def _keep(
    connection: Connection, sites: Sequence[str], meter: str, turn: Turn, last_ms: int
) -> None:
    details = {
        "sites": list(sites),
        "meter": meter,
        "before": turn.before,
        "after": turn.after,
        "at_ms": turn.at_ms,
        "positions": list(turn.positions),
    }
    code = _CODES[turn.verdict]
    findings.keep(connection, Finding(code, meter, turn.at_ms, last_ms, details))
