"""`python -m benchmarks.line`: instruments on ptys, at the pace of a serial line.

A process of its own, for the sake of its timing: it waits by select until shortly before a
character is due, and then spins. Standard input: the settings, then a cycle's number a line;
standard output: the ptys' paths, then what was exchanged since the last line.
"""

import gc
import json
import os
import select
import sys
import time
import tty
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from benchmarks import wire
from simulator import rtu

_SPIN_S = 0.0002
_SLICE_S = 0.0005
_READ_BYTES = 4096


@dataclass
class Exchange:
    """A request and its answer; moments in seconds of the line's clock."""

    unit: int
    address: int
    count: int
    turnaround_s: float
    silence_before_s: float
    seen_s: float
    answer_end_s: float
    latest_slice_s: float = 0.0  # how late, at most, a slice was handed over


@dataclass
class Settings:
    baud: int
    bits_per_character: int
    seed: int
    ports: int
    units: dict[int, tuple[int, float, float]]  # function, turnaround and jitter in seconds

    @property
    def character_s(self) -> float:
        return self.bits_per_character / self.baud


@dataclass
class Port:
    """One client's end of the bus."""

    master: int
    slave: int
    quiet_since_s: float = 0.0
    inbox: bytes = b""
    first_seen_s: float = 0.0
    outbox: deque[tuple[float, bytes]] = field(default_factory=deque)
    exchange: Exchange | None = None


class Line:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._slice = max(1, int(_SLICE_S / settings.character_s))
        self._cycle = 0
        self.exchanges: list[Exchange] = []
        self.collisions = 0
        self.ports: dict[int, Port] = {}
        for _ in range(settings.ports):
            master, slave = os.openpty()
            tty.setraw(slave)
            os.set_blocking(master, False)
            self.ports[master] = Port(master, slave)

    def paths(self) -> list[str]:
        return [os.ttyname(port.slave) for port in self.ports.values()]

    def begin(self, cycle: int) -> None:
        self._cycle = cycle
        self.exchanges = []
        self.collisions = 0

    def turn(self, control: int) -> bool:
        """Wait for what comes next and do it; whether `control` can be read."""
        waiting = [port for port in self.ports.values() if port.outbox]
        if not waiting:
            return self._look(control, None)
        port = min(waiting, key=lambda each: each.outbox[0][0])
        due_s = port.outbox[0][0]
        left_s = due_s - time.monotonic() - _SPIN_S
        if left_s > 0 and self._look(control, left_s):
            return True
        if not port.outbox or due_s - time.monotonic() > _SPIN_S:
            return False
        while (now_s := time.monotonic()) < due_s:
            pass
        os.write(port.master, port.outbox.popleft()[1])
        if port.exchange is not None:
            late_s = now_s - due_s
            port.exchange.latest_slice_s = max(port.exchange.latest_slice_s, late_s)
            if not port.outbox:
                self.exchanges.append(port.exchange)
        return False

    def _look(self, control: int, timeout_s: float | None) -> bool:
        ready, _, _ = select.select([control, *self.ports], [], [], timeout_s)
        now_s = time.monotonic()
        for master in ready:
            if master != control:
                self._heard(self.ports[master], os.read(master, _READ_BYTES), now_s)
        return control in ready

    def _heard(self, port: Port, data: bytes, now_s: float) -> None:
        if port.outbox:
            self.collisions += 1
            return
        if not port.inbox:
            port.first_seen_s = now_s
        port.inbox += data
        if len(port.inbox) < rtu.REQUEST_BYTES:
            return
        frame, port.inbox = port.inbox, b""
        request = rtu.parse_request(frame)
        if request is None:
            self.collisions += 1
            return
        unit, function, address, count = request
        known = self._settings.units.get(unit)
        if known is not None and known[0] == function:
            self._answer(port, unit, function, address, count, known[1:])

    def _answer(
        self,
        port: Port,
        unit: int,
        function: int,
        address: int,
        count: int,
        manner: tuple[float, float],
    ) -> None:
        character_s = self._settings.character_s
        turnaround_s = wire.turnaround_s(self._settings.seed, self._cycle, unit, address, *manner)
        begin_s = port.first_seen_s + rtu.REQUEST_BYTES * character_s + turnaround_s
        answer = rtu.answer_frame(
            unit, function, rtu.telling_registers(unit, address, count, self._cycle)
        )
        for at in range(0, len(answer), self._slice):
            piece = answer[at : at + self._slice]
            port.outbox.append((begin_s + (at + len(piece)) * character_s, piece))
        end_s = begin_s + len(answer) * character_s
        silence_before_s = port.first_seen_s - port.quiet_since_s
        port.quiet_since_s = end_s
        port.exchange = Exchange(
            unit, address, count, turnaround_s, silence_before_s, port.first_seen_s, end_s
        )


def _settings(told: dict[str, Any]) -> Settings:
    units = {
        unit: (function, base_s, jitter_s) for unit, function, base_s, jitter_s in told["units"]
    }
    return Settings(told["baud"], told["bits_per_character"], told["seed"], told["ports"], units)


def main() -> None:
    line = Line(_settings(json.loads(sys.stdin.readline())))
    print(json.dumps(line.paths()), flush=True)
    gc.disable()
    control = sys.stdin.fileno()
    while True:
        if not line.turn(control):
            continue
        # The parent writes whole lines and waits for the answer: none is left in a buffer.
        told = sys.stdin.readline()
        if not told:
            return
        exchanges = [vars(each) for each in line.exchanges]
        collisions = line.collisions
        line.begin(int(told))
        print(json.dumps({"exchanges": exchanges, "collisions": collisions}), flush=True)
        gc.collect()


if __name__ == "__main__":
    main()
