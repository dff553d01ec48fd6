"""Findings of how registers went on: rollovers, resets, jumps, other meters, other ratios."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection

from collector.checks.allocation import DeliveryMeter
from collector.checks.codes import Code
from collector.checks.findings import Finding
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


def of_meters(sites: Sequence[str], metered: Mapping[str, DeliveryMeter]) -> Iterator[Finding]:
    """What turned in a period that was judged. An exchange that was entered is no finding."""
    for meter, found in metered.items():
        for part in found.parts:
            for turn in part.metering.turns:
                if turn.verdict in _CODES:
                    yield _finding(sites, meter, turn, turn.at_ms)


def judge_identity(connection: Connection, meter: Meter, now_ms: int) -> Iterator[Finding]:
    """Whether the instrument that answers now is the meter of the register."""
    gateway = bytes.fromhex(meter.gateway)
    newest = identities.newest_foreign(connection, gateway, meter.slot, meter.serial)
    if newest is not None:
        yield _finding((meter.site,), meter.serial, foreign_turn(newest), now_ms)


def _finding(sites: Sequence[str], meter: str, turn: Turn, last_ms: int) -> Finding:
    details = {
        "sites": list(sites),
        "meter": meter,
        "before": turn.before,
        "after": turn.after,
        "at_ms": turn.at_ms,
        "positions": list(turn.positions),
    }
    code = _CODES[turn.verdict]
    return Finding(code, meter, turn.at_ms, last_ms, details)
