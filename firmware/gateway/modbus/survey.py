"""What is on a bus, and what a meter there reads, for a technician; while the gateway is stopped.

It prints lines of JSON as it learns. `place`: [0, index of the serial port, baud, parity, stop
bits] or [1, host, port], as a bus of a configuration but for the index.
"""

import asyncio
import json
from time import sleep_ms, ticks_add, ticks_diff, ticks_ms

from micropython import const

from gateway.modbus import Manners, ModbusException, NoAnswer, Request, frames
from gateway.modbus.driver import ModbusDriver

_WATCHDOG_MS = 60_000
_FUNCTION = const(3)
_COUNT = const(1)
_REPEATS = const(4)  # of a question that anything was heard to
_PATIENCE = const(4)  # times as long is waited where an answer may be late
_MOST_NOISY = const(4)  # units in a row with noise alone
_MOST_BYTES = const(64)  # two answers and an echo are less
_SILENCE_MS = const(10)
_NETWORK_MS = 20_000


def main(place, config, units=(), wait_ms=0) -> None:
    """Read the meter of a configuration, or without one ask the units who is there."""
    from board import Board

    asyncio.new_event_loop()  # of a gateway that was stopped, tasks are left in the old one
    board = Board()
    if config is None:
        _sweep(board, place, units, wait_ms)
    else:
        _read(board, place, config)


def _sweep(board, place, units, wait_ms):
    """Ask each unit for one register; a line about each to which anything was heard.

    {"to", "asked", "clean": answers, exceptions too, "twice": second answers to one question,
    "ms": to the first byte, "noise": other bytes in hex}; {"at": unit} before each is asked. Where
    nothing but noise is heard it ends with {"gave_up": unit}.
    """
    watchdog = board.watchdog(_WATCHDOG_MS)
    ask = _on_tcp(board, place) if place[0] else _on_line(board, place)
    noisy = 0
    for unit in units:
        watchdog.feed()
        _tell({"at": unit})
        patience_ms = wait_ms if unit != units[-1] else _PATIENCE * wait_ms
        for found in asyncio.run(ask(unit, wait_ms, patience_ms)):
            _tell(found)
            noisy = 0 if found["clean"] else noisy + 1
        if noisy > _MOST_NOISY:
            _tell({"gave_up": unit})
            return


def _read(board, place, config):
    """Read a meter of a configuration as the gateway would, once.

    {"values", "codes": qualities, "identity", "identity_codes": in hex, "fault", "twice"}
    """
    board.watchdog(_WATCHDOG_MS).feed()
    bus = _bus(board, place)
    driver = ModbusDriver(config, bus)
    indices = range(len(config[12]))
    values, quality, _ = asyncio.run(driver.snapshot(False, indices, False))
    try:
        told = asyncio.run(driver.identity())
    except NoAnswer:
        told = driver.no_identity()
    _tell(
        {
            "values": b"".join([values[i] for i in indices if i in values]).hex(),
            "codes": bytes([quality[i] for i in indices]).hex(),
            "identity": told[1].hex(),
            "identity_codes": None if told[0] is None else told[0].hex(),
            "fault": driver.fault,
            "twice": driver.answered_twice(),
        }
    )


def _bus(board, place):
    if place[0]:
        from gateway.modbus.tcp import TcpBus

        _join(board)
        return TcpBus(place[1], place[2])
    from gateway.modbus.rtu import RtuBus

    return RtuBus(board.uart(*place[1:]), place[2:])


def _join(board):
    until = ticks_add(ticks_ms(), _NETWORK_MS)
    while not board.network_up():
        if ticks_diff(until, ticks_ms()) <= 0:
            raise OSError("there is no network")
        sleep_ms(100)


def _on_tcp(board, place):
    bus = _bus(board, place)

    async def ask(unit, _, patience_ms):
        began = ticks_ms()
        try:
            await bus.read(Request(unit, _FUNCTION, 0, _COUNT, Manners(patience_ms, 0, 0)))
        except ModbusException:
            pass
        except NoAnswer:
            return []
        return [_found(unit, 1, 1, 0, ticks_diff(ticks_ms(), began), b"")]

    return ask


def _on_line(board, place):
    line = _Line(board.uart(*place[1:]), *place[2:])
    silent = [0]  # the unit that was asked last, if nothing was heard

    async def ask(unit, wait_ms, patience_ms):
        before, _ = await line.listen(0)
        answers, first, noise = await line.once(unit, patience_ms)
        found = []
        late = silent[0]
        if late and _is_answer(before + noise, late):
            found.append(await line.again(late, 1, None, b"", wait_ms))
            before = b""
            answers, first, noise = await line.once(unit, patience_ms)
        noise = before + noise
        silent[0] = 0 if answers or noise else unit
        if answers or noise:
            found.append(await line.again(unit, answers, first, noise, wait_ms))
        return found

    return ask


class _Line:
    """One question at a time, and all that is heard to it."""

    def __init__(self, uart, baud, parity, stop_bits):
        self._uart = uart
        self._character_us = (9 + stop_bits + (1 if parity else 0)) * 1_000_000 // baud
        self._silence_ms = _SILENCE_MS + 4 * self._character_us // 1000

    async def listen(self, first_ms):
        """(what comes until it is silent again, ms to its first byte)"""
        began = last = ticks_ms()
        heard, first = b"", None
        while len(heard) < _MOST_BYTES:
            data = self._uart.stream.read(_MOST_BYTES)
            if data:
                heard += data
                last = ticks_ms()
                if first is None:
                    first = ticks_diff(last, began)
            elif ticks_diff(ticks_ms(), last) >= (self._silence_ms if heard else first_ms):
                break
            else:
                await asyncio.sleep_ms(1)
        return heard, first

    async def once(self, unit, patience_ms):
        """(answers to a question, ms to the first byte, all else that was heard)"""
        question = frames.rtu_request(unit, _FUNCTION, 0, _COUNT)
        await self._uart.send(question)
        heard, first = await self.listen(patience_ms + len(question) * self._character_us // 1000)
        if heard[: len(question)] == question:  # a transceiver that hears itself
            heard = heard[len(question) :]
        answers = 0
        while True:
            at = frames.locate_rtu_answer(heard, unit, _FUNCTION, _COUNT)
            if at is None:
                return answers, first, heard
            answers += 1
            heard = heard[: at[0]] + heard[at[1] :]

    async def again(self, unit, answers, first, noise, wait_ms):
        """What becomes of the same question asked more often."""
        clean, twice = min(answers, 1), max(answers - 1, 0)
        for _ in range(_REPEATS):
            after, _ = await self.listen(wait_ms)
            if _is_answer(after, unit):
                twice += 1
            answers, ms, more = await self.once(unit, _PATIENCE * wait_ms)
            clean += min(answers, 1)
            twice += max(answers - 1, 0)
            noise = noise or more
            first = ms if first is None else first
        return _found(unit, 1 + _REPEATS, clean, twice, first, noise)


def _is_answer(heard, unit):
    return frames.locate_rtu_answer(heard, unit, _FUNCTION, _COUNT) is not None


def _found(unit, asked, clean, twice, ms, noise):
    return {
        "to": unit,
        "asked": asked,
        "clean": clean,
        "twice": twice,
        "ms": ms,
        "noise": noise.hex(),
    }


def _tell(fact):
    print(json.dumps(fact))
