"""Every change to a ledger is named by `verify`."""

from pathlib import Path

import pytest
from collector_world import (
    BILLING,
    NOW_MS,
    TestGateway,
    World,
    clock_event,
    signer_for,
)
from sqlalchemy import text

from collector.cli.verdict import Verdict
from collector.cli.verify import verify_directory
from collector.evidence.downlink import Role, read_checkpoint
from collector.evidence.merkle import Frontier
from collector.ledger import checkpoints
from collector.ledger.checkpoints import Checkpoints
from collector.ledger.ledger import Ledger


def judge(world: World) -> Verdict:
    return verify_directory(world.engine, world.root.public)


OTHER = {"other": b"\0", "other_hash": bytes(32), "other_gateway": bytes(8)}


def tamper(world: World, *statements: str, **values: object) -> Verdict:
    """Past every rule of the program: straight into the tables."""
    with world.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), OTHER | values)
    return judge(world)


def test_untouched_it_holds(evidence: World) -> None:
    verdict = judge(evidence)
    assert verdict.holds, verdict.text()
    assert (verdict.frames, verdict.checkpoints, verdict.unproven) == (17, 2, 0)
    assert verdict.gaps == 0
    assert "THE EVIDENCE HOLDS" in verdict.text()


def test_frames_after_the_last_checkpoint_are_counted(evidence: World) -> None:
    evidence.append([evidence.gateway.frame(BILLING, 10, [clock_event()])])
    assert judge(evidence).unproven == 1


@pytest.mark.parametrize("position", [1, 8, 17])
@pytest.mark.parametrize("where", [0.1, 0.5, 0.99])
def test_a_flipped_bit_is_named(evidence: World, position: int, where: float) -> None:
    entry = next(e for e in Ledger(evidence.engine).entries() if e.position == position)
    changed = bytearray(entry.raw)
    changed[int(len(changed) * where)] ^= 4
    verdict = tamper(
        evidence, "UPDATE frame SET raw = :raw WHERE position = :p", raw=bytes(changed), p=position
    )
    assert any(fault.startswith(f"position {position}:") for fault in verdict.faults)
    assert any("another root" in fault for fault in verdict.faults)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("hash = :other_hash", "position 9: the stored hash"),
        ("seq = 4000", "position 9: it is filed under another name"),
        ("epoch = 2", "position 9: it is filed under another name"),
        ("stream = 1 - stream", "position 9: it is filed under another name"),
        ("gateway = :other_gateway", "position 9: it is filed under another name"),
        ("position = 99", "position 99 stands where 17 should"),
        ("position = -1", "position -1 stands where 1 should"),
    ],
)
def test_an_altered_column_is_named(evidence: World, change: str, said: str) -> None:
    verdict = tamper(evidence, f"UPDATE frame SET {change} WHERE position = 9")  # noqa: S608
    assert any(said in fault for fault in verdict.faults), verdict.faults


@pytest.mark.parametrize("position", [1, 9, 17])
def test_a_deleted_frame_is_named(evidence: World, position: int) -> None:
    verdict = tamper(evidence, "DELETE FROM frame WHERE position = :p", p=position)
    assert any("of its 17 frames only 16 are here" in fault for fault in verdict.faults)
    assert not verdict.holds


def test_a_deleted_frame_is_named_even_when_the_others_close_up(evidence: World) -> None:
    """Position 3 is billing 2."""
    verdict = tamper(
        evidence,
        "DELETE FROM frame WHERE position = 3",
        "UPDATE frame SET position = position - 1 WHERE position > 3",
    )
    assert any("another root" in fault for fault in verdict.faults)
    [billing] = [chain for name, chain in verdict.chains.items() if name[2] == "billing"]
    assert billing.missing == [(2, 2)]
    assert verdict.gaps == 1


def test_two_frames_in_each_others_place_are_named(evidence: World) -> None:
    verdict = tamper(
        evidence,
        "UPDATE frame SET position = 100 WHERE position = 2",
        "UPDATE frame SET position = 2 WHERE position = 5",
        "UPDATE frame SET position = 5 WHERE position = 100",
    )
    assert verdict.faults == [
        "the checkpoint over 9 frames has another root",
        "the checkpoint over 17 frames has another root",
    ]


def test_an_inserted_frame_is_named(evidence: World) -> None:
    """A forged one is not signed; a true one of the gateway is a fork and another tree."""
    evidence.append([evidence.gateway.frame(BILLING, 2, [clock_event("other")])])
    verdict = tamper(
        evidence,
        "UPDATE frame SET position = -position",
        "UPDATE frame SET position = 1 WHERE position = -18",
        "UPDATE frame SET position = 1 - position WHERE position < 0",
    )
    assert any(fault.startswith("fork:") for fault in verdict.faults)
    assert any("another root" in fault for fault in verdict.faults)


def test_a_frame_of_an_unregistered_gateway_is_named(evidence: World) -> None:
    stranger = TestGateway()
    verdict = tamper(
        evidence,
        "INSERT INTO frame VALUES (18, :gateway, 1, 0, 1, :hash, 0, :raw)",
        gateway=stranger.id,
        hash=bytes(32),
        raw=stranger.frame(),
    )
    assert any(fault.startswith("position 18: unknown_gateway") for fault in verdict.faults)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DELETE FROM issued WHERE kind = 'configuration'", "its configuration is not here"),
        (
            "UPDATE issued SET raw = :other WHERE kind = 'configuration'",
            "other bytes than its hash",
        ),
        ("UPDATE checkpoint SET size = 12 WHERE size = 9", "says 9"),
        ("UPDATE checkpoint SET raw = :other WHERE size = 9", "the checkpoint over 9 frames"),
    ],
)
def test_what_the_frames_rest_on_is_judged_too(evidence: World, change: str, said: str) -> None:
    verdict = tamper(evidence, change)
    assert any(said in fault for fault in verdict.faults), verdict.faults


def test_a_checkpoint_by_another_root_is_no_checkpoint(evidence: World, tmp_path: Path) -> None:
    other = signer_for(TestGateway().key, Role.CHECKPOINTS)
    evidence.append([evidence.gateway.frame(BILLING, 10, [clock_event()])])
    Checkpoints(evidence.engine, other, tmp_path).sign(NOW_MS)
    assert any("not signed by the root" in fault for fault in judge(evidence).faults)


# --- checkpoints


def test_a_checkpoint_is_the_tree_of_the_frames_in_order(evidence: World) -> None:
    raws = [entry.raw for entry in Ledger(evidence.engine).entries()]
    for size, message in checkpoints.stored(evidence.engine):
        assert read_checkpoint(message, evidence.root.public)[:2] == (
            size,
            Frontier(raws[:size]).root(),
        )


def test_a_size_is_signed_once(evidence: World, tmp_path: Path) -> None:
    signer = signer_for(evidence.root, Role.CHECKPOINTS)
    before = checkpoints.stored(evidence.engine)
    assert Checkpoints(evidence.engine, signer, tmp_path).sign(NOW_MS + 10**6) == before[-1]
    assert checkpoints.stored(evidence.engine) == before
