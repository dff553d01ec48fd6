"""`esep device scan`, `identify`, `check`, on the board itself: the real MicroPython at a pty, by
mpremote's protocol, the firmware's own Modbus, and devices on an RS-485 line.
"""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bench_meter import Bench, meter, on_bus
from pty_board import PtyBoard
from pymodbus import FramerType
from rs485 import Device, Rs485, garbage, refusing, registers
from typer.testing import CliRunner, Result

from simulator.meters_server import MeterBus
from technician.bundle import write_bundle
from technician.cli import app

EVEN, ODD = 1, 2
USUAL = (9600, 0, 1)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("image") / "firmware.romfs"
    write_bundle(file)
    return file


class Site:
    """A board and its bus."""

    def __init__(self, folder: Path, image: Path) -> None:
        self.bus = Rs485(folder / "line")
        self.board = PtyBoard(folder, image, self.bus.path)

    def devices(self, *devices: Device) -> None:
        self.bus.devices[:] = devices

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(app, [*words, "--port", self.board.port])

    def json(self, *words: str, code: int = 0) -> Any:
        done = self.run(*words, "--json")
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, image: Path) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("board"), image)
    yield made
    made.board.close()
    made.bus.close()


@pytest.fixture
def site(shared: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """Devices answer at once here: a tenth of a second's patience is not needed."""
    monkeypatch.setattr("technician.scan_plan.WAIT_MS", 30)
    return shared


def facts(told: Any) -> Any:
    return told["outcomes"][0]["facts"]


def test_a_scan_finds_the_usual_device_first_and_ends(site: Site) -> None:
    site.devices(Device(1, registers(1, 230)), Device(5, refusing(5)))
    told = site.json("scan", "--addresses", "1-8")
    assert facts(told)["devices"] == "1@port 0, 9600-8N1 5@port 0, 9600-8N1"
    # an exception is an answer; once the line is known no other is searched
    assert told["asked"] == 8


def test_a_scan_goes_through_speeds_and_parities(site: Site) -> None:
    site.devices(Device(3, registers(3, 1), (1200, ODD, 2)))
    told = site.json("scan", "--addresses", "3", "--bauds", "9600,1200")
    assert facts(told)["devices"] == "3@port 0, 1200-8O2"
    assert told["asked"] == 12  # six forms at two speeds


def test_devices_on_several_lines_are_found_when_all_is_asked(site: Site) -> None:
    site.devices(Device(1, registers(1, 1), (19200, EVEN, 1)), Device(2, registers(2, 1), USUAL))
    told = site.json("scan", "--addresses", "1-2", "--bauds", "9600,19200", "--all")
    assert set(facts(told)["devices"].split(" 1@")) == {"2@port 0, 9600-8N1", "port 0, 19200-8E1"}


def test_two_devices_at_one_address_are_told_from_one(site: Site) -> None:
    site.devices(
        Device(1, registers(1, 1)),
        Device(2, registers(2, 0x1234)),
        Device(2, registers(2, 0x4321), after_s=0.005),
    )
    told = site.json("scan", "--addresses", "1-3", code=1)
    assert facts(told)["devices"] == "1@port 0, 9600-8N1"
    assert facts(told)["collisions"] == "2@port 0, 9600-8N1"
    assert "two devices" in told["outcomes"][0]["cure"]


def test_two_that_speak_at_once_are_garbage(site: Site) -> None:
    site.devices(Device(2, registers(2, 0x1234)), Device(2, registers(2, 0x4321)))
    told = site.json("scan", "--addresses", "2", "--bauds", "9600", code=1)
    assert "2@port 0, 9600-8N1" in facts(told)["garbage"]
    # where another one is understood the line is right: two have this address
    site.bus.devices.append(Device(1, registers(1, 1)))
    told = site.json("scan", "--addresses", "1-2", "--bauds", "9600", code=1)
    assert facts(told)["devices"] == "1@port 0, 9600-8N1"
    assert facts(told)["collisions"] == "2@port 0, 9600-8N1"


def test_a_wrong_parity_that_is_answered_all_the_same_is_garbage_there(site: Site) -> None:
    site.devices(Device(1, registers(1, 1), (9600, EVEN, 1), garbles=True))
    told = site.json("scan", "--addresses", "1", "--bauds", "9600", "--all")
    assert facts(told)["devices"] == "1@port 0, 9600-8E1"
    assert "1@port 0, 9600-8N1" in facts(told)["garbage"]


def test_a_device_that_answers_late_is_found_at_its_own_address(site: Site) -> None:
    site.devices(Device(2, registers(2, 1), after_s=0.045))
    told = site.json("scan", "--addresses", "2-4", "--bauds", "9600")
    assert [each["unit"] for each in told["found"]] == [2]
    assert facts(told)["garbage"] == ""


def test_a_line_with_nothing_but_noise_is_given_up(site: Site) -> None:
    site.devices(*(Device(unit, garbage, garbles=True) for unit in range(1, 60)))
    told = site.json("scan", "--addresses", "1-59", "--bauds", "9600", code=1)
    assert told["asked"] < 60
    assert "port 0, 9600-8N1" in facts(told)["noisy"]
    assert "another master" in told["outcomes"][0]["cure"]


def test_nothing_on_the_bus_is_said_with_what_to_do(site: Site) -> None:
    site.devices()
    done = site.run("scan", "--addresses", "1-2", "--bauds", "9600")
    assert done.exit_code == 1
    assert "FAIL" in done.stdout and "nothing answers" in done.stdout
    assert "exchange them once" in done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("scan", "--addresses", "0-5"),
        ("scan", "--addresses", "x"),
        ("scan", "--bauds", "9601"),
        ("scan", "--tcp", "meter:502"),
        ("identify", "--unit", "1", "--line", "9600"),
        ("check", "wiring", "--profile", "eastron-sdm630", "--ct", "200"),
        ("check", "quantum", "--profile", "eastron-sdm630", "--contracted-kw", "-1"),
    ],
)
def test_what_is_asked_wrongly_reaches_no_board(site: Site, words: tuple[str, ...]) -> None:
    starts, asked = site.board.starts, site.bus.asked
    told = site.json(*words, code=2)
    assert told["error"]["code"] == "wrong_value"
    assert (site.board.starts, site.bus.asked) == (starts, asked)


def test_identify_names_the_profile_and_the_reasons(site: Site) -> None:
    site.devices(Device(7, on_bus(meter("eastron-sdm630", unit=7))))
    told = site.json("identify", "--unit", "7", "--line", "9600-8N1")
    assert told["outcomes"][0]["why"].startswith("eastron-sdm630: voltage_l1 23")
    assert next(fit["profile"] for fit in told["fits"] if fit["fits"]) == "eastron-sdm630"
    assert len(told["fits"]) == facts(told)["tried_profiles"]


def test_who_does_not_answer_is_no_meter(site: Site) -> None:
    site.devices()
    told = site.json("check", "word-order", "--profile", "eastron-sdm630", code=1)
    assert told["error"]["code"] == "no_meter"


def test_a_meter_is_checked_through_the_board(site: Site) -> None:
    site.devices(Device(1, on_bus(meter("eastron-sdm630"))))
    meant = ("--profile", "eastron-sdm630", "--ct", "1000/5")
    assert site.run("check", "word-order", *meant).exit_code == 0
    assert site.run("check", "quantum", *meant, "--contracted-kw", "400").exit_code == 0
    wired = site.json("check", "wiring", *meant)
    assert {each["check"]: each["passed"] for each in wired["outcomes"]} == {
        "ratios": True,
        "phase-voltages": True,
        "load": True,
        "phase-order": True,
        "power-factor": True,
        "plausible": True,
    }
    seen = site.json("check", "display", *meant, "--shown", "5123.0", "--shown-unit", "kWh")
    assert facts(seen)["display_wh"] == "5123000"
    refused = site.run("check", "display", *meant, "--shown", "25.6")
    assert refused.exit_code == 1 and "secondary side" in refused.stdout


def test_what_cannot_be_judged_is_neither_passed_nor_failed(site: Site) -> None:
    site.devices(Device(1, on_bus(meter("eastron-sdm630", Bench(0)))))
    meant = ("--profile", "eastron-sdm630", "--ct", "1000/5")
    told = site.json("check", "wiring", *meant, code=3)
    assert told["ok"] is False
    assert [each["check"] for each in told["outcomes"] if each["passed"] is None] == [
        "load",
        "phase-order",
        "power-factor",
    ]


def test_a_cable_that_is_pulled_in_a_scan_is_said_and_it_is_run_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.devices(Device(1, registers(1, 1)))
    site.board.pulled_after = 300
    with monkeypatch.context() as patch:
        patch.setattr("technician.console._PATIENCE_S", 1)
        told = site.json("scan", "--addresses", "1-20", code=1)
    assert told["error"]["code"] == "cable"
    site.board.pulled_after = None
    assert facts(site.json("scan", "--addresses", "1-3"))["devices"] == "1@port 0, 9600-8N1"


@contextmanager
def served(*answers: Any) -> Iterator[int]:
    """Meters behind Modbus TCP; yields the port."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    bus = MeterBus(answers, lambda: 10.0, FramerType.SOCKET)
    try:
        yield asyncio.run_coroutine_threadsafe(bus.start(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(bus.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_meters_behind_a_converter_are_found_and_read(site: Site) -> None:
    with served(meter("schneider-pm5560", unit=9)) as port:
        place = ("--tcp", f"127.0.0.1:{port}")
        told = site.json("scan", *place, "--addresses", "1-10")
        assert facts(told)["devices"] == f"9@127.0.0.1:{port}"
        meant = ("--unit", "9", "--profile", "schneider-pm5560", "--ct", "1000/5")
        assert site.run("check", "wiring", *place, *meant).exit_code == 0
        assert facts(site.json("identify", *place, "--unit", "9"))["fitting_profiles"].split()[
            0
        ] == ("schneider-pm5560")
