"""The certificate of a setpoint, and what the auditor says of it."""

import copy
import json
from pathlib import Path
from typing import Any

import pdfplumber
import pytest
from cli_world import run
from collector_world import NOW_MS, World
from evidenced_night import EvidencedNight
from test_certificate import PART, audit, changed, leaves, put, refused, shape

from collector.cli.curtail import app

CAP_W = 500_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("capped")
    order = EvidencedNight(World.make(directory), directory).setpoint_life(CAP_W)
    run("certificate", directory, order.id.hex()[:8], "--out", directory / "c.json", app=app)
    return directory


@pytest.fixture(scope="module")
def document(made: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((made / "c.json").read_bytes())
    return loaded


def test_the_auditor_says_that_it_holds(made: Path) -> None:
    judged = audit(made / "c.json", made / "root.pub")
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert "910000.0 W before, 10000.0 W after of at most 500000 W" in judged.stdout


def test_what_another_order_opened_is_not_credited(document: dict[str, Any]) -> None:
    [part] = document["certificate"]["parts"]
    assert (part["cap_w"], part["stages"]) == (CAP_W, [])
    assert [each["action"] for each in part["commands"]] == ["limit", "limit"]
    assert {each["power_w"] for each in part["commands"]} == {CAP_W}
    assert [(each["stage"], each["is_closed"]) for each in part["contacts"]] == [
        (1, False),
        (1, True),
    ]
    [measured] = part["measured"]
    assert (measured["result"], measured["credited_w"]) == ("full", 600_000)
    assert part["duration"]["opened_ms"] == NOW_MS + 1000


def test_every_field_that_is_changed_is_refused(document: dict[str, Any], made: Path) -> None:
    kinds: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for path in leaves(document):
        kinds.setdefault(shape(path), path)
    for path in kinds.values():
        item: Any = document
        for name in path:
            item = item[name]
        refused(put(document, path, changed(item)), made)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ((*PART, "cap_w"), 600_000, "parts[0].commands[0].power_w"),
        ((*PART, "commands", 0, "power_w"), 1, "parts[0].commands[0].power_w"),
        ((*PART, "commands", 0, "stages"), [1], "parts[0].commands[0].stages"),
        ((*PART, "measured", 0, "cap_w"), 1, "parts[0].measured[0].cap_w"),
        ((*PART, "measured", 0, "credited_w"), 9e5, "parts[0].measured[0].credited_w"),
        ((*PART, "measured", 0, "stage_after_w"), 0.0, "parts[0].measured[0].stage_after_w"),
        ((*PART, "measured", 0, "after_ms", 0), NOW_MS, "parts[0].measured[0].after_ms"),
    ],
)
def test_the_field_is_named(
    document: dict[str, Any], made: Path, path: tuple[Any, ...], value: Any, named: str
) -> None:
    assert refused(put(document, path, value), made) == named


def test_a_setpoint_that_was_not_kept_is_not_called_so(tmp_path: Path) -> None:
    """900 of 905 kW too much are gone: partial. More than the load shows is refused by its name."""
    order = EvidencedNight(World.make(tmp_path), tmp_path).setpoint_life(5_000, judged_s=35)
    run("certificate", tmp_path, order.id.hex()[:8], "--out", tmp_path / "c.json", app=app)
    document = json.loads((tmp_path / "c.json").read_bytes())
    measured = document["certificate"]["parts"][0]["measured"]
    assert [each["result"] for each in measured] == ["partial"]
    assert audit(tmp_path / "c.json", tmp_path / "root.pub").returncode == 0
    other = put(document, (*PART, "measured", 0, "result"), "full")
    assert refused(other, tmp_path) == "parts[0].measured[0].result"


def test_the_sheet_says_the_setpoint(made: Path) -> None:
    document = json.loads((made / "c.json").read_bytes())
    sheet = made / "c.pdf"
    identity = copy.copy(document["certificate"]["order"]["id"])
    run("certificate", made, identity, "--out", sheet, "--language", "en", app=app)
    with pdfplumber.open(sheet) as pdf:
        said = " ".join(page.extract_text() for page in pdf.pages)
    assert "Setpoint: may draw at most" in said
    assert "the whole site" in said
