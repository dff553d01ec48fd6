"""Three workers on PostgreSQL behind Mosquitto: whoever is killed, nothing is lost or doubled."""

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from collector_world import BILLING, TELEMETRY
from installation.moments import random_moments
from installation.postgresql import PostgreSQL
from rotating import Rotating
from sqlalchemy import func, select
from workers import FOLLOWERS, Plant

from collector.intake.quarantine import counts as refusals
from collector.ledger.ledger import Ledger
from collector.series.embedded import EmbeddedSeries
from collector.storage import reading
from collector.storage.tables import chain as chain_table
from collector.storage.tables import chain_fault, frame_flag, snapshot

NAMES = ("a", "b", "c")
BROKER_AT, SERVER_AT = 3, 5
DUTIES = (*FOLLOWERS, "desk", "checkpoints", "receipts", "configurations", "shipping")


@pytest.fixture
def moments() -> Random:
    """Of the moments at which workers are killed, and of who."""
    return random_moments()


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """With a server of its own, which may be stopped."""
    with PostgreSQL.running() as server, Plant.running(tmp_path, server, 4) as plant:
        for name in NAMES:
            plant.start(name)
        for name in NAMES:
            plant.await_fact(name, "broker.connected")
        yield plant


def prove(plant: Plant) -> None:
    """Everything sent is in the ledger once, is followed, and no receipt was early."""
    frames = plant.frames()
    assert Counter(frames) == Counter(plant.sent())
    assert set(plant.cursors().values()) == {len(frames)} == {Ledger(plant.engine).head()}
    with reading(plant.engine) as connection:
        assert refusals(connection) == {}
        assert connection.execute(select(chain_fault)).all() == []
        chains = connection.execute(select(chain_table.c.upto, chain_table.c.highest)).all()
        assert connection.execute(select(frame_flag)).all() == []
        followed = connection.scalar(select(func.count(func.distinct(snapshot.c.position))))
    assert len(chains) == 2 * len(plant.senders)
    assert all(upto == highest for upto, highest in chains)
    billing = sum(stream == int(BILLING) for _, stream, _, _ in frames)
    assert followed == billing, "an entry was not followed"
    assert plant.receipts_ahead == []
    verdict = plant.verify()
    assert verdict.holds, verdict.text()


def test_work_and_duties_are_shared(plant: Plant) -> None:
    plant.send(4)
    plant.settle()
    assert {plant.leader(duty) for duty in DUTIES} <= set(NAMES)
    plant.listen()
    taken = Counter(
        fact["duty"] for _, fact in plant.facts if fact.get("event") == "leadership.taken"
    )
    assert taken == dict.fromkeys(DUTIES, 1)
    assert plant.stop_workers() == dict.fromkeys(NAMES, 0)
    prove(plant)


def test_whoever_is_killed_nothing_is_lost_or_doubled(plant: Plant, moments: Random) -> None:
    """Workers at any moment, among them those that lead; the server and the broker once."""
    loading = threading.Thread(target=plant.send, args=(20,))
    loading.start()
    kills = 0
    while loading.is_alive() or kills <= SERVER_AT:
        loading.join(moments.uniform(0.2, 1.2))
        leaders = [plant.leader(duty) or NAMES[0] for duty in ("chain", "receipts")]
        victim = moments.choice([*NAMES, *leaders])
        plant.workers[victim].kill()
        kills += 1
        if kills == BROKER_AT:
            plant.kill_broker()
            plant.start_broker()
        if kills == SERVER_AT:
            plant.server.crash()
            plant.server.start()
        loading.join(moments.uniform(0, 0.8))
        plant.start(victim)
    loading.join()
    print(f"{kills} workers killed, {len(plant.sent())} frames sent")
    plant.settle()
    prove(plant)


def test_another_takes_over_what_a_killed_leader_did(plant: Plant) -> None:
    plant.send(1)
    plant.settle()
    leader = plant.leader("chain")
    assert leader is not None
    plant.workers.pop(leader).kill()
    plant.send(2)
    plant.settle()
    assert plant.leader("chain") not in (leader, None)
    prove(plant)


def test_the_frames_of_a_new_key_are_refused_by_no_worker(plant: Plant) -> None:
    """The frame that brings it goes to one worker, those that it signs to the others."""
    for _ in range(4):
        for sender in plant.senders:
            rotating = Rotating(sender.gateway)
            rotating.billing, rotating.telemetry = sender.chains[BILLING], sender.chains[TELEMETRY]
            message = rotating.change_key()
            sender.chains = {BILLING: rotating.billing, TELEMETRY: rotating.telemetry}
            sender.send(BILLING, message)
        for _ in range(5):
            for sender in plant.senders:
                sender.step()
        plant.settle()
    with reading(plant.engine) as connection:
        assert refusals(connection) == {}
    assert Counter(plant.frames()) == Counter(plant.sent())


def test_who_only_takes_frames_in_has_no_duty(plant: Plant) -> None:
    for name in NAMES[1:]:
        plant.workers[name].stop()
        plant.start(name, "--intake-only")
        plant.await_fact(name, "broker.connected")
    plant.workers[NAMES[0]].stop()
    plant.listen()
    plant.facts.clear()
    plant.send(2)
    plant.await_frames()
    plant.listen()
    assert not [fact for _, fact in plant.facts if fact.get("event") == "leadership.taken"]
    plant.start(NAMES[0])
    plant.settle()
    prove(plant)


def test_telemetry_is_in_the_series_once(plant: Plant) -> None:
    plant.send(2)
    plant.settle()
    sent = sum(stream == int(TELEMETRY) for _, stream, _, _ in plant.frames())
    series = EmbeddedSeries(plant.directory)
    assert series.points() == sent
    series.close()
