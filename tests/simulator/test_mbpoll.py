"""Every simulated instrument as `mbpoll` reads it: a master that others wrote, on libmodbus."""

import asyncio
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from absent import absent
from bench import AT_WIRINGS, LOAD_W, STAGE, connection, identity_agrees, quantity_agrees, spec
from profile_reader import Entry, document, identity, quantities

from simulator.desk import CommandDesk
from simulator.scenario import Scenario
from simulator.site import Site

PATIENCE_S = 20
ANSWER_S = "5"
TYPES = {3: "4:hex", 4: "3:hex"}  # a Modbus function as mbpoll's -t
LINE = re.compile(r"^\[(\d+)\]:\s+0x([0-9A-F]{4})$", re.MULTILINE)


@pytest.fixture(scope="module")
def mbpoll() -> str:
    found = shutil.which("mbpoll")
    if found is None:
        absent("mbpoll is not installed; as root on Debian: sh tests/parts.sh")
    return found


def scenario(profile: str, wiring: str, folder: Path) -> Scenario:
    transport = document(profile)["transport"]
    serial = {key: transport[key] for key in ("baud", "parity", "stop_bits")}
    stage = {
        "id": STAGE,
        "rated_w": LOAD_W[connection(profile)],
        "ramp_s": 0,
        "output": folder / "output",
        "contact": folder / "contact",
    }
    site = {
        "name": "A",
        "bus": {"kind": "tcp"} if transport["tcp"] else {"kind": "rtu", **serial},
        "meters": [spec(profile, wiring)],
        "stages": [stage],
    }
    return Scenario.model_validate({"seed": 1, "sites": [site]})


def where(bus: dict[str, Any]) -> list[str]:
    """mbpoll's options for a bus; its device or host comes last."""
    if bus["kind"] == "tcp":
        return ["-m", "tcp", "-p", str(bus["port"]), str(bus["host"])]
    serial = ["-b", str(bus["baud"]), "-P", str(bus["parity"]), "-s", str(bus["stop_bits"])]
    return ["-m", "rtu", *serial, str(bus["path"])]


def blocks(profile: str) -> Iterator[list[Entry]]:
    """Entries that adjoin and that one request may hold, in order of address."""
    most = document(profile)["request"]["max_registers"]
    for kind in (quantities(profile), identity(profile)):
        block: list[Entry] = []
        for entry in sorted(kind, key=lambda each: (each.function, each.address)):
            adjoins = block and _end(block[-1]) == entry.address
            if block and not (
                adjoins
                and entry.function == block[0].function
                and _end(entry) - block[0].address <= most
            ):
                yield block
                block = []
            block.append(entry)
        if block:
            yield block


def _end(entry: Entry) -> int:
    return entry.address + entry.registers


async def poll(program: str, bus: dict[str, Any], block: list[Entry]) -> dict[int, int]:
    first, count = block[0].address, _end(block[-1]) - block[0].address
    command = [program, "-a", "1", "-t", TYPES[block[0].function], "-r", str(first)]
    command += ["-c", str(count), "-0", "-1", "-q", "-o", ANSWER_S, *where(bus)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    said, wrong = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    assert process.returncode == 0, (command, wrong.decode())
    return {int(address): int(word, 16) for address, word in LINE.findall(said.decode())}


@pytest.mark.parametrize(("profile", "wiring"), AT_WIRINGS)
def test_mbpoll_reads_what_the_site_has(
    mbpoll: str, tmp_path: Path, profile: str, wiring: str
) -> None:
    described = scenario(profile, wiring, tmp_path)
    now = 0.0

    async def work() -> None:
        nonlocal now
        site = Site(described.sites[0], described, lambda: now)
        desk = CommandDesk([site], lambda: now)
        desk.obey('{"cmd": "energise"}')
        site.plant.set_breaker(STAGE, closed=True)
        now = 10.0
        desk.obey('{"cmd": "freeze"}')
        bus = (await site.start())["bus"]
        try:
            read: dict[tuple[int, int], int] = {}
            for block in blocks(profile):
                words = await poll(mbpoll, bus, block)
                read |= {(block[0].function, address): words[address] for address in words}
        finally:
            await site.stop()
        compare(site, profile, read)

    asyncio.run(work())


def compare(site: Site, profile: str, read: dict[tuple[int, int], int]) -> None:
    meter = site.meters[0]
    values = meter.values()
    assert values["active_power"]

    def words(entry: Entry) -> list[int]:
        return [read[entry.function, address] for address in range(entry.address, _end(entry))]

    for entry in quantities(profile):
        assert quantity_agrees(entry, words(entry), meter, values), entry.name
    for entry in identity(profile):
        assert identity_agrees(entry, words(entry), meter), entry.name
