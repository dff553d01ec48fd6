"""What the collector finds of itself: each of its alarms is a finding while it stands."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from collector.checks import findings, rounds
from collector.checks.codes import Code, Round
from collector.checks.findings import Finding
from collector.checks.life import COLLECTOR

_CODES = {
    "disk": Code.DISK,
    "lag": Code.LAG,
    "certificate": Code.CERTIFICATE,
    "checkpoint": Code.CHECKPOINT,
    "clock": Code.CLOCK,
}
_NAMES = {Code.LAG: "follower", Code.CERTIFICATE: "certificate"}
"""What the second word of an alarm is."""
_CLOCK: Mapping[str, Any] = {"stepped_s": None, "ahead_of_gateways_s": None}
_SAME_MS = 900_000
"""An alarm that comes back so soon, as after a restart, is the one before."""


def keep(connection: Connection, alarms: Mapping[str, Mapping[str, Any]], now_ms: int) -> None:
    """`alarms`: those that stand, with their figures, as `condition.alarms` names them."""
    for alarm, figures in alarms.items():
        word, _, name = alarm.partition(" ")
        code = _CODES[word]
        subject = f"{COLLECTOR}/{name}" if name else COLLECTOR
        details = dict(figures)
        if code in _NAMES:
            details[_NAMES[code]] = name
        if code is Code.CLOCK:
            details = {**_CLOCK, **figures}
        first_ms = findings.began_ms(connection, code, subject, now_ms, _SAME_MS)
        findings.keep(connection, Finding(code, subject, first_ms, now_ms, details))
    findings.note_opened(connection, now_ms)
    rounds.note(connection, Round.WATCH, now_ms)
