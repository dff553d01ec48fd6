"""How a gateway says that it is, and what of that somebody should look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

ERASURES = 100_000
"""So often a block of NOR flash may be erased."""


class Ailment(StrEnum):
    ROOM = "room"
    BUS = "bus"
    STALL = "stall"
    HEAP = "heap"
    FLASH = "flash"
    DRIFT = "drift"
    SAFE_MODE = "safe_mode"


_DAYS = 3
_BUS_SHARE = Fraction(5, 100)
_BUS_REQUESTS = 20
"""Fewer say nothing."""
_STALL_MS = 1000
_FREE_BYTES = 8 * 1024
_ERASED = ERASURES * 8 // 10
_DRIFT_PPB = 100_000


@dataclass(frozen=True, slots=True)
class BusCount:
    """Requests, repetitions among them, since the health event before; `failed` had no answer."""

    requests: int
    failed: int

    @property
    def share(self) -> Fraction:
        return Fraction(self.failed, self.requests) if self.requests else Fraction(0)


@dataclass(frozen=True, slots=True)
class Health:
    """`days` of room and frames `pending` by stream: billing, telemetry."""

    uptime_s: int
    free_bytes: int
    stall_ms: int
    pending: tuple[int, int]
    days: tuple[int | None, int | None]
    erasures: int
    signal_dbm: int | None
    buses: tuple[BusCount, ...]
    drift_ppb: int | None

    @classmethod
    def between(cls, detail: Sequence[Any], before: Sequence[Any] | None) -> "Health":
        """Of a health event, and the one before it in the same start, from which buses count."""
        counted = detail[7]
        if before is None or len(before[7]) != len(counted):
            earlier = [[0, 0]] * len(counted)
        else:
            earlier = before[7]
        return cls(
            uptime_s=detail[0],
            free_bytes=detail[1],
            stall_ms=detail[2],
            pending=(detail[3][0], detail[3][1]),
            days=(detail[4][0], detail[4][1]),
            erasures=detail[5],
            signal_dbm=detail[6],
            buses=tuple(
                BusCount(now[0] - was[0], now[1] - was[1])
                for now, was in zip(counted, earlier, strict=True)
            ),
            drift_ppb=detail[8],
        )

    def ailments(self) -> tuple[Ailment, ...]:
        found = {
            # Of billing: telemetry is thinned and dropped by design, and tells it itself.
            Ailment.ROOM: self.days[0] is not None and self.days[0] < _DAYS,
            Ailment.BUS: any(
                bus.requests >= _BUS_REQUESTS and bus.share > _BUS_SHARE for bus in self.buses
            ),
            Ailment.STALL: self.stall_ms > _STALL_MS,
            Ailment.HEAP: self.free_bytes < _FREE_BYTES,
            Ailment.FLASH: self.erasures > _ERASED,
            Ailment.DRIFT: self.drift_ppb is not None and abs(self.drift_ppb) > _DRIFT_PPB,
        }
        return tuple(ailment for ailment, is_so in found.items() if is_so)
