"""A board that is already there: how it is, what it did, and what it holds, over its console.

Real gateways, enrolled at a real collector, that ran without a broker; over the real mpremote.
"""

import asyncio
import json
import os
import re
import subprocess
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from flashing import mock_chip
from office import Office, signed
from pty_board import PtyBoard
from pymodbus import FramerType
from test_provision import device, enrolled, said
from typer.testing import CliRunner, Result

from auditor.folder import Folder
from auditor.verify import Verifier
from collector.cli.verify import verify_directory
from collector.evidence.keys import PublicKey
from collector.intervals.follower import IntervalFollower
from collector.intervals.snapshots import last_snapshot
from collector.ledger.followers import advance
from collector.registry.configurations import Configurations
from collector.storage import open_database, reading
from esep.main import command
from simulator import micropython
from simulator.instrument import load_profile
from simulator.meter import Meter
from simulator.meters_server import MeterBus
from simulator.plant import SitePlant, generator
from simulator.scenario import MeterSpec
from simulator.stage import StageRating
from technician.boards import load_board
from technician.cli import app
from technician.diagnosis import CURES, Id

METERS = Path(__file__).parents[2] / "hardware" / "meters"


@dataclass
class Site:
    """A gateway that ran for a while, and is at its prompt."""

    office: Office
    board: PtyBoard
    gateway: str
    image: Path

    def repair(self, *words: object) -> Result:
        arguments = [*map(str, words), "--port", self.board.port, "--json"]
        return CliRunner().invoke(app, arguments)

    def start(self) -> None:
        """The application itself, as a board starts it; killed soon, it is at its prompt again."""
        self.board.stop()
        with subprocess.Popen(
            micropython.command(self.image, "start"),
            env={**os.environ, "ESEP_BOARD": str(self.board.board)},
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr
            said = list(takewhile(lambda line: ", version " not in line, process.stderr))
            assert process.poll() is None, said
            process.kill()
        self.back()

    def back(self) -> None:
        self.board.close()
        self.board = PtyBoard(self.board.folder, self.image)


@pytest.fixture
def enter_service(
    start_board: Callable[[], PtyBoard],
    image: Path,
    tmp_path: Path,
) -> Iterator[Callable[[Office], Site]]:
    """Makes a bare board the gateway of an office's order, which then ran once."""
    sites: list[Site] = []

    def enter(office: Office) -> Site:
        board = start_board()
        gateway = enrolled(office, board, tmp_path / "enrolment.json")
        words = tmp_path / "enrolment.json", "--out", tmp_path / "reply.json"
        done = office.registry("enrol", *words)
        assert done.exit_code == 0, done.output
        done = device("install", office, board, tmp_path / "reply.json", "--json")
        assert done.exit_code == 0, done.output
        sites.append(Site(office, board, gateway, image))
        sites[-1].start()
        return sites[-1]

    yield enter
    for each in sites:
        each.board.close()


@pytest.fixture
def site(office: Office, enter_service: Callable[[Office], Site]) -> Site:
    return enter_service(office)


def findings(result: Result) -> dict[str, dict[str, str]]:
    return {each["id"]: each for each in said(result)["findings"]}


def test_the_doctor_says_what_is_wrong_and_what_to_do(site: Site) -> None:
    done = site.repair("doctor")
    found = findings(done)
    assert done.exit_code == 1
    assert {"meter_silent", "broker_away", "frames_wait"} <= found.keys()
    assert found["meter_silent"]["severity"] == "broken"
    assert found["meter_silent"]["cure"] == CURES[Id.METER_SILENT][1]
    assert said(done)["board"]["key"]["gateway"] == site.gateway


def test_failed_starts_are_said_and_the_visit_counts_as_none(site: Site) -> None:
    reset = site.board.folder / "reset"
    for expected in ("failed_starts", "safe_mode"):
        reset.write_text("watchdog")
        site.start()
        assert {expected, "hangs"} <= findings(site.repair("doctor", "--stay")).keys()
    for _ in range(2):
        assert said(site.repair("doctor"))["board"]["journal"]["failed_starts"] == 3
        site.start()


def test_a_board_without_a_working_application_is_said(site: Site, tmp_path: Path) -> None:
    site.image = tmp_path / "empty.romfs"
    site.image.write_bytes(b"\xd2\xcd1\x00")
    site.back()
    done = site.repair("doctor", "--stay")
    assert (done.exit_code, list(findings(done))) == (1, ["no_application"])


def test_one_part_that_fails_hides_no_other(site: Site) -> None:
    """The key is spoilt: what does not need it is looked at all the same."""
    (site.board.folder / "identity.key").write_bytes(b"spoilt")
    found = findings(site.repair("doctor"))
    assert found["no_look"]["what"] == "key: ValueError identity record damaged"
    assert {"frames_wait", "broker_away"} <= found.keys()


def test_the_logs_say_when_it_started_and_by_which_clock(site: Site) -> None:
    events: list[dict[str, Any]] = said(site.repair("logs"))["events"]
    assert events[0]["what"] == "started: it restarted itself; version 0.1.0"
    assert any("came into force" in each["what"] for each in events)
    assert {each["clock"] for each in events} == {"I"}


def collector(site: Site, *words: object) -> Result:
    return CliRunner().invoke(command("collector"), ["collector", *map(str, words)])


def holds(site: Site, out: Path) -> None:
    """By the collector's own judge, and by the auditor, who shares no code with it."""
    root = PublicKey(site.office.root.read_bytes())
    assert verify_directory(open_database(site.office.directory), root).faults == []
    done = collector(site, "export", site.office.directory, out)
    assert done.exit_code == 0, done.output
    auditor = Verifier(Folder(out), {})
    auditor.run()
    assert auditor.failures == []


def test_a_dump_is_taken_in_and_verified(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "frames.dump"
    done = site.repair("dump", file)
    assert done.exit_code == 0, done.output
    frames = sum(said(done)["frames"].values())
    assert said(done) == {
        "ok": True, "gateway": site.gateway, "file": str(file), "added": frames,
        "frames": {"billing": frames, "telemetry": 0},
    }  # fmt: skip
    taken = collector(site, "take", site.office.directory, file, "--json")
    assert taken.exit_code == 0, taken.output
    assert json.loads(taken.stdout)[0]["added"] == frames
    again = json.loads(collector(site, "take", site.office.directory, file, "--json").stdout)[0]
    assert (again["added"], again["repeated"]) == (0, frames)
    forged = bytearray(file.read_bytes())
    forged[-1] ^= 1
    (tmp_path / "forged.dump").write_bytes(forged)
    words = ["take", site.office.directory, tmp_path / "forged.dump", "--json"]
    (refused,) = json.loads(collector(site, *words).stdout)[0]["refused"]
    assert refused["reason"] == "bad_signature"


def test_a_dump_whose_cable_is_pulled_goes_on_where_it_was(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, whole = tmp_path / "frames.dump", tmp_path / "whole.dump"
    for _ in range(3):
        site.start()
    assert site.repair("dump", whole, "--stay").exit_code == 0
    site.board.pulled_after = 600 + whole.stat().st_size  # twice as many come, in hex
    with monkeypatch.context() as patch:
        patch.setattr("technician.console._PATIENCE_S", 2)
        pulled = site.repair("dump", file)
    assert said(pulled)["error"]["code"] == "cable", pulled.exception
    begun = file.read_bytes()
    assert whole.read_bytes().startswith(begun)
    assert 0 < len(begun) < len(whole.read_bytes())
    file.write_bytes(begun + whole.read_bytes()[len(begun) :][:50])  # the laptop died in a write
    site.back()
    done = site.repair("dump", file)
    assert done.exit_code == 0, done.output
    assert file.read_bytes() == whole.read_bytes()


def test_another_gateways_dump_and_another_file_stay_as_they_are(
    site: Site, tmp_path: Path
) -> None:
    text = tmp_path / "letter.txt"
    text.write_text("a letter " * 1000)
    refused = site.repair("dump", text)
    assert (refused.exit_code, said(refused)["error"]["code"]) == (2, "file_exists")
    assert text.read_text() == "a letter " * 1000


def test_the_flash_of_a_dead_board_gives_the_same_frames(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By esptool; of the journal only its beginning is read, for the mock chip is slow."""
    whole, file = tmp_path / "whole.dump", tmp_path / "dead.dump"
    site.start()
    assert site.repair("dump", whole).exit_code == 0
    board = load_board("esp32-4mb-wifi")
    before = (
        bytes(board.partition("journal").offset) + (site.board.folder / "flash.bin").read_bytes()
    )
    with mock_chip(tmp_path, "esp32", 4, before) as chip:
        words = ["dump", file, "--dead", board.name, "--port", chip.url, "--json"]
        done = CliRunner().invoke(app, list(map(str, words)))
    assert done.exit_code == 0, done.output
    assert file.read_bytes() == whole.read_bytes()


class Metered:
    """The example's meter, answering at a TCP port, of which somebody may hang another in place."""

    def __init__(self) -> None:
        plant = SitePlant("A", [StageRating(1, 1_200_000, 1.0)], 40_000, seed=1, start_s=0.0)
        spec = {"slot": 0, "serial": "26010001", "profile": "eastron-sdm630", "unit": 1, "point": 1}
        spec |= {"ct": (2000, 5), "register_base_wh": "5123400"}
        loaded = load_profile(METERS / "eastron-sdm630.toml")
        self.meter = Meter(MeterSpec.model_validate(spec), loaded, plant, generator(1))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._bus = MeterBus([self.meter], lambda: 0.0, FramerType.SOCKET)
        self.port: int = self._run(self._bus.start())

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def close(self) -> None:
        self._run(self._bus.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


@pytest.fixture
def metered() -> Iterator[Metered]:
    made = Metered()
    yield made
    made.close()


def imported_wh(site: Site) -> str:
    done = site.repair("read")
    assert done.exit_code == 0, done.output
    (meter,) = said(done)["meters"]
    text: str = meter["energies"]["active_energy_import"]["register_wh"]
    return text


def test_a_meter_is_exchanged_without_a_network_and_the_bill_goes_on(
    office: Office,
    enter_service: Callable[[Office], Site],
    metered: Metered,
    tmp_path: Path,
) -> None:
    plan = tmp_path / "plan.toml"
    text = plan.read_text()
    serial = re.findall('^serial = "(.+)"', text, re.MULTILINE)[0]
    rtu = re.findall("^buses = .+$", text, re.MULTILINE)[0]
    tcp = f'buses = [{{ kind = "tcp", host = "127.0.0.1", port = {metered.port} }}]'
    plan.write_text(text.replace(rtu, tcp))
    office.order.unlink()
    signed(office, plan, "esp32-4mb-ethernet")
    metered.meter.swap(serial, Fraction(5_123_400))
    site = enter_service(office)
    assert "meter_silent" not in findings(site.repair("doctor"))

    assert imported_wh(site) == "5123400"
    metered.meter.swap(f"{serial}9", Fraction(700))
    meter = text[text.index("[[meter]]") :].replace("@gateway", site.gateway)
    moment = datetime.now(UTC).isoformat()
    (tmp_path / "exchange.toml").write_text(
        f"{meter}\nvalid_until = {moment}\n"
        + meter.replace(f'"{serial}"', f'"{serial}9"')
        + f"\nvalid_from = {moment}\n"
    )
    done = office.registry("import", tmp_path / "exchange.toml")
    assert done.exit_code == 0, done.output
    file = tmp_path / "configuration.cose"
    done = office.registry("configure", site.gateway, "--out", file)
    assert done.exit_code == 0, done.output
    done = site.repair("configure", file, "--root", office.root)
    assert done.exit_code == 0, done.output
    refused = site.repair("read", "--stay")
    assert "start it once" in refused.stdout
    site.start()
    assert imported_wh(site) == "700"

    dump = tmp_path / "frames.dump"
    done = site.repair("dump", dump)
    assert done.exit_code == 0, done.output
    assert collector(site, "take", office.directory, dump).exit_code == 0
    holds(site, tmp_path / "export")
    engine = open_database(office.directory)
    root = PublicKey(office.root.read_bytes())
    advance(engine, IntervalFollower(Configurations(engine, root)))
    with reading(engine) as connection:
        last, first = (last_snapshot(connection, name) for name in (serial, f"{serial}9"))
    assert last is not None
    assert first is not None
    assert (last.energy_wh, first.energy_wh) == (Fraction(5_123_400), Fraction(700))


def test_a_gateway_ends_by_its_own_id_and_its_key_last(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "last.dump"
    words = ["retire", "--why", "the site closes", "--dump", file]
    refused = site.repair(*words, "--gateway", "0123456789abcdef")
    assert said(refused)["error"]["code"] == "not_confirmed"
    early = site.repair("retire", "--gateway", site.gateway, "--destroy")
    assert "in service" in said(early)["error"]["what"]
    assert not file.exists()
    for _ in range(2):  # the second time nothing is signed
        done = site.repair(*words, "--gateway", site.gateway)
        assert done.exit_code == 0, done.output
    assert said(done)["retired"] == "the site closes"
    taken = collector(site, "take", site.office.directory, file, "--json")
    assert json.loads(taken.stdout)[0]["added"] == said(done)["frames"]
    done = site.repair("retire", "--gateway", site.gateway, "--destroy")
    assert done.exit_code == 0, done.output
    assert "retired" in findings(site.repair("doctor"))
    assert "is retired" in said(site.repair("read"))["error"]["what"]
    again = site.repair("dump", tmp_path / "again.dump")
    assert said(again)["frames"] == {"billing": said(taken)[0]["added"], "telemetry": 0}
    holds(site, tmp_path / "export")
