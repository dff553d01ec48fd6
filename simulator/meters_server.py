"""Meters that answer Modbus: several units on a TCP port, or on one serial line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import cast

from pymodbus import FramerType
from pymodbus.constants import ExcCodes
from pymodbus.pdu import ModbusPDU
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from simulator.meter import Meter
from simulator.serial_line import SerialLine

LOOPBACK = "127.0.0.1"
EVERY_OTHER_UNIT = 0


class MeterBus:
    """The meters of one bus behind one pymodbus server; `framer` is what the wire speaks."""

    def __init__(
        self, meters: Sequence[Meter], clock: Callable[[], float], framer: FramerType
    ) -> None:
        self._meters = {meter.spec.unit: meter for meter in meters}
        self._clock = clock
        self._framer = framer
        self._server: ModbusTcpServer | None = None

    async def start(self) -> int:
        """Listen on a free loopback port and return it."""
        devices = [self._device(meter) for meter in self._meters.values()]
        trace = None
        if self._framer is FramerType.RTU:
            trace = self._only_who_answers
        else:
            devices.append(_absent_unit())
        self._server = ModbusTcpServer(
            devices, framer=self._framer, address=(LOOPBACK, 0), trace_pdu=trace
        )
        await self._server.serve_forever(background=True)
        listener = cast("asyncio.Server", self._server.transport)
        port: int = listener.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.shutdown()  # type: ignore[no-untyped-call]

    def _device(self, meter: Meter) -> SimDevice:
        async def action(
            function: int,
            start_address: int,
            address: int,
            count: int,
            registers: list[int],
            set_values: list[int] | list[bool] | None,
        ) -> ExcCodes | None:
            if meter.silent:
                return ExcCodes.GATEWAY_NO_RESPONSE
            await asyncio.sleep(meter.turnaround_s())
            if set_values is not None:
                return ExcCodes.ILLEGAL_FUNCTION
            meter.plant.advance(self._clock())
            answer = meter.answer(function, address, count)
            if isinstance(answer, ExcCodes):
                return answer
            registers[address - start_address : address - start_address + count] = answer
            return None

        first, end = meter.profile.first_address, meter.profile.end_address
        block = SimData(first, values=[0] * (end - first), datatype=DataType.REGISTERS)
        return SimDevice(meter.spec.unit, simdata=[block], action=action)

    def _only_who_answers(self, sending: bool, pdu: ModbusPDU) -> ModbusPDU:
        """On a serial line nobody answers for a unit that is not there, or is silent."""
        meter = self._meters.get(pdu.dev_id)
        if not sending and (meter is None or meter.silent):
            return None  # type: ignore[return-value]  # pymodbus then has no request to answer
        return pdu


class SerialMeterBus:
    """Meters on a serial line: Modbus RTU on a pty, at the pace of the line."""

    def __init__(
        self,
        meters: Sequence[Meter],
        clock: Callable[[], float],
        *,
        baud: int,
        bits_per_character: int,
    ) -> None:
        self._bus = MeterBus(meters, clock, FramerType.RTU)
        self._line = SerialLine(baud, bits_per_character)

    async def start(self) -> str:
        """Put the meters on the line and return the path of its far end."""
        port = await self._bus.start()
        await self._line.connect(LOOPBACK, port)
        return self._line.path

    async def stop(self) -> None:
        await self._line.close()
        await self._bus.stop()


def _absent_unit() -> SimDevice:
    """A Modbus TCP gateway says that the unit behind it did not answer."""

    async def action(
        _function: int,
        _start_address: int,
        _address: int,
        _count: int,
        _registers: list[int],
        _set_values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        return ExcCodes.GATEWAY_NO_RESPONSE

    block = SimData(0, count=65536, datatype=DataType.REGISTERS)
    return SimDevice(EVERY_OTHER_UNIT, simdata=[block], action=action)
