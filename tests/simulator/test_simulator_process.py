"""`python -m simulator` as another program sees it: lines in, lines out, Modbus in between."""

import asyncio
import json
import math
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import AsyncModbusTcpClient

from simulator.desk import CommandDesk
from simulator.scenario import Scenario
from simulator.site import Site

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20
SERIALS = {"A": "26010001", "B": "26020001"}


class Simulator:
    """A running simulator and the other ends of its pipes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.sites: list[dict[str, Any]] = self.line()["ready"]["sites"]

    def line(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def tell(self, text: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.line()

    def order(self, cmd: str, **arguments: object) -> dict[str, Any]:
        answer = self.tell(json.dumps({"cmd": cmd, **arguments}))
        assert answer["cmd"] == cmd
        return answer

    def energy(self, site: str, slot: int = 0) -> dict[str, Any]:
        sites = {each["name"]: each["meters"] for each in self.order("energy")["sites"]}
        meter: dict[str, Any] = next(each for each in sites[site] if each["slot"] == slot)
        return meter

    def end(self) -> int:
        return self.process.wait(PATIENCE_S)


def scenario(folder: Path) -> dict[str, Any]:
    def site(name: str, bus: dict[str, Any], profile: str) -> dict[str, Any]:
        return {
            "name": name,
            "bus": bus,
            "auxiliary_w": 40_000,
            "meters": [
                {
                    "slot": 0,
                    "serial": SERIALS[name],
                    "profile": profile,
                    "unit": 1,
                    "point": "feeder",
                    "register_base_wh": "987654321.25",
                }
            ],
            "stages": [
                {
                    "id": 1,
                    "rated_w": 1_200_000,
                    "ramp_s": 0.5,
                    "output": str(folder / f"{name}.output"),
                    "contact": str(folder / f"{name}.contact"),
                }
            ],
        }

    return {
        "seed": 1,
        "sites": [
            site("A", {"kind": "tcp"}, "schneider-pm5560"),
            site("B", {"kind": "rtu"}, "carlo-gavazzi-em24"),
        ],
    }


@contextmanager
def started(folder: Path) -> Iterator[Simulator]:
    path = folder / "scenario.json"
    path.write_text(json.dumps(scenario(folder)))
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator", "run", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield Simulator(process)
    finally:
        process.kill()
        process.wait()


def read_wh(port: int) -> int | None:
    """None when the gateway says that the meter does not answer."""

    async def ask() -> int | None:
        client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=PATIENCE_S)
        await client.connect()
        try:
            answer = await client.read_holding_registers(3203, count=4, device_id=1)
        finally:
            client.close()
        if answer.isError():
            assert answer.exception_code == 0x0B
            return None
        energy: int = struct.unpack(">q", struct.pack(">4H", *answer.registers))[0]
        return energy

    return asyncio.run(ask())


def wait_for(path: Path, content: bytes) -> None:
    async def look() -> None:
        while not path.exists() or path.read_bytes() != content:
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(look(), PATIENCE_S))


def wait_for_power(simulator: Simulator, least_w: float) -> float:
    async def look() -> float:
        while (power_w := float(simulator.energy("A")["power_w"])) < least_w:
            await asyncio.sleep(0.05)
        return power_w

    return asyncio.run(asyncio.wait_for(look(), PATIENCE_S))


def test_a_site_from_switching_on_to_the_last_reading(tmp_path: Path) -> None:
    with started(tmp_path) as simulator:
        one, other = simulator.sites
        assert one["bus"]["kind"] == "tcp"
        assert one["meters"][0]["serial"] == SERIALS["A"]
        assert other["bus"]["kind"] == "rtu"
        assert Path(other["bus"]["path"]).is_char_device()
        assert (tmp_path / "A.contact").read_bytes() == b"0"
        assert simulator.energy("A")["energy_wh"] == "0"
        assert read_wh(one["bus"]["port"]) == 987_654_321

        simulator.order("energise")
        (tmp_path / "A.output").write_bytes(b"1")
        wait_for(tmp_path / "A.contact", b"1")
        assert wait_for_power(simulator, 1_100_000) < 1_400_000

        (tmp_path / "A.output").write_bytes(b"0")
        wait_for(tmp_path / "A.contact", b"0")
        simulator.order("freeze")
        last = simulator.energy("A")
        assert 40_000 < last["power_w"] < 60_000
        integral_wh = Decimal(last["energy_wh"])
        assert Decimal(last["register_wh"]) == integral_wh + Decimal("987654321.25")
        assert last["quantum_wh"] == "1"
        assert read_wh(one["bus"]["port"]) == math.floor(Decimal(last["register_wh"]))
        assert simulator.energy("A") == last

        simulator.order("stop")
        assert simulator.end() == 0


def test_a_load_can_be_changed_and_a_wrong_command_changes_nothing(tmp_path: Path) -> None:
    with started(tmp_path) as simulator:
        assert "stage 1" in simulator.order("load", site="A", stage=1, power_w=9_000_000)["error"]
        assert "no stage 4" in simulator.order("load", site="A", stage=4, power_w=1)["error"]
        assert "A, B" in simulator.order("load", site="Z", stage=1, power_w=1)["error"]
        assert "error" in simulator.order("load", site="A")
        assert "energise" in simulator.tell('{"cmd": "explode"}')["error"]
        assert "JSON" in simulator.tell("energise")["error"]
        assert "error" not in simulator.order("load", site="A", stage=1, power_w=500_000)
        simulator.order("energise")
        (tmp_path / "A.output").write_bytes(b"1")
        assert wait_for_power(simulator, 500_000) < 620_000


def test_a_meter_can_be_silenced_swapped_and_set_wrong(tmp_path: Path) -> None:
    with started(tmp_path) as simulator:
        port = simulator.sites[0]["bus"]["port"]
        simulator.order("energise")
        simulator.order("freeze")
        before = simulator.energy("A")

        simulator.order("silence", site="A", slot=0, silent=True)
        assert read_wh(port) is None
        simulator.order("silence", site="A", slot=0, silent=False)
        assert read_wh(port) == 987_654_321

        order = {"site": "A", "slot": 0, "serial": "26010777", "register_base_wh": 12.5}
        swapped = simulator.order("swap", **order)
        assert swapped["removed"]["serial"] == SERIALS["A"]
        assert swapped["removed"]["register_wh"] == before["register_wh"]
        after = simulator.energy("A")
        assert after["energy_wh"] == swapped["energy_wh"] == before["energy_wh"]
        assert (after["serial"], after["register_wh"]) == ("26010777", "12.5")
        assert read_wh(port) == 12

        assert "error" not in simulator.order("ratio", site="A", slot=0, ct=[2, 1], vt=[1, 1])
        assert simulator.energy("A")["register_wh"] == "12.5"


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"cmd": "silence", "site": "A", "slot": 3, "silent": True}, ["slot 3", "this site: 0"]),
        ({"cmd": "silence", "site": "A", "slot": 0, "silent": 1}, ["silent", "boolean"]),
        ({"cmd": "swap", "site": "A", "slot": 0, "serial": "1"}, ["register_base_wh", "required"]),
        (
            {"cmd": "swap", "site": "A", "slot": 0, "serial": "1", "register_base_wh": -1},
            ["register_base_wh", "greater than or equal to 0", "found -1"],
        ),
        (
            {"cmd": "swap", "site": "B", "slot": 0, "serial": "1", "register_base_wh": 10**12},
            ["register_base_wh", "int32", "use less"],
        ),
        ({"cmd": "ratio", "site": "A", "slot": 0}, ["ct or vt"]),
        ({"cmd": "ratio", "site": "A", "slot": 0, "ct": [0, 5]}, ["ct[0]", "greater than 0"]),
        (
            {"cmd": "ratio", "site": "B", "slot": 0, "ct": [10**8, 1]},
            ["cannot measure", "use other ratios"],
        ),
        ({"cmd": "ratio", "site": "C", "slot": 0, "ct": [5, 5]}, ["A, B"]),
    ],
)
def test_a_wrong_order_is_explained_and_changes_nothing(
    tmp_path: Path, order: dict[str, Any], words: list[str]
) -> None:
    sites = [
        Site(spec, loaded, lambda: 0.0)
        for loaded in [Scenario.model_validate(scenario(tmp_path))]
        for spec in loaded.sites
    ]
    desk = CommandDesk(sites, lambda: 0.0)
    before = desk.obey('{"cmd": "energy"}')
    answer = desk.obey(json.dumps(order))
    assert answer["cmd"] == order["cmd"]
    assert all(word in answer["error"] for word in words), answer
    assert desk.obey('{"cmd": "energy"}') == before


@pytest.mark.parametrize("ending", ["end of input", signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly(tmp_path: Path, ending: str | signal.Signals) -> None:
    with started(tmp_path) as simulator:
        simulator.order("energise")
        if isinstance(ending, signal.Signals):
            os.kill(simulator.process.pid, ending)
        else:
            assert simulator.process.stdin is not None
            simulator.process.stdin.close()
        assert simulator.end() == 0


def refusal(folder: Path, site: int, **meter: object) -> str:
    """What the simulator says of its scenario, with a meter changed."""
    path = folder / "scenario.json"
    document = scenario(folder)
    document["sites"][site]["meters"][0] |= meter
    path.write_text(json.dumps(document))
    ended = subprocess.run(
        [sys.executable, "-m", "simulator", "run", str(path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    return ended.stderr


@pytest.mark.parametrize(
    ("site", "meter", "words"),
    [
        (
            0,
            {"register_base_wh": "-1"},
            ["sites[0].meters[0].register_base_wh", "greater than or equal to 0"],
        ),
        (1, {"register_base_wh": "214748364800"}, [SERIALS["B"], "register_base_wh", "use less"]),
        (1, {"profile": "eastron-sdm120"}, [SERIALS["B"], "wiring", "3P4W", "use 1P2W"]),
        (0, {"profile": "eastron-sdm630", "serial": "A-0"}, ["A-0", "serial", "1 to 4294967295"]),
        (1, {"vt": [400_000_000, 1]}, [SERIALS["B"], "cannot measure", "use other ratios"]),
    ],
)
def test_a_wrong_scenario_ends_it_with_an_explanation(
    tmp_path: Path, site: int, meter: dict[str, Any], words: list[str]
) -> None:
    said = refusal(tmp_path, site, **meter)
    assert all(word in said for word in words), said
