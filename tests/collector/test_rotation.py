"""A new key enters the register by the word of the old one, and by nothing else."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from collector_world import (
    BILLING,
    NOW_MS,
    TestGateway,
    World,
    clock_event,
    database,
    gateway_record,
    pending,
    signer_for,
)
from evidence_world import audit, exported
from hypothesis import given, settings
from hypothesis import strategies as st
from rotating import Rotating, retired_event
from sqlalchemy import select
from test_intake import Broken, raw_frames, refusals, take
from test_registry import GOOD, KEY, Office

from collector.cli.verify import verify_directory
from collector.evidence.downlink import Role
from collector.evidence.errors import Reason
from collector.evidence.keys import PrivateKey
from collector.ledger import flags
from collector.ledger.chain import ChainFollower
from collector.ledger.checkpoints import Checkpoints
from collector.ledger.coverage import stream_receipt
from collector.ledger.followers import advance
from collector.model.records import Bound, Gateway
from collector.registry.configurations import Configurations
from collector.registry.store import Registry
from collector.storage import reading
from collector.storage.tables import registry_version


@pytest.fixture
def rotating(world: World) -> Rotating:
    return Rotating(world.gateway)


def register(world: World) -> Gateway:
    return world.registry.view().one(Gateway, world.gateway.id.hex())


def flagged(world: World) -> dict[str, int]:
    with reading(world.engine) as connection:
        return flags.counts(connection)


def judge(world: World) -> list[str]:
    return verify_directory(world.engine, world.root.public).faults


def test_the_key_event_extends_the_register_in_the_commit_of_its_frame(
    world: World, rotating: Rotating
) -> None:
    topic, intake = world.gateway.topic, world.intake()
    before = [rotating.billing.next(), rotating.billing.next(), rotating.telemetry.next()]
    change = rotating.change_key()
    after = [rotating.billing.next(), rotating.telemetry.next()]
    # all of it in one batch
    assert take(intake, topic, *before, change, *after) == [*before, change, *after]
    assert raw_frames(world) == [*before, change, *after]
    old, new = register(world).keys
    bound = Bound(epoch=1, billing=4, telemetry=2)
    assert (old.start, old.end) == (Bound(), bound)
    assert (new.start, new.end) == (bound, None)
    assert new.point == rotating.billing.gateway.key.public.raw
    assert judge(world) == []


def test_it_is_known_from_the_time_of_the_commit_and_by_the_frame(
    world: World, rotating: Rotating
) -> None:
    change = rotating.change_key()
    take(world.intake(NOW_MS + 7), world.gateway.topic, change)
    known = {
        at: len(world.registry.view_known(at).one(Gateway, world.gateway.id.hex()).keys)
        for at in (NOW_MS + 6, NOW_MS + 7)
    }
    assert known == {NOW_MS + 6: 1, NOW_MS + 7: 2}
    with reading(world.engine) as connection:
        newest = connection.execute(
            select(registry_version.c.document).order_by(registry_version.c.id.desc())
        ).first()
    assert newest is not None
    assert newest[0] == world.admitted(change).hash


def test_a_failed_commit_extends_nothing(world: World, rotating: Rotating) -> None:
    intake, acknowledged = world.intake(), list[bytes]()
    change = rotating.change_key()
    intake.queue.put(pending(world.gateway.topic, change, acknowledged))
    database = Broken(world)
    with pytest.raises(Exception, match="disk full"):
        intake.take(timeout_s=0)
    assert len(register(world).keys) == 1
    database.fails = False
    intake.take(timeout_s=0)
    assert acknowledged == [change]
    assert len(register(world).keys) == 2


def test_frames_that_came_before_the_event_are_refused_and_taken_when_they_come_again(
    world: World, rotating: Rotating
) -> None:
    topic, intake = world.gateway.topic, world.intake()
    change, early = rotating.change_key(), rotating.billing.next()
    assert take(intake, topic, early) == [early]
    assert refusals(world) == {Reason.KEY_NOT_VALID: 1}
    take(intake, topic, change, early)
    assert raw_frames(world) == [change, early]
    assert judge(world) == []


def test_a_frame_that_came_too_early_is_asked_for_in_the_next_receipt(
    world: World, rotating: Rotating
) -> None:
    topic, intake = world.gateway.topic, world.intake()
    change, early, later = rotating.change_key(), rotating.billing.next(), rotating.billing.next()
    take(intake, topic, early, change, later)
    advance(world.engine, ChainFollower())
    with reading(world.engine) as connection:
        told = stream_receipt(connection, world.gateway.id, BILLING, 1)
    assert (told.upto, [run[:2] for run in told.held], told.wanted) == (1, [(3, 3)], ((2, 2),))


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_in_whatever_order_frames_come_all_are_taken_in_the_end(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """What is refused is sent again, as by a gateway that has no receipt for it."""
    world = World.make(tmp_path_factory.mktemp("order"))
    rotating, intake = Rotating(world.gateway), world.intake()
    frames = [rotating.billing.next(), rotating.telemetry.next()]
    for _ in range(2):
        frames += [rotating.change_key(), rotating.billing.next(), rotating.telemetry.next()]
    left = data.draw(st.permutations(frames))
    while left:
        size = data.draw(st.integers(1, len(left)))
        for start in range(0, len(left), size):
            take(intake, world.gateway.topic, *left[start : start + size])
        kept = raw_frames(world)
        assert set(left) & set(kept)
        left = data.draw(st.permutations([frame for frame in left if frame not in kept]))
    assert sorted(raw_frames(world)) == sorted(frames)
    assert [key.start for key in register(world).keys] == [
        Bound(),
        Bound(epoch=1, billing=3, telemetry=2),
        Bound(epoch=1, billing=5, telemetry=3),
    ]
    assert judge(world) == []


def test_the_event_again_changes_nothing(world: World, rotating: Rotating) -> None:
    topic, intake = world.gateway.topic, world.intake()
    change = rotating.change_key()
    take(intake, topic, change, change)
    take(intake, topic, change)
    assert len(register(world).keys) == 2
    assert flagged(world) == {}


def test_keys_follow_one_another(world: World, rotating: Rotating) -> None:
    topic, intake = world.gateway.topic, world.intake()
    frames = [rotating.billing.next()]
    for _ in range(3):
        frames += [rotating.change_key(), rotating.telemetry.next(), rotating.billing.next()]
    take(intake, topic, *frames)
    assert raw_frames(world) == frames
    keys = register(world).keys
    assert [key.end for key in keys] == [*(key.start for key in keys[1:]), None]
    assert judge(world) == []


Lie = Callable[[Rotating], bytes]
LIES: dict[str, Lie] = {
    "possession not proven": lambda rotating: rotating.change_key(signer=PrivateKey.generate()),
    "not the next frame": lambda rotating: rotating.change_key(first=[1, 3, 1]),
    "the frame itself": lambda rotating: rotating.change_key(first=[1, 1, 1]),
    "another epoch": lambda rotating: rotating.change_key(first=[2, 2, 1]),
    "the same key": lambda rotating: rotating.change_key(new=rotating.gateway.key),
    "no enrolment": lambda rotating: rotating.billing.next(
        [3, NOW_MS, 12, {0: b"\x00", 1: [1, 2, 1]}]
    ),
}


@pytest.mark.parametrize("name", LIES)
def test_an_event_that_proves_nothing_or_does_not_fit_is_kept_flagged_and_extends_nothing(
    world: World, rotating: Rotating, name: str
) -> None:
    frame = LIES[name](rotating)
    assert take(world.intake(), world.gateway.topic, frame) == [frame]
    assert raw_frames(world) == [frame]
    assert len(register(world).keys) == 1
    assert flagged(world) == {flags.Flag.KEY_NOT_TAKEN: 1}
    assert [fault.split(":")[0] for fault in judge(world)] == ["key_not_taken"]


def test_a_stolen_old_key_makes_no_key_after_its_end(world: World, rotating: Rotating) -> None:
    topic, intake = world.gateway.topic, world.intake()
    thief = Rotating(world.gateway)
    change = rotating.change_key()
    take(intake, topic, change, rotating.billing.next())
    for _ in range(4):
        thief.billing.next()
    assert take(intake, topic, stolen := thief.change_key()) == [stolen]
    assert refusals(world) == {Reason.KEY_NOT_VALID: 1}
    assert len(register(world).keys) == 2


def test_a_stolen_old_key_makes_no_key_within_its_validity_either(
    world: World, rotating: Rotating
) -> None:
    """A frame of its time is kept, as a fork; its key has one end."""
    topic, intake = world.gateway.topic, world.intake()
    thief = Rotating(world.gateway)
    take(intake, topic, rotating.billing.next(), change := rotating.change_key())
    keys = register(world).keys
    first = thief.change_key()
    thief = Rotating(world.gateway)
    thief.billing.next(clock_event("other"))
    take(intake, topic, first, thief.change_key())
    assert register(world).keys == keys
    assert flagged(world) == {flags.Flag.KEY_NOT_TAKEN: 2}
    assert change in raw_frames(world)
    assert {fault.split(":")[0] for fault in judge(world)} >= {"fork", "key_not_taken"}


def test_a_key_does_not_begin_before_the_one_that_names_it(
    world: World, rotating: Rotating
) -> None:
    topic, intake = world.gateway.topic, world.intake()
    take(intake, topic, rotating.telemetry.next(), rotating.telemetry.next(), rotating.change_key())
    assert register(world).keys[1].start.telemetry == 3
    take(intake, topic, rotating.change_key(first=[1, 3, 2]))
    assert len(register(world).keys) == 2
    assert flagged(world) == {flags.Flag.KEY_NOT_TAKEN: 1}


def test_a_key_of_another_gateway_is_not_taken(world: World, rotating: Rotating) -> None:
    other = TestGateway()
    world.registry.record([gateway_record(other)], bytes(32), NOW_MS)
    take(world.intake(), world.gateway.topic, rotating.change_key(new=other.key))
    assert len(register(world).keys) == 1
    assert flagged(world) == {flags.Flag.KEY_NOT_TAKEN: 1}


def test_the_file_that_enrolled_a_gateway_taken_again_leaves_it_its_later_keys(
    tmp_path: Path,
) -> None:
    engine, root, gateway = database(tmp_path), PrivateKey.generate(), TestGateway(KEY)
    configurations = Configurations(engine, root.public)
    world = World(engine, Registry(engine), root, gateway, configurations)
    office = Office(world.registry, tmp_path)
    office.take(GOOD)
    take(world.intake(), gateway.topic, Rotating(gateway).change_key())
    known = world.registry.view().one(Gateway, gateway.id.hex())
    assert len(known.keys) == 2
    office.take(GOOD.replace("frame_ms = 60000", "frame_ms = 30000"))
    renewed = world.registry.view().one(Gateway, gateway.id.hex())
    assert renewed.keys == known.keys
    assert renewed.timing.frame_ms == 30000


# --- what the evidence shows


def test_a_key_that_the_operator_put_in_by_hand_has_no_event(
    world: World, rotating: Rotating
) -> None:
    """An operator could else sign in a gateway's name."""
    topic, intake = world.gateway.topic, world.intake()
    take(intake, topic, rotating.billing.next())
    hand = Rotating(world.gateway)
    hand.billing = replace(
        rotating.billing, gateway=rotating.successor(other := PrivateKey.generate())
    )
    bound = Bound(epoch=1, billing=2, telemetry=1)
    known = register(world)
    record = known.model_copy(
        update={
            "keys": (
                known.keys[0].model_copy(update={"end": bound}),
                known.keys[0].model_copy(
                    update={
                        "x": other.public.raw[:32].hex(),
                        "y": other.public.raw[32:].hex(),
                        "start": bound,
                    }
                ),
            )
        }
    )
    world.registry.record([record], bytes(32), NOW_MS)
    take(intake, topic, hand.billing.next())
    assert [fault.split(":")[0] for fault in judge(world)] == ["no_key_event"]


def test_bounds_that_disagree_with_the_event_are_found(world: World, rotating: Rotating) -> None:
    take(world.intake(), world.gateway.topic, rotating.billing.next(), rotating.change_key())
    known = register(world)
    moved = Bound(epoch=1, billing=5, telemetry=1)
    old, new = known.keys
    keys = (old.model_copy(update={"end": moved}), new.model_copy(update={"start": moved}))
    world.registry.record([known.model_copy(update={"keys": keys})], bytes(32), NOW_MS)
    assert [fault.split(":")[0] for fault in judge(world)] == ["key_not_taken", "no_key_event"]


def test_a_changed_key_and_an_end_hold_for_collector_and_auditor(
    world: World, rotating: Rotating, tmp_path: Path
) -> None:
    frames = [rotating.billing.next(), rotating.change_key(), rotating.billing.next()]
    take(world.intake(), world.gateway.topic, *frames, rotating.billing.next(retired_event()))
    Checkpoints(world.engine, signer_for(world.root, Role.CHECKPOINTS), tmp_path).sign(NOW_MS)
    assert judge(world) == []
    audited = audit(exported(world, tmp_path))
    assert audited.returncode == 0, audited.stdout


def test_what_is_signed_after_the_last_frame_is_found(world: World, rotating: Rotating) -> None:
    topic, intake = world.gateway.topic, world.intake()
    late: list[Any] = [rotating.billing.next(), rotating.billing.next(retired_event())]
    take(intake, topic, *late, rotating.telemetry.next())
    assert judge(world) == []
    take(intake, topic, rotating.billing.next(), world.gateway.chain(BILLING, 2).next())
    found = [fault for fault in judge(world) if fault.startswith("after_retirement")]
    assert len(found) == 2
