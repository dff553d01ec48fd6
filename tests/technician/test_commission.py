"""From the first check to the act that an auditor judges, with the real MicroPython at a pty."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pdfplumber
import pexpect
import pytest
from commissioning import LOAD_W, PAPERS, PASSPHRASE, Ready, auditor, ready, run
from pty_board import MICROPYTHON

from auditor.act import ActError, judge
from auditor.act import read_act as judge_file
from auditor.exhibits import WrongField
from auditor.keys import PublicKey as AuditorsKey
from collector.evidence.act import digest, read_act
from collector.evidence.errors import EvidenceError
from collector.evidence.keys import PublicKey
from collector.intervals import facts
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import advance
from collector.registry.configurations import Configurations
from collector.storage import open_database
from technician.bundle import write_bundle
from technician.commission.procedure import SHIPPED


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    folder = tmp_path_factory.mktemp("site")
    image = folder / "firmware.romfs"
    write_bundle(image)
    with ready(folder, image) as made:
        yield made


@pytest.fixture
def procedure(tmp_path: Path) -> Path:
    """As it ships, of short patience; the network is another test's."""
    text = SHIPPED.read_text("utf-8").replace("settle_ms = 5000", "settle_ms = 1200")
    text = text.replace("samples = 5", "samples = 3").replace("offline_s = 180", "offline_s = 2")
    before, network, after = text.partition('id = "network"')
    file = tmp_path / "procedure.toml"
    file.write_text(before + network + after.replace('"always"', '"never"', 1), "utf-8")
    return file


def test_a_gateway_is_commissioned_and_the_auditor_judges_the_act(
    site: Ready, procedure: Path, tmp_path: Path
) -> None:
    case = tmp_path / "case"
    site.begin(case, procedure)
    key = site.technician("А. Омарова")
    refused = site.sign(case, key)
    assert json.loads(refused.stdout)["error"]["code"] == "not_commissioned"
    assert not (case / "statement.json").exists()
    for name, answers in (
        ("identity", {}), ("papers", PAPERS), ("clock", {}), ("supply", {"upstream/1": "да"}),
        ("wiring", {}), ("quantum", {"contracted-kw": "250"}), ("display", site.displays()),
    ):  # fmt: skip
        done = site.step(case, name, **answers)
        assert done.exit_code == 0, done.output
    inputs_seen(site, case)
    done = site.step(case, "relay")
    assert done.exit_code == 0, done.output
    (facts,) = (each["facts"] for each in json.loads(done.stdout)["outcomes"])
    assert facts["contact"] == "open" and facts["returned"] == "yes"
    assert (site.board.folder / "output").read_text() == "1"
    assert float(Fraction(facts["before_w"])) == pytest.approx(LOAD_W, rel=0.05)
    without_network(site, case)
    photo = tmp_path / "cabinet.jpg"
    photo.write_bytes(b"what the camera saw")
    assert site.step(case, "photos", files=str(photo)).exit_code == 0
    done = site.sign(case, key)
    assert done.exit_code == 0, done.output
    proven(site, case / "act.json")
    in_three_languages(site, case / "act.json", tmp_path)
    bound_once(site, case, key)
    in_the_ledger(site, case / "act.json")


def without_network(site: Ready, case: Path) -> None:
    """Nothing answers at its broker's address; it starts, and meters on."""
    begun = site.step(case, "offline")
    assert json.loads(begun.stdout)["passed"] is None, begun.output
    site.run_until_frames(11)
    done = site.step(case, "offline")
    assert done.exit_code == 0, done.output
    (outcome,) = json.loads(done.stdout)["outcomes"]
    assert outcome["facts"]["limit"] == "none"
    assert outcome["facts"]["readings"] >= 2


def proven(site: Ready, act: Path) -> None:
    """Anybody judges it; no byte of it can be another, nor of what it keeps beside it."""
    code, words = auditor(act, site.root)
    assert (code, words.splitlines()[-1]) == (0, "HOLDS")
    assert "signed by А. Омарова" in words
    assert "cabinet.jpg is the file that was kept" in words
    content = act.read_bytes()
    root = PublicKey(site.root.read_bytes())
    read_act(content, root)
    judged = AuditorsKey(root.raw[:32], root.raw[32:])
    changed = act.with_name("changed.json")
    step = len(content) // 60
    for at in range(0, len(content), step):
        flipped = bytearray(content)
        flipped[at] ^= 1
        changed.write_bytes(bytes(flipped))
        with pytest.raises((ActError, WrongField)):
            judge(judge_file(changed), judged, changed.parent)
        with pytest.raises(EvidenceError):
            read_act(bytes(flipped), root)
    (kept,) = (act.parent / "files").iterdir()
    kept.write_bytes(b"what another camera saw")
    assert auditor(act, site.root)[1].splitlines()[-1].startswith("DOES NOT HOLD: act.files[0]")


def in_three_languages(site: Ready, act: Path, folder: Path) -> None:
    titles = {
        "en": "Act of commissioning",
        "ru": "Акт ввода в эксплуатацию",
        "kk": "Пайдалануға беру актісі",
    }
    for language, title in titles.items():
        out = folder / f"{language}.pdf"
        words = [act, "--out", out, "--root", site.root, "--language", language]
        done = site.commission("sheet", *words)
        assert done.exit_code == 0, done.output
        with pdfplumber.open(out) as pages:
            text = "\n".join(page.extract_text() for page in pages.pages)
        assert title in text
        assert site.gateway in text
        assert "А. Омарова" in text


def bound_once(site: Ready, case: Path, key: tuple[Path, Path]) -> None:
    """The answer was lost: asked again, the gateway signs no second frame."""
    content = (case / "act.json").read_bytes()
    (case / "act.json").unlink()
    assert site.sign(case, key).exit_code == 0
    assert (case / "act.json").read_bytes() == content
    late = site.step(case, "clock")
    assert json.loads(late.stdout)["error"]["code"] == "signed_already"


def in_the_ledger(site: Ready, act: Path) -> None:
    """By whatever road the frames come: the collector knows the act, and its evidence holds."""
    frames = site.folder / "frames.bin"
    words = [MICROPYTHON.with_name("mpremote"), "connect", site.board.port, "resume", "exec"]
    program = f"import handover; handover.main({str(frames)!r}, 'all')"
    subprocess.run([sys.executable, *map(str, words), program], check=True, capture_output=True)
    run("collector", "take", site.directory, frames)
    run("collector", "checkpoint", site.directory)
    run("collector", "verify", site.directory)
    engine = open_database(site.directory)
    root = PublicKey(site.root.read_bytes())
    advance(engine, IntervalFollower(Configurations(engine, root)))
    with engine.connect() as connection:
        told = facts.commissioned(connection)[site.gateway]
    statement = json.loads(act.read_bytes())["act"]
    assert told["act"] == digest(statement).hex()


def inputs_seen(site: Ready, case: Path) -> None:
    """He turns the selector and sets the lock, and both are seen."""
    first = site.step(case, "inputs")
    assert first.exit_code == 1
    (site.board.folder / "selector").write_text("0")
    (site.board.folder / "lock").write_text("1")
    done = site.step(case, "inputs")
    assert done.exit_code == 0, done.output
    (site.board.folder / "selector").write_text("1")
    (site.board.folder / "lock").write_text("0")


SHORT = """
schema = 1
name = "short"
rules = { RULES }
[[step]]
id = "identity"
check = "identity"
required = "always"
title = { en = "Gateway", ru = "Шлюз", kk = "Шлюз" }
[[step]]
id = "supply"
check = "confirm"
required = "always"
title = { en = "Supply", ru = "Питание", kk = "Қорек" }
[[step.question]]
id = "upstream"
per = "stage"
ask = { en = "before it?", ru = "до неё?", kk = "дейін бе?" }
"""


def test_in_a_terminal_the_cable_is_pulled_and_it_goes_on(site: Ready, tmp_path: Path) -> None:
    key, certificate = site.technician("Б. Серік")
    rules = tomllib.loads(SHIPPED.read_text("utf-8"))["rules"]
    file = tmp_path / "short.toml"
    said = ", ".join(f"{name} = {value}" for name, value in rules.items())
    file.write_text(SHORT.replace("RULES", said), "utf-8")
    case = tmp_path / "case"
    words = ["-m", "esep", "device", "commission", "guide", case, "--port", site.board.port]
    words += ["--order", site.order, "--root", site.root, "--procedure", file]
    site.board.pulled_after = 0
    terminal = pexpect.spawn(sys.executable, list(map(str, words)), encoding="utf-8", timeout=60)
    try:
        terminal.expect("Gateway")
        terminal.expect("Again")
        site.board.plug_in()
        terminal.sendline("y")
        terminal.expect("gateway " + site.gateway)
        terminal.expect("before it")
        terminal.sendline("no")
        terminal.expect("not confirmed")
        terminal.expect("Again")
        terminal.sendline("y")
        terminal.expect("before it")
        terminal.sendline("yes")
        terminal.expect("your own key")
        terminal.sendline(str(key))
        terminal.expect("root's for it")
        terminal.sendline(str(certificate))
        terminal.expect("passphrase")
        terminal.sendline(PASSPHRASE)
        terminal.expect("COMMISSIONED")
    finally:
        terminal.close(force=True)
    act = json.loads((case / "act.json").read_bytes())["act"]
    assert [each["passed"] for each in act["attempts"]] == [True, False, True]
    assert auditor(case / "act.json", site.root)[0] == 0
