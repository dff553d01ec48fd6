"""Meters answer over TCP and over a serial line, decoded here from the profile alone."""

import asyncio
import math
import os
import select
import struct
import tty
from collections.abc import Awaitable, Callable
from fractions import Fraction
from pathlib import Path

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from simulator.instrument import METERS_DIR, load_profile
from simulator.meter import Meter
from simulator.meters_server import LOOPBACK, MeterBus, SerialMeterBus
from simulator.plant import FEEDER, Point, SitePlant, generator
from simulator.scenario import MeterSpec
from simulator.stage import StageRating

BASE_WH = Fraction("5123456.7")
PATIENCE_S = 5.0


def site() -> SitePlant:
    """The buses bring it to its tenth second."""
    plant = SitePlant("A", [StageRating(1, 1_200_000, 1.0)], 40_000, seed=1, start_s=0.0)
    plant.energise(0.0)
    plant.set_breaker(1, closed=True)
    return plant


def meter(plant: SitePlant, profile: str, unit: int = 1, point: Point = 1) -> Meter:
    spec = {
        "slot": unit - 1,
        "serial": f"2601000{unit}",
        "profile": profile,
        "unit": unit,
        "point": point,
        "ct": (2500, 5),
        "register_base_wh": "5123456.7",
    }
    loaded = load_profile(METERS_DIR / f"{profile}.toml")
    return Meter(MeterSpec.model_validate(spec), loaded, plant, generator(unit))


def serve(meters: list[Meter], work: Callable[[AsyncModbusTcpClient], Awaitable[None]]) -> None:
    async def exchange() -> None:
        bus = MeterBus(meters, lambda: 10.0, FramerType.SOCKET)
        port = await bus.start()
        client = AsyncModbusTcpClient(LOOPBACK, port=port, timeout=PATIENCE_S, retries=0)
        try:
            await client.connect()
            await work(client)
        finally:
            client.close()
            await bus.stop()

    asyncio.run(exchange())


def test_units_of_one_port_are_meters_of_their_own() -> None:
    plant = site()

    async def work(client: AsyncModbusTcpClient) -> None:
        feeder = await client.read_holding_registers(3203, count=4, device_id=1)
        stage = await client.read_input_registers(0x3E, count=2, device_id=2)
        feeder_wh = struct.unpack(">q", struct.pack(">4H", *feeder.registers))[0]
        stage_wh = struct.unpack(">i", struct.pack(">2H", *stage.registers[::-1]))[0] * 100
        assert feeder_wh == math.floor(BASE_WH + plant.energy_wh(FEEDER))
        assert stage_wh == math.floor((BASE_WH + plant.energy_wh(1)) / 100) * 100

    serve(
        [meter(plant, "schneider-pm5560", 1, FEEDER), meter(plant, "carlo-gavazzi-em24", 2)], work
    )


@pytest.mark.parametrize(
    ("function", "address", "count", "unit", "exception"),
    [
        (3, 0x48, 2, 1, 2),  # its measurements are input registers
        (4, 0x52, 2, 1, 2),  # after its table
        (4, 0x49, 2, 1, 2),  # in the middle of a quantity
        (4, 0x00, 62, 1, 3),  # more than it gives at once
        (4, 0x00, 2, 9, 0x0B),  # a unit that is not there, behind a gateway
    ],
)
def test_what_an_instrument_does_not_give_is_an_exception(
    function: int, address: int, count: int, unit: int, exception: int
) -> None:
    async def work(client: AsyncModbusTcpClient) -> None:
        read = {3: client.read_holding_registers, 4: client.read_input_registers}[function]
        answer = await read(address, count=count, device_id=unit)
        assert answer.isError()
        assert answer.exception_code == exception

    serve([meter(site(), "eastron-sdm630")], work)


def test_registers_cannot_be_written() -> None:
    async def work(client: AsyncModbusTcpClient) -> None:
        answer = await client.write_register(0x3E, 0, device_id=1)
        assert answer.exception_code == 1
        energy = await client.read_input_registers(0x3E, count=2, device_id=1)
        assert energy.registers != [0, 0]

    serve([meter(site(), "carlo-gavazzi-em24")], work)


def test_for_a_silent_meter_its_gateway_answers() -> None:
    one = meter(site(), "carlo-gavazzi-em24")

    async def work(client: AsyncModbusTcpClient) -> None:
        one.silent = True
        answer = await client.read_input_registers(0x3E, count=2, device_id=1)
        assert answer.exception_code == 0x0B
        one.silent = False
        assert not (await client.read_input_registers(0x3E, count=2, device_id=1)).isError()

    serve([one], work)


def test_a_stopped_bus_answers_no_more() -> None:
    async def exchange() -> None:
        bus = MeterBus([meter(site(), "carlo-gavazzi-em24")], lambda: 10.0, FramerType.SOCKET)
        port = await bus.start()
        await bus.stop()
        client = AsyncModbusTcpClient(LOOPBACK, port=port, timeout=0.5, retries=0)
        connected = await client.connect()
        client.close()
        assert not connected

    asyncio.run(exchange())


# --- serial line ------------------------------------------------------------------------


def crc(frame: bytes) -> bytes:
    remainder = 0xFFFF
    for byte in frame:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ 0xA001 if remainder & 1 else remainder >> 1
    return remainder.to_bytes(2, "little")


def request(unit: int, address: int, count: int) -> bytes:
    frame = struct.pack(">BBHH", unit, 4, address, count)
    return frame + crc(frame)


def receive(line: int, size: int) -> bytes:
    data = b""
    while len(data) < size:
        ready, _, _ = select.select([line], [], [], PATIENCE_S)
        assert ready, f"only {data.hex()} came"
        data += os.read(line, size - len(data))
    return data


def on_the_line(meters: list[Meter], work: Callable[[int], None]) -> None:
    async def exchange() -> None:
        bus = SerialMeterBus(meters, lambda: 10.0, baud=115200, bits_per_character=10)
        line = os.open(await bus.start(), os.O_RDWR | os.O_NOCTTY)
        try:
            tty.setraw(line)
            await asyncio.to_thread(work, line)
        finally:
            os.close(line)
            await bus.stop()

    asyncio.run(exchange())


def test_meters_on_a_serial_line_answer_in_turn() -> None:
    plant = site()

    def work(line: int) -> None:
        os.write(line, request(1, 0x3E, 2))
        answer = receive(line, 9)
        assert answer[:3] == bytes([1, 4, 4])
        assert crc(answer[:-2]) == answer[-2:]
        low, high = struct.unpack(">2H", answer[3:7])
        counts = math.floor((BASE_WH + plant.energy_wh(1)) / 100)
        assert high << 16 | low == counts
        os.write(line, request(2, 0x48, 2))
        answer = receive(line, 9)
        assert answer[:3] == bytes([2, 4, 4])
        kwh = struct.unpack(">f", answer[3:7])[0]
        assert kwh * 1000 == pytest.approx(float(BASE_WH + plant.energy_wh(1)), abs=1.5)

    on_the_line([meter(plant, "carlo-gavazzi-em24", 1), meter(plant, "eastron-sdm630", 2)], work)


def test_nobody_answers_for_an_absent_unit_and_the_line_goes_on() -> None:
    def work(line: int) -> None:
        os.write(line, request(7, 0x3E, 2))
        answered, _, _ = select.select([line], [], [], 0.2)
        assert not answered
        os.write(line, request(1, 0x3E, 2))
        assert receive(line, 9)[0] == 1

    on_the_line([meter(site(), "carlo-gavazzi-em24")], work)


def test_a_silent_meter_says_nothing_on_the_line_until_it_speaks_again() -> None:
    plant = site()
    silent, other = meter(plant, "carlo-gavazzi-em24"), meter(plant, "eastron-sdm630", 2)

    def work(line: int) -> None:
        silent.silent = True
        os.write(line, request(1, 0x3E, 2))
        answered, _, _ = select.select([line], [], [], 0.2)
        assert not answered
        os.write(line, request(2, 0x48, 2))
        assert receive(line, 9)[0] == 2
        silent.silent = False
        os.write(line, request(1, 0x3E, 2))
        assert receive(line, 9)[:3] == bytes([1, 4, 4])

    on_the_line([silent, other], work)


def test_a_garbled_request_is_not_answered_and_the_line_goes_on() -> None:
    def work(line: int) -> None:
        os.write(line, request(1, 0x3E, 2)[:-1] + b"\x00")
        select.select([line], [], [], 0.2)
        os.write(line, request(1, 0x28, 2))
        assert receive(line, 9)[:3] == bytes([1, 4, 4])

    on_the_line([meter(site(), "carlo-gavazzi-em24")], work)


def test_the_line_outlives_a_gateway_that_restarts() -> None:
    async def exchange() -> None:
        bus = SerialMeterBus(
            [meter(site(), "carlo-gavazzi-em24")], lambda: 10.0, baud=115200, bits_per_character=10
        )
        path = await bus.start()
        try:
            for _ in range(2):
                line = os.open(path, os.O_RDWR | os.O_NOCTTY)
                os.write(line, request(1, 0x3E, 2))
                assert (await asyncio.to_thread(receive, line, 9))[0] == 1
                os.close(line)
        finally:
            await bus.stop()
        assert not Path(path).exists()

    asyncio.run(exchange())


def test_a_client_that_breaks_off_disturbs_no_other() -> None:
    async def work(client: AsyncModbusTcpClient) -> None:
        host, port = client.comm_params.host, client.comm_params.port
        _, rude = await asyncio.open_connection(host, port)
        rude.write(b"\x00\x01\x00\x00\x00\xff\x01")
        rude.close()
        try:
            answer = await client.read_input_registers(0x3E, count=2, device_id=1)
        except ModbusException as error:
            pytest.fail(str(error))
        assert not answer.isError()

    serve([meter(site(), "carlo-gavazzi-em24")], work)
