"""From the first check to the act that an auditor judges, with the real MicroPython at a pty."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from commissioning import LOAD_W, PAPERS, Ready, auditor, ready

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
    text = text.replace("samples = 5", "samples = 3")
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
    photo = tmp_path / "cabinet.jpg"
    photo.write_bytes(b"what the camera saw")
    assert site.step(case, "photos", files=str(photo)).exit_code == 0
    done = site.sign(case, key)
    assert done.exit_code == 0, done.output
    act = case / "act.json"
    code, words = auditor(act, site.root)
    assert (code, words.splitlines()[-1]) == (0, "HOLDS")
    assert "signed by А. Омарова" in words
    assert "cabinet.jpg is the file that was kept" in words


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
