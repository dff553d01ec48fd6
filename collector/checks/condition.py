"""How the collector itself is: its followers, its disk, its certificates, its clock."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sqlalchemy import Connection, func, select

from collector.ledger.checkpoints import Signed, newest
from collector.ledger.lag import Lag, lags
from collector.ledger.ledger import read_entries
from collector.model.records import Policy
from collector.storage.tables import frame

_RECENT = 500
_ENOUGH = 3
_MIB = 1024 * 1024
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Condition:
    """`certificates`: when each ends, Unix ms. `clock_ahead_s`: of the gateways' clocks; None when
    too few of them were heard.
    """

    at_ms: int
    head: int
    lags: tuple[Lag, ...]
    disk_free_bytes: int
    certificates: Mapping[str, int]
    checkpoint: Signed | None
    clock_ahead_s: float | None
    unsigned_s: float
    """How long the oldest frame that no checkpoint covers has waited for one."""


def read_condition(
    connection: Connection, directory: Path, certificates: Mapping[str, int], now_ms: int
) -> Condition:
    head = connection.scalar(select(func.max(frame.c.position))) or 0
    signed = newest(connection)
    waiting = select(frame.c.received_ms).where(
        frame.c.position == (signed.size if signed else 0) + 1
    )
    waiting_ms: int | None = connection.scalar(waiting)
    return Condition(
        at_ms=now_ms,
        head=head,
        lags=tuple(lags(connection, now_ms)),
        disk_free_bytes=shutil.disk_usage(directory).free,
        certificates=certificates,
        checkpoint=signed,
        clock_ahead_s=_clock_ahead_s(connection, head),
        unsigned_s=0 if waiting_ms is None else max(now_ms - waiting_ms, 0) / 1000,
    )


def _clock_ahead_s(connection: Connection, head: int) -> float | None:
    """By the frames that came last: the least that lies between a gateway's clock and ours.

    A frame may have waited for any time, so that of each gateway its quickest counts; the median
    of the gateways, since one may be wrong.
    """
    quickest: dict[bytes, int] = {}
    for entry in read_entries(connection, head - _RECENT, _RECENT):
        said = entry.frame
        if said.clock.letter != "U":
            behind_ms = entry.received_ms - said.clock.at_ms
            quickest[said.gateway] = min(behind_ms, quickest.get(said.gateway, behind_ms))
    if len(quickest) < _ENOUGH:
        return None
    return median(quickest.values()) / 1000


def alarms(
    condition: Condition, policy: Policy, clock_step_s: float = 0
) -> dict[str, dict[str, float | str]]:
    """What a person must see to, by its name and subject; thresholds are the policy's.

    `clock_step_s`: by how much the clock was set since the last time.
    """
    found: dict[str, dict[str, float | str]] = {}
    if condition.disk_free_bytes < policy.disk_free_mib * _MIB:
        found["disk"] = {"free_mib": condition.disk_free_bytes // _MIB}
    for lag in condition.lags:
        if lag.seconds > policy.lag_s:
            found[f"lag {lag.follower}"] = {"frames": lag.frames, "seconds": lag.seconds}
    for name, ends_ms in condition.certificates.items():
        days = (ends_ms - condition.at_ms) / _DAY_MS
        if days < policy.certificate_days:
            found[f"certificate {name}"] = {"days": round(days, 1)}
    if condition.unsigned_s > 2 * policy.checkpoint_s:
        found["checkpoint"] = {"unsigned_s": round(condition.unsigned_s)}
    if abs(clock_step_s) > policy.clock_s:
        found["clock"] = {"stepped_s": round(clock_step_s, 3)}
    elif condition.clock_ahead_s is not None and abs(condition.clock_ahead_s) > policy.clock_s:
        found["clock"] = {"ahead_of_gateways_s": condition.clock_ahead_s}
    return found
