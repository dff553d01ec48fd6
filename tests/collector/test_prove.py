"""`esep collector prove`, and what the auditor makes of it with nothing but the root's key."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_world import run, with_keys
from collector_world import BILLING, NOW_MS, TELEMETRY, World, clock_event
from evidence_world import REPOSITORY
from sqlalchemy import delete, update

from collector.evidence.keys import PrivateKey
from collector.ledger.checkpoints import Checkpoints
from collector.storage.tables import frame


@pytest.fixture
def checkpoints(world: World, tmp_path: Path) -> Checkpoints:
    """Over 5 frames, and then over 300; three more are not covered."""
    signed = with_keys(world, tmp_path)
    chain = world.gateway.chain(TELEMETRY)
    for count in (5, 295, 3):
        world.append([chain.next() for _ in range(count)])
        if count != 3:
            signed.sign(NOW_MS)
    return signed


def audit(proof: Path, root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auditor", "proof", str(proof), "--root", str(root)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("which", ["1", "256", "300", "{gateway}/1/telemetry/123"])
def test_a_frame_is_proven(
    world: World, checkpoints: Checkpoints, tmp_path: Path, which: str
) -> None:
    gateway = world.gateway.id.hex()
    out = tmp_path / "proof.json"
    run("prove", tmp_path, which.format(gateway=gateway), "--out", out)
    judged = audit(out, tmp_path / "root.pub")
    assert judged.returncode == 0, judged.stdout + judged.stderr
    assert f"of gateway {gateway}" in judged.stdout
    assert f"is number {which.rsplit('/', maxsplit=1)[-1]} of the 300 frames" in judged.stdout
    assert world.gateway.key.public.thumbprint.hex() in judged.stdout


@pytest.mark.parametrize(("verb", "code"), [("prove", 2), ("checkpoint", 1)])
def test_a_ledger_with_a_hole_proves_nothing(
    world: World, checkpoints: Checkpoints, tmp_path: Path, verb: str, code: int
) -> None:
    with world.engine.begin() as connection:
        connection.execute(delete(frame).where(frame.c.position == 299))
    options = ("300", "--out", tmp_path / "proof.json") if verb == "prove" else ()
    refused = run(verb, tmp_path, *options, code=code)
    assert "no frame at position 299: see esep collector verify" in refused.output
    assert not (tmp_path / "proof.json").exists()


def change(field: str) -> Callable[[dict[str, Any]], None]:
    def of(proof: dict[str, Any]) -> None:
        text = proof[field]
        at = len(text) // 2
        proof[field] = text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]

    return of


def _path(proof: dict[str, Any]) -> None:
    proof["path"][0] = "00" * 32


def _position(proof: dict[str, Any]) -> None:
    proof["position"] += 1


def _key(proof: dict[str, Any]) -> None:
    raw = PrivateKey.generate().public.raw
    proof["key"] = {"x": raw[:32].hex(), "y": raw[32:].hex()}


def _no_key(proof: dict[str, Any]) -> None:
    proof["key"] = None


@pytest.mark.parametrize(
    "tamper", [change("frame"), change("checkpoint"), _path, _position, _key, _no_key]
)
def test_a_proof_that_was_changed_does_not_hold(
    checkpoints: Checkpoints, tmp_path: Path, tamper: Callable[[dict[str, Any]], None]
) -> None:
    out = tmp_path / "proof.json"
    run("prove", tmp_path, 77, "--out", out)
    proof = json.loads(out.read_text())
    tamper(proof)
    out.write_text(json.dumps(proof))
    judged = audit(out, tmp_path / "root.pub")
    assert (judged.returncode, judged.stderr) == (1, "")
    assert "FAILS: " in judged.stdout


def test_another_root_does_not_hold(checkpoints: Checkpoints, tmp_path: Path) -> None:
    out, other = tmp_path / "proof.json", tmp_path / "other.pub"
    run("prove", tmp_path, 77, "--out", out)
    other.write_bytes(PrivateKey.generate().public.raw)
    assert audit(out, other).returncode == 1


def test_a_checkpoint_is_proven_to_continue_an_older_one(
    checkpoints: Checkpoints, tmp_path: Path
) -> None:
    out = tmp_path / "growth.json"
    run("prove", tmp_path, "--since", tmp_path / "checkpoints" / "5.cose", "--out", out)
    judged = audit(out, tmp_path / "root.pub")
    assert judged.returncode == 0, judged.stdout
    assert "The 5 frames" in judged.stdout
    proof = json.loads(out.read_text())
    proof["path"][-1] = "00" * 32
    out.write_text(json.dumps(proof))
    assert audit(out, tmp_path / "root.pub").returncode == 1


def test_a_checkpoint_of_another_ledger_is_not_continued(
    world: World, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    foreign = tmp_path / "checkpoints" / "5.cose"
    foreign.write_bytes((tmp_path / "checkpoints" / "300.cose").read_bytes())
    with world.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM checkpoint WHERE size = 300")
    out = tmp_path / "growth.json"
    said = run("prove", tmp_path, "--since", foreign, "--out", out, code=2).output
    assert "covers 5 frames only" in said
    assert not out.exists()


def test_what_cannot_be_proven_is_said(
    world: World, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    def said(*arguments: object) -> str:
        return run("prove", tmp_path, *arguments, code=2).output

    out = tmp_path / "proof.json"
    gateway = world.gateway.id.hex()
    assert "covers the positions 1 to 300" in said(301, "--out", out)
    assert "there is no frame" in said(f"{gateway}/1/billing/1", "--out", out)
    assert "as 0011223344556677/1/billing/42" in said("nothing", "--out", out)
    assert "name a frame" in said("--out", out)
    assert "exists; name a new file" in said(1, "--out", tmp_path / "root.pub")
    world.append(
        [world.gateway.frame(BILLING, 1), world.gateway.frame(BILLING, 1, [clock_event("2")])]
    )
    assert "2 frames of that name" in said(f"{gateway}/1/billing/1", "--out", out)


def test_a_frame_that_was_changed_is_not_proven(
    world: World, checkpoints: Checkpoints, tmp_path: Path
) -> None:
    with world.engine.begin() as connection:
        connection.execute(update(frame).where(frame.c.position == 290).values(raw=b"\0"))
    said = run("prove", tmp_path, 289, "--out", tmp_path / "proof.json", code=2).output
    assert "not those of the checkpoint" in said
