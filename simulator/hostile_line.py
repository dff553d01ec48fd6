"""A Modbus bus on a pty that does what a bad line does, by a seeded script.

Every answer tells its unit, address and moment (`rtu.telling_registers`; a moment is the number of
the request on this line), so that whatever a master accepts can be judged.
"""

from __future__ import annotations

import heapq
import os
import select
import threading
import time
import tty
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from simulator import rtu

UNITS = (1, 2, 3, 4)
COUNTS = (2, 4, 10, 40)
"""What may be asked: other numbers of registers stand in foreign frames."""

_FOREIGN_COUNT = 7
_FOREIGN_UNITS = (200, 247)
_TWIN = 100  # added to a unit's number: what its twin's registers tell
_LATEST_TIMEOUTS = 8
_READ_BYTES = 4096

Pieces = list[tuple[float, bytes]]  # a pause in seconds, and what comes after it


class Mode(StrEnum):
    LATE = "late"
    TRUNCATED = "truncated"
    FOREIGN = "foreign"
    ECHOED = "echoed"
    REPEATED = "repeated"
    NOISY = "noisy"
    CORRUPT = "corrupt"
    CHOPPED = "chopped"
    EXCEPTIONS = "exceptions"
    TWINS = "twins"
    MIXED = "mixed"  # any of the others but corrupt
    REPEATED_LATE = "repeated-late"
    TWINS_LATE = "twins-late"


_MIXABLE = [mode for mode in Mode if mode not in (Mode.CORRUPT, Mode.MIXED)]


@dataclass(frozen=True)
class Script:
    """`share`: of the requests that something happens to; `error_rate`: of bytes, when corrupt."""

    mode: Mode
    seed: int
    timeout_s: float
    share: float = 0.4
    error_rate: float = 0.01


class HostileLine:
    """Units 1 to 4 at one end of a pty, played by a thread; `path` is the other end."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._rng = Random(f"{script.seed}/{script.mode}")  # noqa: S311
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.path = os.ttyname(self._slave)
        self.heard = 0
        self.garbled = 0  # frames with other bytes in them: a CRC passes one in 2^16
        self.told: Counter[str] = Counter()
        self._heard_bytes = b""
        self._free_s: dict[int, float] = {}
        self._queue: list[tuple[float, int, bytes]] = []
        self._queued = 0
        self._stop_r, self._stop_w = os.pipe()
        self._thread = threading.Thread(target=self._run, name=f"line {script.mode}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        os.write(self._stop_w, b"\0")
        self._thread.join()
        for fd in (self._master, self._slave, self._stop_r, self._stop_w):
            os.close(fd)

    def _run(self) -> None:
        while True:
            wait_s = max(0.0, self._queue[0][0] - time.monotonic()) if self._queue else None
            ready, _, _ = select.select([self._master, self._stop_r], [], [], wait_s)
            if self._stop_r in ready:
                return
            if ready:
                self._hear(os.read(self._master, _READ_BYTES))
            while self._queue and self._queue[0][0] <= time.monotonic():
                os.write(self._master, heapq.heappop(self._queue)[2])

    def _hear(self, data: bytes) -> None:
        self._heard_bytes += data
        while len(self._heard_bytes) >= rtu.REQUEST_BYTES:
            frame = self._heard_bytes[: rtu.REQUEST_BYTES]
            self._heard_bytes = self._heard_bytes[rtu.REQUEST_BYTES :]
            self.heard += 1
            if self._script.mode is Mode.CORRUPT:
                frame = self._corrupted(frame)
            request = rtu.parse_request(frame)
            if request is not None and request[0] in UNITS:
                self._play(frame, *request)

    def _play(self, frame: bytes, unit: int, function: int, address: int, count: int) -> None:
        """One unit answers in the order of its requests, whatever happens on the way."""
        now_s = time.monotonic()
        free_s = self._free_s.get(unit, now_s)
        if free_s > now_s and self._rng.random() < 0.2:
            self.told["not heard, busy"] += 1
            return
        answer = rtu.answer_frame(
            unit, function, rtu.telling_registers(unit, address, count, self.heard)
        )
        at_s = max(now_s, free_s)
        for pause_s, data in self._pieces(frame, answer):
            at_s += pause_s
            self._queued += 1
            heapq.heappush(self._queue, (at_s, self._queued, data))
        self._free_s[unit] = at_s

    def _pieces(self, request: bytes, answer: bytes) -> Pieces:
        mode = self._script.mode
        if mode is Mode.CORRUPT:
            return [(0, self._corrupted(answer))]
        if self._rng.random() >= self._script.share:
            return [(0, answer)]
        if mode is Mode.MIXED:
            mode = self._rng.choice(_MIXABLE)
        self.told[mode] += 1
        return _PLAYERS[mode](self, request, answer)

    def _corrupted(self, frame: bytes) -> bytes:
        rng, rate = self._rng, self._script.error_rate
        corrupted = bytes(
            byte ^ rng.randint(1, 255) if rng.random() < rate else byte for byte in frame
        )
        self.garbled += corrupted != frame
        return corrupted

    def _late(self, _: bytes, answer: bytes) -> Pieces:
        return [(self._script.timeout_s * self._rng.uniform(0.5, _LATEST_TIMEOUTS), answer)]

    def _truncated(self, _: bytes, answer: bytes) -> Pieces:
        start = self._rng.randrange(len(answer))
        end = self._rng.randint(start + 1, len(answer))
        return [(0, answer[:start] + answer[end:])]

    def _foreign(self, _: bytes, answer: bytes) -> Pieces:
        rng = self._rng
        if rng.random() < 0.5:
            unit, registers = rng.randint(*_FOREIGN_UNITS), answer[3:-2]
        else:
            unit = rng.choice(UNITS)
            registers = rtu.telling_registers(unit, 0, _FOREIGN_COUNT, self.heard)
        foreign = rtu.answer_frame(unit, answer[1], registers)
        return [(0, rng.choice([foreign, foreign + answer, answer + foreign]))]

    def _echoed(self, request: bytes, answer: bytes) -> Pieces:
        return self._rng.choice(
            [[(0, request)], [(0, request + answer)], [(0, request), (self._pause_s(), answer)]]
        )

    def _repeated(self, _: bytes, answer: bytes) -> Pieces:
        return [(0, answer * self._rng.randint(2, 3))]

    def _repeated_late(self, _: bytes, answer: bytes) -> Pieces:
        return [(0, answer), (self._pause_s() * 4, answer)]

    def _noisy(self, _: bytes, answer: bytes) -> Pieces:
        before, middle, after = (self._rng.randbytes(self._rng.randrange(20)) for _ in range(3))
        at = self._rng.choice([0, 0, 0, self._rng.randrange(len(answer))])
        self.garbled += at > 0
        return [
            (0, before),
            (self._pause_s(), answer[:at] + (middle if at else b"") + answer[at:]),
            (self._pause_s(), after),
        ]

    def _chopped(self, _: bytes, answer: bytes) -> Pieces:
        cuts = sorted(self._rng.randrange(len(answer)) for _ in range(self._rng.randint(1, 4)))
        parts = zip([0, *cuts], [*cuts, len(answer)], strict=True)
        return [(self._pause_s(), answer[start:end]) for start, end in parts]

    def _exceptions(self, _: bytes, answer: bytes) -> Pieces:
        code = self._rng.randint(1, 11)
        return [(0, rtu.exception_frame(answer[0], answer[1], code))]

    def _twins(self, request: bytes, answer: bytes) -> Pieces:
        """Both talk: one over the other, where a low bit wins, or one right after the other."""
        twin = self._twin(request)
        if self._rng.random() < 0.5:
            return [(0, answer + twin)]
        self.garbled += 1
        at = self._rng.randrange(len(answer))
        both = bytes(a & b for a, b in zip(answer[at:], twin, strict=False))
        return [(0, answer[:at] + both + twin[len(answer) - at :])]

    def _twins_late(self, request: bytes, answer: bytes) -> Pieces:
        return [(0, answer), (self._pause_s() * 4, self._twin(request))]

    def _twin(self, request: bytes) -> bytes:
        unit, function, address, count = rtu.parse_request(request) or (0, 0, 0, 0)
        told = rtu.telling_registers(unit + _TWIN, address, count, self.heard)
        return rtu.answer_frame(unit, function, told)

    def _pause_s(self) -> float:
        return self._rng.uniform(0, self._script.timeout_s / 2)


_PLAYERS = {
    Mode.LATE: HostileLine._late,
    Mode.TRUNCATED: HostileLine._truncated,
    Mode.FOREIGN: HostileLine._foreign,
    Mode.ECHOED: HostileLine._echoed,
    Mode.REPEATED: HostileLine._repeated,
    Mode.NOISY: HostileLine._noisy,
    Mode.CHOPPED: HostileLine._chopped,
    Mode.EXCEPTIONS: HostileLine._exceptions,
    Mode.TWINS: HostileLine._twins,
    Mode.REPEATED_LATE: HostileLine._repeated_late,
    Mode.TWINS_LATE: HostileLine._twins_late,
}


@dataclass(frozen=True)
class Asked:
    """A read of a master: its requests are those after number `first`, up to `last`."""

    unit: int
    address: int
    count: int
    first: int
    last: int

    def is_answered_by(self, registers: bytes, *, or_twin: bool = False) -> bool:
        """Whether these are the registers asked for, at a moment when they were asked."""
        units = (self.unit, self.unit + _TWIN) if or_twin else (self.unit,)
        return any(
            registers == rtu.telling_registers(unit, self.address, self.count, moment)
            for unit in units
            for moment in range(self.first + 1, self.last + 1)
        )


def whose(registers: bytes, last: int, addresses: range) -> Iterator[tuple[int, int, int]]:
    """Whose registers these are, for a finding: units, addresses and moments up to `last`."""
    count = len(registers) // 2
    for moment in range(last, max(0, last - 1000), -1):
        for unit in (*UNITS, *(unit + _TWIN for unit in UNITS)):
            for address in addresses:
                if registers == rtu.telling_registers(unit, address, count, moment):
                    yield unit, address, moment
