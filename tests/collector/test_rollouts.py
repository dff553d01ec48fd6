"""A release goes to one gateway, to ten, to all: as long as those that have it do well."""

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import cbor2
import pytest
from collector_world import BILLING, NOW_MS, World, boot_event, event, health_event
from sqlalchemy import insert
from typer.testing import CliRunner

from collector.checks import findings, rollouts
from collector.checks.codes import Code
from collector.checks.rollouts import Rollout, State, Step
from collector.checks.runner import Checks
from collector.cli.carrying import AHEAD_BYTES, ASK_AGAIN_MS, AT_A_TIME, PART_MS, Carrier
from collector.cli.collector import app
from collector.evidence.bundle import Bundle, bundle_file
from collector.evidence.downlink import Role, Signer, certify
from collector.evidence.keys import PrivateKey
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import advance
from collector.registry import releases
from collector.registry.keyring import create_keyring
from collector.registry.releases import Release, ReleaseError
from collector.registry.view import View
from collector.series.embedded import EmbeddedSeries
from collector.storage import open_database, reading
from collector.storage.tables import gateway_fact

SECOND_MS, HOUR_MS = 1000, 3_600_000
SOAK_S = 3600
IMAGE = bytes(range(256)) * 600
FIRMWARE = bytes(range(32))
MANY = [bytes([number]) * 8 for number in range(1, 31)]


class Register:
    """A view that knows gateways, and nothing else."""

    def __init__(self, ids: list[bytes]) -> None:
        self.ids = ids

    def all(self, _kind: type) -> dict[str, None]:
        return dict.fromkeys(each.hex() for each in self.ids)


@pytest.fixture
def root() -> PrivateKey:
    return PrivateKey.generate()


def signed(root: PrivateKey, number: int, role: Role = Role.RELEASE) -> bytes:
    key = PrivateKey.generate()
    certificate = certify(root, role, key.public, 0, 2 * NOW_MS)
    bundle = Bundle.of(IMAGE, number, f"0.{number}", NOW_MS, FIRMWARE)
    return bundle_file(bundle.message(Signer(key, certificate)), IMAGE)


def take_in(world: World, root: PrivateKey, number: int = 7) -> Release:
    with world.engine.begin() as connection:
        return releases.add(connection, signed(root, number), root.public, NOW_MS)


def begin(world: World, ids: list[bytes], first: list[bytes] | None = None) -> Rollout:
    view = cast(View, Register(ids))
    named = [each.hex() for each in first or []]
    with world.engine.begin() as connection:
        return rollouts.start(connection, view, 7, named, SOAK_S, NOW_MS)


def told(
    world: World, gateway: bytes, release: Release, step: Step, why: str | None = None
) -> None:
    """As the follower keeps it."""
    body = {
        "step": step,
        "number": release.number,
        "bundle": release.hash[:8].hex(),
        "why": why,
        "epoch": 1,
        "seq": 1,
        "received_ms": NOW_MS,
    }
    row = {"gateway": gateway, "name": "firmware", "at_ms": NOW_MS, "position": 1}
    with world.engine.begin() as connection:
        connection.execute(insert(gateway_fact).values(row | {"body": json.dumps(body)}))


def look(world: World, after_s: int, statuses: Mapping[str, Any] | None = None) -> Rollout:
    with world.engine.begin() as connection:
        found = rollouts.advance(connection, statuses or {}, NOW_MS + after_s * SECOND_MS)
    assert found is not None
    return found


def test_one_then_ten_then_all(world: World, root: PrivateKey) -> None:
    release = take_in(world, root)
    begun = begin(world, MANY, [MANY[4]])
    assert begun.due == (MANY[4].hex(),)
    assert look(world, 10 * SOAK_S).due == begun.due, "it has told nothing yet"
    told(world, MANY[4], release, Step.GOOD)
    assert look(world, SOAK_S - 1).stage == 0
    assert len(look(world, SOAK_S).due) == 10
    for gateway in map(bytes.fromhex, look(world, SOAK_S).due[1:]):
        assert look(world, 5 * SOAK_S).stage == 1
        told(world, gateway, release, Step.GOOD)
    assert len(look(world, 5 * SOAK_S).due) == 30
    for gateway in map(bytes.fromhex, look(world, 5 * SOAK_S).due[10:]):
        told(world, gateway, release, Step.GOOD)
    assert look(world, 9 * SOAK_S).state is State.DONE


@pytest.mark.parametrize("step", [Step.ROLLED_BACK, Step.REFUSED])
def test_one_that_comes_to_nothing_stops_it(world: World, root: PrivateKey, step: Step) -> None:
    release = take_in(world, root)
    begin(world, MANY)
    told(world, MANY[0], release, step, "ended by watchdog")
    stopped = look(world, 1)
    assert stopped.state is State.STOPPED
    assert (
        stopped.why == f"{MANY[0].hex()}: {step.name.lower().replace('_', ' ')}: ended by watchdog"
    )


def test_one_that_falls_silent_stops_it(world: World, root: PrivateKey) -> None:
    release = take_in(world, root)
    begin(world, MANY)
    told(world, MANY[0], release, Step.GOOD)
    name = MANY[0].hex()
    heard = {name: {"online": True, "received_ms": NOW_MS}}
    assert look(world, 900, heard).state is State.RUNNING
    assert look(world, 901, heard).why == f"{name}: is silent since it was updated"


def test_one_that_does_not_do_well_stops_it_and_is_found(
    world: World, root: PrivateKey, tmp_path: Path
) -> None:
    """By its own signed words."""
    release = take_in(world, root)
    begin(world, [world.gateway.id])
    detail = {0: 3, 1: 7, 2: release.hash[:8]}
    events = [boot_event(NOW_MS), event(19, detail), health_event(free=8000)]
    world.append([world.gateway.frame(BILLING, seq, [each]) for seq, each in enumerate(events, 1)])
    while advance(world.engine, IntervalFollower(world.configurations)):
        pass
    stopped = look(world, 1)
    assert stopped.state is State.STOPPED
    assert "does not do well" in (stopped.why or "")
    Checks(world.engine, world.registry, EmbeddedSeries(tmp_path)).run(NOW_MS + SECOND_MS)
    with reading(world.engine) as connection:
        (found,) = [
            each for each in findings.stored(connection) if each.code is Code.ROLLOUT_STOPPED
        ]
    assert found.details["release"] == 7
    assert found.subject == world.gateway.id.hex()


def test_one_that_was_flashed_with_it_needs_nothing(world: World, root: PrivateKey) -> None:
    take_in(world, root)
    begin(world, [world.gateway.id])
    assert look(world, SOAK_S).state is State.RUNNING
    flashed = {0: "power", 1: "m", 2: "0.7", 3: FIRMWARE}
    world.append([world.gateway.frame(BILLING, 1, [event(1, flashed)])])
    while advance(world.engine, IntervalFollower(world.configurations)):
        pass
    assert look(world, SOAK_S).state is State.DONE


def test_what_cannot_be_started(world: World, root: PrivateKey) -> None:
    with pytest.raises(ReleaseError, match="there is no release 7"):
        begin(world, MANY)
    take_in(world, root)
    with pytest.raises(ReleaseError, match="no gateway of the register: 6363"):
        begin(world, MANY, [b"cccccccc"])
    begin(world, MANY)
    with pytest.raises(ReleaseError, match="stop that first"):
        begin(world, MANY)


# ---- what is sent ------------------------------------------------------------------------------


class Receiver:
    """A gateway as far as the wire goes: takes parts in their order, says what it has."""

    def __init__(self, release: Release) -> None:
        self.release = release
        self.have: int | None = None
        self.image = b""
        self.told_ms = 0
        self.parts = 0

    def take(self, raw: bytes, now_ms: int) -> None:
        bundle, at, data = cbor2.loads(raw)
        assert bundle == self.release.hash
        self.parts += 1
        if at is None:
            assert sha256(data).digest() == bundle
            self.told_ms = now_ms
            self.have = len(self.image)
        elif at == len(self.image):
            before = len(self.image)
            self.image += data
            if before // 49152 != len(self.image) // 49152 or self.image == IMAGE:
                self.told_ms, self.have = now_ms, len(self.image)

    def status(self) -> dict[str, Any]:
        said = {} if self.have is None else {"update": [self.release.hash.hex(), self.have]}
        return {"online": True, "received_ms": self.told_ms} | said


def carry(
    world: World, root: PrivateKey, lose: set[int], is_free: Any = lambda _: True
) -> tuple[Receiver, int]:
    """Until it is there; the parts of `lose` are lost. The receiver, and how long it took, s."""
    release = take_in(world, root)
    with reading(world.engine) as connection:
        content = releases.content(connection, 7)
    carrier, receiver = Carrier(), Receiver(release)
    sent = 0
    for second in range(3600):
        now_ms = NOW_MS + second * SECOND_MS
        if second % 30 == 0:
            receiver.told_ms = now_ms
        for gateway, raw in carrier.parts(
            release, content, ["aa"], {"aa": receiver.status()}, now_ms
        ):
            assert gateway == "aa"
            sent += 1
            if sent not in lose:
                receiver.take(raw, now_ms)
        if receiver.image == IMAGE:
            return receiver, second
    raise AssertionError("it never came")


def test_it_is_sent_once_and_slowly(world: World, root: PrivateKey) -> None:
    receiver, seconds = carry(world, root, set())
    assert receiver.parts == 1 + 150
    assert 150 <= seconds * 1000 // PART_MS <= 240


@pytest.mark.parametrize("lose", [{1}, {2}, {60}, {60, 62, 151}, set(range(40, 80))])
def test_what_is_lost_comes_again_from_where_the_gateway_is(
    world: World, root: PrivateKey, lose: set[int]
) -> None:
    receiver, seconds = carry(world, root, lose)
    assert seconds * 1000 <= 240_000 + 4 * ASK_AGAIN_MS
    assert receiver.parts <= 151 + (len(lose) + 1) * AHEAD_BYTES // 1024


def test_not_to_all_at_once(world: World, root: PrivateKey) -> None:
    release = take_in(world, root)
    names = [each.hex() for each in MANY]
    statuses = {name: {"online": True, "received_ms": NOW_MS} for name in names}
    sent = list(Carrier().parts(release, (b"message", IMAGE), names, statuses, NOW_MS))
    assert len(sent) == AT_A_TIME
    silent = {name: {"online": False, "received_ms": NOW_MS} for name in names}
    assert list(Carrier().parts(release, (b"message", IMAGE), names, silent, NOW_MS)) == []


# ---- the commands ------------------------------------------------------------------------------


def test_a_release_is_taken_in_by_its_signature(tmp_path: Path) -> None:
    directory, root_key = tmp_path / "collector", tmp_path / "root.pem"
    directory.mkdir()
    create_keyring(directory, root_key)
    open_database(directory, create=True)
    root = PrivateKey.load(root_key)
    run = CliRunner()
    good, wrong = tmp_path / "good", tmp_path / "wrong"
    good.write_bytes(signed(root, 7))
    wrong.write_bytes(signed(root, 8, Role.ORDERS))
    refused = run.invoke(app, ["release", "add", str(directory), str(wrong)])
    assert refused.exit_code == 2
    assert "bad_signature" in refused.output
    for _ in range(2):
        added = run.invoke(app, ["release", "add", str(directory), str(good), "--json"])
        assert json.loads(added.stdout)["number"] == 7
    another = run.invoke(
        app, ["release", "add", str(directory), str(_other(tmp_path, signed(root, 7)))]
    )
    assert another.exit_code == 2
    assert "higher number" in another.output
    listed = run.invoke(app, ["release", "list", str(directory)])
    assert "release 7: version 0.7" in listed.output
    assert run.invoke(app, ["rollout", "status", str(directory)]).exit_code == 2
    assert run.invoke(app, ["rollout", "stop", str(directory), "--why", "x"]).exit_code == 2


def _other(folder: Path, content: bytes) -> Path:
    (folder / "other").write_bytes(content)
    return folder / "other"
