"""An export convinces the auditor, who is alone, and shows what the operator made of it."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from collector_world import BILLING, NOW_MS, World, allocation, command_event, signer_for
from evidence_world import audit, exported
from order_night import APPLIED, RECEIVED, Night, issued

from collector.cli.verify import verify_directory
from collector.evidence.command import read_command
from collector.evidence.cose import message_hash
from collector.evidence.downlink import Role
from collector.ledger.ledger import Ledger
from collector.orders.reading import order_reading


def test_the_auditor_accepts_what_is_exported(evidence: World, tmp_path: Path) -> None:
    run = audit(exported(evidence, tmp_path))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "everything holds" in run.stdout


def _first_checkpoint(folder: Path) -> Path:
    return folder / "checkpoints" / "9.cose"


@pytest.mark.parametrize("file", [lambda folder: folder / "frames.bin", _first_checkpoint])
def test_the_auditor_refuses_a_changed_byte(
    evidence: World, tmp_path: Path, file: Callable[[Path], Path]
) -> None:
    folder = exported(evidence, tmp_path)
    content = bytearray(file(folder).read_bytes())
    content[len(content) // 2] ^= 1
    file(folder).write_bytes(content)
    assert audit(folder).returncode == 1


# --- what an order rests on


def answer(world: World, order: bytes, counter: int, *phases: int) -> None:
    """Further events in the gateway's billing chain, each in a frame of its own."""
    raws = [entry for entry in Ledger(world.engine).entries() if entry.frame.stream is BILLING]
    chain = world.gateway.chain(BILLING)
    chain.seq, chain.last = raws[-1].frame.seq, message_hash(raws[-1].raw)
    world.append([chain.next(command_event(order, counter, phase)) for phase in phases])


@pytest.fixture
def ordered(evidence: World, night: Night) -> Night:
    """An order whose command was received and applied."""
    order = issued(night)
    answer(evidence, order.id, 1, RECEIVED, APPLIED)
    return night


def test_the_auditor_and_verify_find_the_command_that_was_obeyed(
    ordered: Night, tmp_path: Path
) -> None:
    assert verify_directory(ordered.world.engine, ordered.world.root.public).holds
    folder = exported(ordered.world, tmp_path)
    [command] = (folder / "commands").iterdir()
    read = read_command(command.read_bytes(), ordered.world.root.public)
    assert (read.order, read.counter) == (ordered.order().id, 1)
    assert audit(folder).returncode == 0
    command.unlink()
    assert audit(folder).stdout.count("unknown_command: order") == 2


@pytest.mark.parametrize("wrong", ["order", "counter"])
def test_a_command_that_was_never_issued_is_named(
    ordered: Night, tmp_path: Path, wrong: str
) -> None:
    identity = bytes(16) if wrong == "order" else ordered.order().id
    counter = 9 if wrong == "counter" else 1
    answer(ordered.world, identity, counter, RECEIVED)
    said = f"unknown_command: order {identity.hex()}, counter {counter}"
    [fault] = verify_directory(ordered.world.engine, ordered.world.root.public).faults
    assert fault.endswith(said)
    run = audit(exported(ordered.world, tmp_path))
    assert run.returncode == 1
    assert said in run.stdout


def test_a_reading_on_demand_rests_on_its_command_too(evidence: World, tmp_path: Path) -> None:
    signer = signer_for(evidence.root, Role.ORDERS)
    order = order_reading(evidence.engine, signer, evidence.gateway.id.hex(), 60, NOW_MS)
    answer(evidence, order, 1, RECEIVED, APPLIED)
    assert verify_directory(evidence.engine, evidence.root.public).holds
    assert audit(exported(evidence, tmp_path)).returncode == 0


def test_what_the_operator_made_of_it_is_there_to_be_read(ordered: Night, tmp_path: Path) -> None:
    ordered.record(allocation(NOW_MS + 20_000, "0.001"))
    folder = exported(ordered.world, tmp_path)
    [order] = json.loads((folder / "orders.json").read_text())
    steps = {step["step"]: step["body"] for step in order["steps"]}
    assert list(steps) == ["drafted", "approved", "notified", "issued"]
    assert (folder / "commands" / f"{steps['issued']['command']}.cose").is_file()
    [finding] = json.loads((folder / "findings.json").read_text())
    assert (finding["code"], finding["body"]["sites"]) == ("allocation.breach", [order["site"]])
    assert (finding["state"], finding["steps"], finding["members"]) == ("open", [], [])
    assert json.loads((folder / "periods.json").read_text()) == []
    versions = [json.loads(line) for line in (folder / "register.jsonl").open()]
    assert {"market", "policy", "gateway", "meter"} <= {version["kind"] for version in versions}
    assert all(version["document"] == "00" * 32 for version in versions)
    [bought] = [json.loads(line) for line in (folder / "entitlements.jsonl").open()]
    assert (bought["kind"], bought["body"]["energy_mwh"]) == ("allocation", "0.001")
    for profile in (folder / "profiles").iterdir():
        assert sha256(profile.read_bytes()).hexdigest() == profile.stem
