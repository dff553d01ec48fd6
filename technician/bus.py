"""A board's bus, asked through its console: who answers, and what a meter's registers hold."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from collector.model.profile import Profile, Transport
from technician.faults import BagError, Code
from technician.meter_reading import MeterReading

_SURVEY = "__import__('gateway.modbus.survey', None, None, ['main'])"
_FORM = re.compile(r"(\d+)[- ,]8([NEO])([12])")
_LETTERS = {"N": "none", "E": "even", "O": "odd"}
_PARITIES = {"none": 0, "even": 1, "odd": 2}
"""As docs/wire-format.cddl numbers them."""
_RETRIES = 1

Heard = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Line:
    """How a serial line is spoken on."""

    baud: int
    parity: str
    stop_bits: int

    @classmethod
    def parse(cls, text: str) -> "Line":
        """Raises BagError."""
        found = _FORM.fullmatch(text.strip().upper())
        if found is None:
            raise BagError(Code.WRONG_VALUE, f"{text!r} is no line: write it like 9600-8N1")
        return cls(int(found[1]), _LETTERS[found[2]], int(found[3]))

    @classmethod
    def of(cls, transport: Transport) -> "Line":
        return cls(transport.baud, transport.parity, transport.stop_bits)

    def __str__(self) -> str:
        return f"{self.baud}-8{self.parity[0].upper()}{self.stop_bits}"


@dataclass(frozen=True)
class SerialPlace:
    """A serial port of the board, by its index."""

    index: int
    line: Line

    def told(self) -> list[int | str]:
        line = self.line
        return [0, self.index, line.baud, _PARITIES[line.parity], line.stop_bits]

    def __str__(self) -> str:
        return f"port {self.index}, {self.line}"


@dataclass(frozen=True)
class TcpPlace:
    """A meter, or a converter with meters behind it, in the network."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "TcpPlace":
        """Raises BagError."""
        host, _, port = text.rpartition(":")
        if not re.fullmatch(r"[\d.]+", host) or not port.isdigit():
            raise BagError(Code.WRONG_VALUE, f"{text!r}: write address and port, 10.0.0.5:502")
        return cls(host, int(port))

    def told(self) -> list[int | str]:
        return [1, self.host, self.port]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


Place = SerialPlace | TcpPlace


class Board(Protocol):
    """As `technician.console.Console` is one."""

    def converse(self, call: str, hear: Heard) -> None: ...


def sweep(board: Board, place: Place, units: Sequence[int], wait_ms: int, hear: Heard) -> None:
    """`hear` is told what the survey of the firmware says, as it comes. Raises BagError."""
    board.converse(_call(place.told(), None, list(units), wait_ms), hear)


def read(board: Board, place: Place, unit: int, profile: Profile) -> MeterReading:
    """What a meter's registers hold by a profile, read as the gateway will. Raises BagError."""
    told: list[dict[str, Any]] = []
    board.converse(_call(place.told(), configured(profile, unit)), told.append)
    if len(told) != 1:
        raise BagError(Code.CABLE, f"the board told {len(told)} readings where there is one")
    return MeterReading.of_board(profile, told[0])


def configured(profile: Profile, unit: int) -> dict[int, Any]:
    """Of a `meter` of docs/wire-format.cddl what a driver needs."""
    return {
        5: unit,
        8: profile.function,
        9: [profile.timeout_ms, profile.gap_ms, _RETRIES, None],
        11: [list(request) for request in profile.requests(interval=False)],
        12: [[register.address, register.registers] for register in profile.registers],
        13: [list(request) for request in profile.requests(interval=True)],
        14: [[entry.function, *entry.request] for entry in profile.identity],
    }


def _call(*arguments: object) -> str:
    return f"{_SURVEY}.main({', '.join(map(repr, arguments))})"
