"""From a delivery to the ledger: kept once, acknowledged when durable, refused with a reason."""

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from collector_world import NOW_MS, TELEMETRY, TestGateway, World, pending
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from collector.evidence.errors import EvidenceError, Reason
from collector.intake import quarantine
from collector.intake.admission import Delivery
from collector.intake.intake import Intake
from collector.ledger.ledger import Ledger, frame_named
from collector.storage import reading
from collector.storage.tables import frame as frame_table
from collector.storage.tables import quarantine as quarantine_table

VECTORS = Path(__file__).parents[1] / "vectors"
FRAMES = [
    bytes.fromhex(vector["message"])
    for vector in json.loads((VECTORS / "frames.json").read_text())["vectors"]
    if vector["message"]
]


def take(intake: Intake, topic: str, *payloads: bytes) -> list[bytes]:
    """Deliver and take until nothing waits; what was acknowledged."""
    acknowledged: list[bytes] = []
    for payload in payloads:
        intake.queue.put(pending(topic, payload, acknowledged))
    while intake.take(timeout_s=0):
        pass
    return acknowledged


def raw_frames(world: World) -> list[bytes]:
    return [entry.raw for entry in Ledger(world.engine).entries()]


def refusals(world: World) -> dict[str, int]:
    with reading(world.engine) as connection:
        return quarantine.counts(connection)


def test_a_frame_is_kept_as_its_very_bytes_and_acknowledged(world: World) -> None:
    message = world.gateway.frame()
    assert take(world.intake(), world.gateway.topic, message) == [message]
    [entry] = Ledger(world.engine).entries()
    assert (entry.position, entry.raw, entry.received_ms) == (1, message, NOW_MS)
    assert entry.hash == hashlib.sha256(message).digest()


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_the_same_frame_again_is_one_frame_and_acknowledged_again(
    world: World, in_one_batch: bool
) -> None:
    message, intake = world.gateway.frame(), world.intake()
    if in_one_batch:
        acknowledged = take(intake, world.gateway.topic, message, message)
    else:
        acknowledged = take(intake, world.gateway.topic, message)
        acknowledged += take(intake, world.gateway.topic, message)
    assert acknowledged == [message, message]
    assert raw_frames(world) == [message]
    assert (intake.frames, intake.repeated) == (1, 1)


def test_another_frame_of_the_same_name_is_kept_beside_it(world: World) -> None:
    one = world.gateway.frame(at_ms=NOW_MS)
    other = world.gateway.frame(at_ms=NOW_MS + 1)
    take(world.intake(), world.gateway.topic, one, other)
    assert raw_frames(world) == [one, other]
    with reading(world.engine) as connection:
        named = frame_named(connection, world.gateway.id, 1, world.gateway.chain().stream, 1)
    assert [position for position, _ in named] == [1, 2]


@pytest.mark.parametrize("at_ms", [0, 1, 2**63, 2**64 - 1])
@pytest.mark.parametrize("letter", ["U", "R"])
def test_a_strange_clock_is_kept(world: World, at_ms: int, letter: str) -> None:
    message = world.gateway.frame(at_ms=at_ms, letter=letter)
    take(world.intake(), world.gateway.topic, message)
    assert raw_frames(world) == [message]


def test_a_strange_order_is_kept_as_it_came(world: World) -> None:
    chain = world.gateway.chain()
    messages = [chain.next() for _ in range(3)][::-1]
    late = world.gateway.frame(seq=2**32 - 1, epoch=2**32 - 1)
    take(world.intake(), world.gateway.topic, *messages, late)
    assert raw_frames(world) == [*messages, late]


# --- durability


class Broken:
    """A database whose commits fail while `fails` is set."""

    def __init__(self, world: World) -> None:
        self.fails = True
        event.listen(world.engine, "commit", self._commit)

    def _commit(self, _connection: Any) -> None:
        if self.fails:
            raise OperationalError("COMMIT", {}, Exception("disk full"))


def test_nothing_is_acknowledged_when_the_commit_fails_and_the_delivery_is_taken_later(
    world: World,
) -> None:
    intake, acknowledged = world.intake(), list[bytes]()
    good, bad = world.gateway.frame(), b"noise"
    for payload in (good, bad):
        intake.queue.put(pending(world.gateway.topic, payload, acknowledged))
    database = Broken(world)
    for _ in range(2):
        with pytest.raises(OperationalError):
            intake.take(timeout_s=0)
    assert acknowledged == []
    assert not intake.is_idle
    database.fails = False
    assert raw_frames(world) == []
    intake.take(timeout_s=0)
    assert acknowledged == [good, bad]
    assert raw_frames(world) == [good]
    assert (intake.frames, intake.repeated, intake.refused) == (1, 0, 1)
    assert intake.is_idle


def test_a_frame_is_committed_when_its_acknowledgement_is_called(world: World) -> None:
    intake, seen = world.intake(), list[list[bytes]]()
    message = world.gateway.frame()
    waiting = pending(world.gateway.topic, message, [])
    intake.queue.put(type(waiting)(waiting.delivery, lambda: seen.append(raw_frames(world))))
    intake.take(timeout_s=0)
    assert seen == [[message]]


def test_positions_have_no_holes_under_writers_at_once(world: World) -> None:
    chain = world.gateway.chain(TELEMETRY)
    messages = [chain.next() for _ in range(60)]
    shares = [messages[0:40], messages[20:60], messages[::2]]  # each frame by two of them
    failures: list[BaseException] = []

    def work(share: list[bytes]) -> None:
        try:
            for message in share:
                world.append([message])
        except BaseException as error:  # the thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=work, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with reading(world.engine) as connection:
        positions = list(connection.scalars(select(frame_table.c.position)))
    assert sorted(positions) == list(range(1, 61))
    assert sorted(raw_frames(world)) == sorted(messages)


# --- refusals


def test_refusals_name_their_reason_and_are_acknowledged(world: World) -> None:
    intake, topic = world.intake(), world.gateway.topic
    stranger = TestGateway()
    other = TestGateway()
    stolen = TestGateway(other.key)
    forged = bytearray(world.gateway.frame())
    forged[-1] ^= 1
    cases = [
        (stranger.topic, stranger.frame(), Reason.UNKNOWN_GATEWAY),
        (f"{topic}/x", world.gateway.frame(), Reason.TOPIC_MISMATCH),
        (stranger.topic, world.gateway.frame(), Reason.TOPIC_MISMATCH),
        ("", world.gateway.frame(), Reason.TOPIC_MISMATCH),
        (topic, _claiming(world.gateway, stolen), Reason.KEY_NOT_VALID),
        (topic, b"", Reason.MALFORMED),
        (topic, bytes(10_000_000), Reason.TOO_LONG),
    ]
    for case_topic, payload, reason in cases:
        before = refusals(world).get(reason, 0)
        assert take(intake, case_topic, payload) == [payload]
        assert refusals(world).get(reason, 0) == before + 1, reason
    assert take(intake, topic, bytes(forged)) == [bytes(forged)]
    assert refusals(world).keys() & {Reason.BAD_SIGNATURE, Reason.HIGH_S}
    assert raw_frames(world) == []


def _claiming(claimed: TestGateway, signer: TestGateway) -> bytes:
    """A frame in the name of one gateway, rightly signed by the key of another."""

    class Claimant(TestGateway):
        @property
        def id(self) -> bytes:
            return claimed.id

    return Claimant(signer.key).frame()


def test_of_an_over_long_message_only_the_head_the_length_and_the_hash_are_kept(
    world: World,
) -> None:
    payload = bytes(range(256)) * 40_000
    take(world.intake(), world.gateway.topic, payload)
    with reading(world.engine) as connection:
        [row] = connection.execute(select(quarantine_table))
    assert (row.head, row.size) == (payload[:4096], len(payload))
    assert row.sha256 == hashlib.sha256(payload).digest()
    assert row.reason == Reason.TOO_LONG


def test_a_long_topic_is_cut(world: World) -> None:
    take(world.intake(), "esep/v1/" + "x" * 60_000 + "/frame", b"")
    with reading(world.engine) as connection:
        [topic] = connection.scalars(select(quarantine_table.c.topic))
    assert len(topic) == 256


def test_quarantine_keeps_the_newest_and_counts_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "KEEP", 5)
    intake = world.intake()
    for number in range(12):
        take(intake, world.gateway.topic, b"noise %d" % number)
    with reading(world.engine) as connection:
        heads = list(connection.scalars(select(quarantine_table.c.head)))
    assert heads == [b"noise %d" % number for number in range(7, 12)]
    assert sum(refusals(world).values()) == 12


def test_one_bad_message_disturbs_no_other_of_its_batch(world: World) -> None:
    chain = world.gateway.chain()
    first, second = chain.next(), chain.next()
    acknowledged = take(world.intake(), world.gateway.topic, first, b"\xff", second)
    assert acknowledged == [first, b"\xff", second]
    assert raw_frames(world) == [first, second]


# --- any bytes at all


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.make(tmp_path_factory.mktemp("fuzzed"))


@st.composite
def mutated(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    message = bytearray(originals[draw(st.integers(0, len(originals) - 1))])
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(message) - 1))
        how = draw(st.sampled_from(["flip", "set", "insert", "delete", "cut"]))
        if how == "flip":
            message[at] ^= 1 << draw(st.integers(0, 7))
        elif how == "set":
            message[at] = draw(st.integers(0, 255))
        elif how == "insert":
            message[at:at] = draw(st.binary(min_size=1, max_size=12))
        elif how == "delete" and len(message) > 1:
            del message[at]
        elif how == "cut" and at:
            del message[at:]
    return bytes(message)


ANY = settings(max_examples=300, deadline=None)


def assert_refused(world: World, payload: bytes) -> None:
    """Admission raises EvidenceError and nothing else, for whatever bytes."""
    with pytest.raises(EvidenceError) as caught:
        world.admission().judge(Delivery.of(world.gateway.topic, payload))
    assert caught.value.reason in set(Reason)


@ANY
@given(payload=st.binary(max_size=300))
def test_random_bytes_are_refused_with_a_reason(fuzzed: World, payload: bytes) -> None:
    assert_refused(fuzzed, payload)


@ANY
@given(payload=mutated(FRAMES))
def test_mutated_vectors_are_refused_with_a_reason(fuzzed: World, payload: bytes) -> None:
    assert_refused(fuzzed, payload)


@ANY
@given(data=st.data())
def test_mutated_frames_of_a_known_gateway_never_pass(fuzzed: World, data: st.DataObject) -> None:
    message = fuzzed.gateway.frame()
    changed = data.draw(mutated([message]))
    if changed != message:
        assert_refused(fuzzed, changed)


@settings(max_examples=25, deadline=None)
@given(payloads=st.lists(st.binary(max_size=60) | mutated(FRAMES), min_size=1, max_size=9))
def test_whatever_comes_is_acknowledged_and_counted(fuzzed: World, payloads: list[bytes]) -> None:
    before = sum(refusals(fuzzed).values())
    assert take(fuzzed.intake(), fuzzed.gateway.topic, *payloads) == payloads
    assert sum(refusals(fuzzed).values()) == before + len(payloads)
    assert raw_frames(fuzzed) == []
