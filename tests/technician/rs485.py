"""Devices on one RS-485 line, each with its own speed and parity, played on a pty.

Who is spoken to in another way hears nothing. Two that speak at once spoil each other's bytes.
"""

import os
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from simulator import rtu

Answer = Callable[[int, int, int], bytes]
"""To a function, an address and a number of registers: the frame."""


@dataclass(frozen=True)
class Device:
    """`line`: as the firmware has it. `garbles`: it answers to another parity, wrongly heard."""

    unit: int
    answer: Answer
    line: tuple[int, int, int] = (9600, 0, 1)
    after_s: float = 0.0
    garbles: bool = False


class Rs485:
    """`path` is the gateway's end; `line` the file in which it says how it speaks."""

    def __init__(self, line: Path, *devices: Device) -> None:
        self.devices = list(devices)
        self.asked = 0
        self._line = line
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        self.path = os.ttyname(self._far)
        threading.Thread(target=self._play, daemon=True).start()

    def close(self) -> None:
        os.close(self._far)  # which ends the reading

    def _play(self) -> None:
        heard = b""
        try:
            while True:
                heard += os.read(self._near, 256)
                while len(heard) >= rtu.REQUEST_BYTES:
                    frame, heard = heard[: rtu.REQUEST_BYTES], heard[rtu.REQUEST_BYTES :]
                    self._hear(frame)
        except OSError:
            os.close(self._near)

    def _hear(self, frame: bytes) -> None:
        request = rtu.parse_request(frame)
        assert request is not None, frame.hex()
        self.asked += 1
        unit, *what = request
        spoken = tuple(int(number) for number in self._line.read_text().split())
        said: dict[float, bytes] = {}
        for device in self.devices:
            if device.unit != unit:
                continue
            answer = device.answer(what[0], what[1], what[2])
            if device.line != spoken:
                if not device.garbles or device.line[0] != spoken[0]:
                    continue
                answer = bytes(byte | 0x55 for byte in answer)
            said[device.after_s] = _together(said.get(device.after_s, b""), answer)
        slept_s = 0.0
        for after_s, answer in sorted(said.items()):
            time.sleep(after_s - slept_s)
            slept_s = after_s
            os.write(self._near, answer)


def _together(one: bytes, other: bytes) -> bytes:
    """What is heard of two that speak at once: the stronger bits."""
    longest = max(len(one), len(other))
    return bytes(
        a & b
        for a, b in zip(one.ljust(longest, b"\xff"), other.ljust(longest, b"\xff"), strict=True)
    )


def registers(unit: int, value: int) -> Answer:
    """A device each of whose registers holds the value."""

    def answer(function: int, _: int, count: int) -> bytes:
        return rtu.answer_frame(unit, function, value.to_bytes(2, "big") * count)

    return answer


def garbage(*_: int) -> bytes:
    return b"\x55\x00\xff"


def refusing(unit: int) -> Answer:
    return lambda function, _address, _count: rtu.exception_frame(unit, function, 2)
