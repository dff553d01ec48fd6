"""Reads registers on a bus and says what came: hex of the registers, or the kind of the error."""

from serve import serve  # isort: skip

import asyncio
import sys
from time import ticks_diff, ticks_ms

from board.unix import Uart
from gateway.modbus import Manners, ModbusException, NoAnswer, Request
from gateway.modbus.rtu import RtuBus
from gateway.modbus.tcp import TcpBus

kind, where = sys.argv[1:]
bus = RtuBus(Uart(where), (19200, 0, 1)) if kind == "rtu" else TcpBus("127.0.0.1", int(where))


async def read_one(unit, address, count, timeout_ms):
    try:
        return (await bus.read(Request(unit, 3, address, count, Manners(timeout_ms, 5)))).hex()
    except ModbusException as error:
        return "exception %d" % error.code
    except NoAnswer:
        return "no answer"


async def read_many(requests):
    """One after another; beside it a task that must never be kept from running."""
    stalls = []

    async def watch():
        while True:
            before = ticks_ms()
            await asyncio.sleep_ms(5)
            stalls.append(ticks_diff(ticks_ms(), before))

    watching = asyncio.create_task(watch())
    answers = []
    for request in requests:
        answers.append(await read_one(*request))
    watching.cancel()
    return {"answers": answers, "longest_stall_ms": max(stalls or [0])}


def register(unit, counts):
    bus.register(unit, counts)


def read(requests):
    return asyncio.run(read_many(requests))


def answered_twice(unit):
    return bus.answered_twice(unit)


def in_a_hurry(samples, snapshot):
    """Samples and, as soon as the first is under way, an urgent snapshot: who was answered when."""
    order = []

    async def one(name, request, urgent):
        await bus.read(Request(request[0], 3, *request[1:3], Manners(request[3], 5)), urgent)
        order.append(name)

    async def all_samples():
        for number, request in enumerate(samples):
            await one("sample %d" % number, request, False)

    async def all_of_them():
        sampling = asyncio.create_task(all_samples())
        await asyncio.sleep_ms(0)  # the first sample has the bus
        bus.urgent(True)
        for number, request in enumerate(snapshot):
            await one("snapshot %d" % number, request, True)
        bus.urgent(False)
        await sampling

    asyncio.run(all_of_them())
    return order


serve(register=register, read=read, answered_twice=answered_twice, in_a_hurry=in_a_hurry)
