"""Evidence that was taken away together with its checkpoints, and what was kept elsewhere."""

import json
from pathlib import Path

import pytest
from collector_world import NOW_MS, TestGateway, World, gateway_record, signer_for
from sqlalchemy import text
from typer.testing import CliRunner

from collector.cli.collector import app
from collector.cli.verify import verify_directory
from collector.evidence.downlink import Role, make_checkpoint

ALL_FRAMES = 17


def kept(directory: Path, size: int = ALL_FRAMES) -> dict[str, bytes]:
    return {"kept.cose": (directory / "checkpoints" / f"{size}.cose").read_bytes()}


def take_away(world: World, *statements: str) -> None:
    with world.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def cut(world: World) -> None:
    """The newest frames of each chain, and the checkpoint that covers them."""
    take_away(
        world, "DELETE FROM frame WHERE position > 14", "DELETE FROM checkpoint WHERE size > 9"
    )


def test_a_checkpoint_kept_elsewhere_is_part_of_an_untouched_ledger(
    evidence: World, tmp_path: Path
) -> None:
    for size in (9, ALL_FRAMES):
        assert verify_directory(evidence.engine, evidence.root.public, kept(tmp_path, size)).holds


def test_a_cut_that_took_its_checkpoint_along_shows_against_the_copy(
    evidence: World, tmp_path: Path
) -> None:
    cut(evidence)
    assert verify_directory(evidence.engine, evidence.root.public).holds
    verdict = verify_directory(evidence.engine, evidence.root.public, kept(tmp_path))
    assert verdict.faults == ["kept.cose: of its 17 frames only 14 are here"]
    assert not verdict.holds


def test_another_history_of_the_same_length_shows_against_the_copy(evidence: World) -> None:
    signer = signer_for(evidence.root, Role.CHECKPOINTS)
    other = {"kept.cose": make_checkpoint(signer, 12, bytes(32), NOW_MS)}
    verdict = verify_directory(evidence.engine, evidence.root.public, other)
    assert verdict.faults == ["kept.cose has another root"]


def test_a_copy_that_the_operator_did_not_sign_is_named(evidence: World, tmp_path: Path) -> None:
    [message] = kept(tmp_path).values()
    forged = message[:-1] + bytes([message[-1] ^ 1])
    [fault] = verify_directory(evidence.engine, evidence.root.public, {"kept.cose": forged}).faults
    assert fault.startswith("kept.cose: ")


def test_without_any_checkpoint_it_does_not_hold(evidence: World, tmp_path: Path) -> None:
    take_away(evidence, "DELETE FROM checkpoint")
    verdict = verify_directory(evidence.engine, evidence.root.public)
    assert verdict.text().splitlines()[-1] == "NOT PROVEN COMPLETE: no checkpoint"
    assert not verdict.holds
    assert (verdict.faults, verdict.gaps, verdict.unproven) == ([], 0, ALL_FRAMES)
    assert verify_directory(evidence.engine, evidence.root.public, kept(tmp_path)).holds


def test_a_gateway_without_a_frame_is_stated(evidence: World) -> None:
    silent = TestGateway()
    evidence.registry.record([gateway_record(silent)], bytes(32), NOW_MS)
    verdict = verify_directory(evidence.engine, evidence.root.public)
    assert verdict.silent == [silent.id.hex()]
    assert f"{silent.id.hex()} is registered and has no frame" in verdict.text()
    assert verdict.holds


# --- the command


@pytest.fixture
def directory(evidence: World, tmp_path: Path) -> Path:
    (tmp_path / "root.pub").write_bytes(evidence.root.public.raw)
    return tmp_path


def test_the_command_takes_several_copies(evidence: World, directory: Path) -> None:
    copies = [directory / "checkpoints" / f"{size}.cose" for size in (9, ALL_FRAMES)]
    options = [word for copy in copies for word in ("--checkpoint", str(copy))]
    arguments = ["verify", str(directory), "--json", *options]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    cut(evidence)
    run = CliRunner().invoke(app, arguments)
    assert run.exit_code == 1
    assert json.loads(run.output)["faults"] == [f"{copies[1]}: of its 17 frames only 14 are here"]


def test_without_any_checkpoint_the_command_fails(evidence: World, directory: Path) -> None:
    take_away(evidence, "DELETE FROM checkpoint")
    run = CliRunner().invoke(app, ["verify", str(directory), "--json"])
    assert run.exit_code == 1
    verdict = json.loads(run.output)
    assert (verdict["holds"], verdict["proven_complete"]) == (False, False)


def test_a_copy_that_is_not_there_is_a_mistake_of_the_command(directory: Path) -> None:
    missing = directory / "none.cose"
    run = CliRunner().invoke(app, ["verify", str(directory), "--checkpoint", str(missing)])
    assert run.exit_code == 2
    assert str(missing) in run.output
