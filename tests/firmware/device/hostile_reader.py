"""Reads registers on a hostile bus, and numbers its requests as the line does."""

from serve import serve  # isort: skip

import asyncio
import sys

from board.unix import Uart
from gateway.modbus import Manners, ModbusException, NoAnswer, Request
from gateway.modbus.rtu import RtuBus


class CountingUart:
    def __init__(self, path):
        self._uart = Uart(path)
        self.stream = self._uart.stream
        self.sent = 0

    async def send(self, data):
        self.sent += 1
        await self._uart.send(data)


uart = CountingUart(sys.argv[1])
bus = RtuBus(uart, (115200, 0, 1))


async def read_all(asks, timeout_ms, gap_ms):
    manners = Manners(timeout_ms, gap_ms)
    told = []
    for unit, function, address, count in asks:
        first = uart.sent
        try:
            answer = (await bus.read(Request(unit, function, address, count, manners))).hex()
        except ModbusException:
            answer = "exception"
        except NoAnswer:
            answer = "no answer"
            if uart.sent == first:  # the unit is left alone for a while
                await asyncio.sleep_ms(4 * timeout_ms)
        told.append((answer, first, uart.sent))
    return told


def read(asks, timeout_ms, gap_ms):
    return asyncio.run(read_all(asks, timeout_ms, gap_ms))


def register(units, counts):
    for unit in units:
        bus.register(unit, counts)


def twice(units):
    return [unit for unit in units if bus.answered_twice(unit)]


serve(read=read, register=register, twice=twice)
