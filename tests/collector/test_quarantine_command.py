"""`esep collector quarantine`: what was refused can be looked at, and forgotten."""

from hashlib import sha256
from pathlib import Path

import pytest
from cli_world import run, run_json
from collector_world import World

from collector.intake.admission import Delivery

LONG = b"\x00" * 5000


@pytest.fixture
def refused(world: World) -> World:
    """Two refusals."""
    world.intake().keep(
        [Delivery.of(world.gateway.topic, b"nonsense"), Delivery.of("esep/v1/x/frame", LONG)]
    )
    return world


def test_the_newest_are_listed_with_the_counts(refused: World, tmp_path: Path) -> None:
    found = run_json("quarantine", tmp_path)
    assert found["counts"] == {"malformed": 1, "too_long": 1}
    newest, oldest = found["newest"]
    assert (newest["id"], newest["reason"], newest["size"]) == (2, "too_long", 5000)
    assert oldest["sha256"] == sha256(b"nonsense").hexdigest()
    assert [row["id"] for row in run_json("quarantine", tmp_path, "--limit", 1)["newest"]] == [2]
    assert "too_long: 1 refused" in run("quarantine", tmp_path).stdout


def test_one_is_shown_with_what_is_kept_of_it(refused: World, tmp_path: Path) -> None:
    assert run_json("quarantine", tmp_path, "--show", 1)["head"] == b"nonsense".hex()
    shown = run_json("quarantine", tmp_path, "--show", 2)
    assert (len(shown["head"]) // 2, shown["size"]) == (4096, 5000)
    assert "topic: esep/v1/x/frame" in run("quarantine", tmp_path, "--show", 2).stdout


def test_one_that_is_not_there(refused: World, tmp_path: Path) -> None:
    assert "there is no refusal 9" in run("quarantine", tmp_path, "--show", 9, code=2).output
    assert (
        "not given together" in run("quarantine", tmp_path, "--show", 1, "--purge", code=2).output
    )


def test_purged_they_are_gone_and_still_counted(refused: World, tmp_path: Path) -> None:
    assert run_json("quarantine", tmp_path, "--purge") == {"purged": 2}
    found = run_json("quarantine", tmp_path)
    assert found == {"counts": {"malformed": 1, "too_long": 1}, "newest": []}
