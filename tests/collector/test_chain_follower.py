"""The chain follower, the receipts and `verify` against a model too simple to be wrong."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from collector_world import (
    BILLING,
    NOW_MS,
    TELEMETRY,
    TestGateway,
    World,
    clock_event,
    dropped_event,
    epoch_event,
    event,
    sample,
    signer_for,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select
from test_vectors import register_of

from collector.evidence.chains import Chains, Fault
from collector.evidence.cose import ContentType, message_hash, parse
from collector.evidence.downlink import Role
from collector.evidence.frame import ZERO_HASH, Event, EventCode, Frame, Stream, read_frame
from collector.evidence.key_events import KeyEvents
from collector.evidence.keys import PrivateKey
from collector.intake import receipts
from collector.ledger import coverage
from collector.ledger.chain import ChainFollower
from collector.ledger.followers import advance
from collector.ledger.ledger import Admitted, Ledger
from collector.model.records import Gateway
from collector.storage import appending, metadata, open_database, reading
from collector.storage.tables import chain as chain_table
from collector.storage.tables import chain_fault

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "chains.json").read_text())
GATEWAY = TestGateway()

Name = tuple[bytes, int, Stream]


def fresh_database() -> Engine:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    return engine


def take_in(engine: Engine, messages: Sequence[bytes], batch: int = 500) -> None:
    frames = [Admitted.of(raw, message_hash(raw), read_frame(raw)[1]) for raw in messages]
    with appending(engine) as connection:
        Ledger(engine).append(connection, frames, NOW_MS)
    follower = ChainFollower()
    while advance(engine, follower, batch):
        pass


# --- the model: sets and loops over every seq


def by_name(frames: Sequence[Frame]) -> dict[Name, dict[int, list[Frame]]]:
    chains: dict[Name, dict[int, list[Frame]]] = {}
    for frame in frames:
        key = (frame.gateway, frame.epoch, frame.stream)
        chains.setdefault(key, {}).setdefault(frame.seq, []).append(frame)
    return chains


def named_as_dropped(frames: Sequence[Frame], name: Name, below: int) -> set[int]:
    """The seqs lower than `below` that an event names."""
    _, epoch, stream = name
    details = [
        record.detail
        for frame in frames
        for record in frame.records
        if stream is TELEMETRY and isinstance(record, Event) and record.code is EventCode.DROPPED
    ]
    return {
        seq
        for detail in details
        if detail[1] == epoch
        for seq in range(1, below)
        if detail[2] <= seq <= detail[3]
    }


def ranges(seqs: set[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for seq in sorted(seqs):
        if found and found[-1][1] == seq - 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return found


@dataclass
class Model:
    messages: list[bytes]

    def __post_init__(self) -> None:
        pairs = [(read_frame(raw)[1], message_hash(raw)) for raw in dict.fromkeys(self.messages)]
        self.frames = [frame for frame, _ in pairs]  # the same bytes twice are one frame
        self.hashes = {id(frame): digest for frame, digest in pairs}
        self.chains = by_name(self.frames)

    def missing(self, name: Name) -> set[int]:
        held = self.chains[name]
        dropped = named_as_dropped(self.frames, name, max(held))
        return set(range(1, max(held))) - set(held) - dropped

    def upto(self, name: Name) -> int:
        missing = self.missing(name)
        return min(missing) - 1 if missing else max(self.chains[name])

    def held(self, name: Name) -> list[tuple[int, int]]:
        return ranges({seq for seq in self.chains[name] if seq > self.upto(name)})

    def wanted(self, name: Name) -> list[tuple[int, int]]:
        return ranges(self.missing(name))

    def runs(self, name: Name) -> list[tuple[int, int]]:
        """What a receipt says is held: 1…upto, and beyond; none goes on over a broken link, or
        over a fork in billing.
        """
        apart = ("broken_link", "fork" if name[2] is BILLING else None)
        broken = {seq for fault, of, seq in self.faults() if fault in apart and of == name}
        upto = self.upto(name)
        found: list[tuple[int, int]] = []
        for seq in range(1, max(self.chains[name]) + 1):
            if seq > upto and seq not in self.chains[name]:
                continue
            if found and found[-1][1] == seq - 1 and seq not in broken:
                found[-1] = (found[-1][0], seq)
            else:
                found.append((seq, seq))
        return found

    def may_be_told(self, name: Name, seq: int) -> set[bytes]:
        """Of a frame that was dropped there is none."""
        found = self.chains[name].get(seq, [])
        return {self.hashes[id(frame)] for frame in found} or {ZERO_HASH}

    def retirements(self) -> list[tuple[int, int]]:
        return [
            (frame.epoch, frame.seq)
            for frame in self.frames
            if any(getattr(record, "code", None) is EventCode.RETIRED for record in frame.records)
        ]

    def follows(self, name: Name, seq: int, last_epoch: int, last_seq: int) -> bool:
        if name[1] == last_epoch:
            return name[2] is BILLING and seq > last_seq
        return name[1] > last_epoch

    def faults(self) -> set[tuple[str, Name, int]]:
        found = set()
        for name, held in self.chains.items():
            for seq, here in held.items():
                if len(here) > 1:
                    found.add(("fork", name, seq))
                before = {self.hashes[id(frame)] for frame in held.get(seq - 1, [])}
                allowed = {ZERO_HASH} if seq == 1 else before
                if allowed and any(frame.prev not in allowed for frame in here):
                    found.add(("broken_link", name, seq))
                codes = {
                    getattr(record, "code", None) for frame in here for record in frame.records
                }
                if name[2] is BILLING and name[1] > 1 and seq == 1 and 8 not in codes:
                    found.add(("no_epoch_event", name, seq))
                if any(self.follows(name, seq, *last) for last in self.retirements()):
                    found.add(("after_retirement", name, seq))
        return found


# --- frames of any kind, in any order


@st.composite
def deliveries(draw: st.DrawFn) -> list[bytes]:
    """Chains of both streams and two epochs, with losses, forks, false links, repeats, disorder."""
    messages: list[bytes] = []
    for stream in Stream:
        for epoch in (1, 2):
            hashes = [ZERO_HASH]
            for seq in range(1, draw(st.integers(0, 8)) + 1):
                for _ in range(draw(st.sampled_from([1, 1, 1, 1, 2]))):
                    raw = _frame(draw, stream, epoch, seq, hashes)
                    if draw(st.sampled_from([True, True, True, False])):
                        messages.append(raw)
                    hashes.append(message_hash(raw))
    repeated = draw(st.lists(st.sampled_from(messages), max_size=3)) if messages else []
    return draw(st.permutations(messages + repeated))


def _frame(draw: st.DrawFn, stream: Stream, epoch: int, seq: int, hashes: list[bytes]) -> bytes:
    note = draw(st.integers(0, 10**9))
    prev = draw(st.sampled_from([hashes[-1], hashes[-1], hashes[-1], hashes[0], bytes([1] * 32)]))
    if stream is TELEMETRY:
        return GATEWAY.frame(
            stream, seq, [sample(0, note, b"")], epoch=epoch, prev=ZERO_HASH if seq == 1 else prev
        )
    records: list[Any] = [clock_event(str(note))]
    if draw(st.booleans()):
        first = draw(st.integers(1, 8))
        last = draw(st.sampled_from([first, first + 1, first - 1, first + 9, 2**32 - 1]))
        if last:
            records.append(dropped_event(draw(st.sampled_from([1, 2])), first, last))
    if epoch > 1 and seq == 1 and draw(st.booleans()):
        records.append(epoch_event())
    if draw(st.sampled_from([False] * 11 + [True])):
        records.append(event(13, {0: "the site closes"}))
    return GATEWAY.frame(stream, seq, records, epoch=epoch, prev=ZERO_HASH if seq == 1 else prev)


@settings(max_examples=80, deadline=None)
@given(messages=deliveries(), batch=st.integers(1, 7))
def test_follower_and_verifier_agree_with_the_model_in_any_order(
    messages: list[bytes], batch: int
) -> None:
    model, engine = Model(messages), fresh_database()
    take_in(engine, messages, batch)
    with reading(engine) as connection:
        states = {
            (row.gateway, row.epoch, Stream(row.stream)): (row.upto, row.highest)
            for row in connection.execute(select(chain_table))
        }
        told = {
            name: coverage.stream_receipt(connection, name[0], name[2], name[1])
            for name in model.chains
        }
        faults = {
            (row.fault, (row.gateway, row.epoch, Stream(row.stream)), row.seq)
            for row in connection.execute(select(chain_fault))
        }
    assert states == {name: (model.upto(name), max(model.chains[name])) for name in model.chains}
    assert faults == model.faults()
    for name, receipt in told.items():
        told_runs = [(1, receipt.upto, receipt.hash)] if receipt.upto else []
        told_runs += receipt.held
        assert [run[:2] for run in told_runs] == model.runs(name)[: 16 + bool(receipt.upto)]
        for _, last, digest in told_runs:
            assert digest in model.may_be_told(name, last)
        assert receipt.upto or receipt.hash == ZERO_HASH
        assert list(receipt.wanted) == model.wanted(name)[:16]
    judged = Chains()
    for raw in messages:
        judged.add(read_frame(raw)[1], message_hash(raw))
    assert {name: judged.gaps(name) for name in judged.links} == {
        name: model.wanted(name) for name in model.chains
    }
    assert {
        (finding.fault, (finding.gateway, finding.epoch, finding.stream), finding.first)
        for finding in judged.findings()
        if finding.fault is not Fault.GAP
    } == model.faults()


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_a_set_of_frames_has_the_findings_written_down(vector: Any) -> None:
    messages = [bytes.fromhex(message) for message in vector["frames"]]
    context = VECTORS["context"] | vector.get("context", {})
    judged, key_events = Chains(), KeyEvents(register_of(context).all(Gateway).values())
    for raw in messages:
        message, frame = read_frame(raw)
        judged.add(frame, message_hash(raw))
        key_events.add(frame, message.kid)
    found = sorted(
        [str(entry.fault), entry.gateway.hex(), entry.stream, entry.epoch, entry.first, entry.last]
        for entry in (*judged.findings(), *key_events.findings())
    )
    assert found == sorted(vector["findings"])

    engine = fresh_database()
    take_in(engine, messages, batch=1)
    with reading(engine) as connection:
        followed = sorted(
            [row.fault, row.gateway.hex(), row.stream, row.epoch, row.seq, row.seq]
            for row in connection.execute(select(chain_fault))
        )
    of_the_register = ("gap", Fault.NO_KEY_EVENT, Fault.KEY_NOT_TAKEN)
    assert followed == sorted(
        entry for entry in vector["findings"] if entry[0] not in of_the_register
    )


# --- receipts


@dataclass
class Receipt:
    gateway: bytes
    number: int
    time_ms: int
    streams: dict[Stream, tuple[int, int, list[Any], list[Any]]]
    hashes: dict[Stream, list[bytes]]
    """Of the frame `upto`, and of the last of each range held."""


ROOT = PrivateKey.generate()
SIGNER = signer_for(ROOT, Role.RECEIPTS)


def receipt(engine: Engine, gateway: TestGateway = GATEWAY, now_ms: int = NOW_MS) -> Receipt:
    made = receipts.make_all(engine, SIGNER, now_ms)
    message = parse(made[gateway.id], ContentType.RECEIPT)
    message.verify(SIGNER.key.public)
    body = message.payload
    parts = {
        stream: (part[0], part[1], [run[:2] for run in part[2]], part[3])
        for stream, part in zip(Stream, body[4], strict=True)
    }
    hashes = {
        stream: [part[4], *(run[2] for run in part[2])]
        for stream, part in zip(Stream, body[4], strict=True)
    }
    return Receipt(body[1], body[2], body[3], parts, hashes)


def chain_of(stream: Stream, count: int, epoch: int = 1) -> list[bytes]:
    chain = GATEWAY.chain(stream, epoch)
    first = [clock_event(), epoch_event()] if stream is BILLING and epoch > 1 else []
    return [chain.next(*first), *(chain.next() for _ in range(count - 1))]


def test_a_receipt_says_what_is_held_and_what_is_wanted() -> None:
    engine, billing = fresh_database(), chain_of(BILLING, 9)
    take_in(engine, [billing[i - 1] for i in (1, 2, 5, 6, 9)])
    told = receipt(engine)
    assert told.gateway == GATEWAY.id
    assert told.time_ms == NOW_MS
    assert told.streams[BILLING] == (1, 2, [[5, 6], [9, 9]], [[3, 4], [7, 8]])
    assert told.streams[TELEMETRY] == (1, 0, [], [])


def test_a_receipt_says_whose_frames_it_covers() -> None:
    engine, billing = fresh_database(), chain_of(BILLING, 9)
    take_in(engine, [billing[i - 1] for i in (1, 2, 5, 6, 9)])
    told = receipt(engine)
    assert told.hashes[BILLING] == [message_hash(billing[i - 1]) for i in (2, 6, 9)]
    assert told.hashes[TELEMETRY] == [ZERO_HASH]


def forked(stream: Stream) -> tuple[list[bytes], list[bytes]]:
    """A chain of nine, and what the gateway went on with after its flash fell back to three."""
    old = chain_of(stream, 9)
    chain = GATEWAY.chain(stream, 1)
    chain.seq, chain.last = 3, message_hash(old[2])
    return old, [chain.next(at_ms=NOW_MS + 1) for _ in range(9)]  # 4 to 12


@pytest.mark.parametrize("stream", Stream)
def test_a_range_ends_before_a_fork_and_before_what_follows_another_than_is_held(
    stream: Stream,
) -> None:
    """By the frame that came first, whoever made the second sees that it is not alone."""
    engine = fresh_database()
    old, new = forked(stream)
    take_in(engine, [*old, *new[3:]])  # 7 to 12
    singly = [[seq, seq] for seq in range(4, 9)] if stream is BILLING else []
    told = receipt(engine)
    begin = 9 if stream is BILLING else 7
    assert told.streams[stream] == (1, 6, [*singly[3:], [begin, 12]], [])
    between = old[6:8] if stream is BILLING else []
    assert told.hashes[stream] == [message_hash(each) for each in (old[5], *between, new[8])]
    take_in(engine, new[:3])
    told = receipt(engine)
    if stream is BILLING:
        assert told.streams[stream] == (1, 3, [*singly, [9, 12]], [])
        assert told.hashes[stream] == [message_hash(each) for each in (*old[2:8], new[8])]
    else:
        assert told.streams[stream] == (1, 12, [], [])
        assert told.hashes[stream] == [message_hash(new[8])]


@pytest.mark.parametrize("known", [3, 12])
def test_of_an_epoch_that_is_over_a_receipt_covers_what_the_gateway_has(known: int) -> None:
    """Its flash fell back to three frames, and before it was seen it made more, or none."""
    engine = fresh_database()
    old, new = forked(BILLING)
    own = [*old[:3], *new]
    end = [int(BILLING), 1, known, message_hash(own[known - 1])]
    begins = event(8, {0: 1, 1: "counter lost", 3: [end]})
    take_in(engine, [*old, GATEWAY.frame(BILLING, 1, [clock_event(), begins], epoch=2)])
    receipt(engine)  # of the newest
    told = receipt(engine)
    assert told.streams[BILLING] == (1, min(known, 9), [], [])
    assert (told.hashes[BILLING] == [end[3]]) is (known == 3)
    take_in(engine, new)
    receipt(engine)
    told = receipt(engine)
    assert told.streams[BILLING] == (1, known, [], [])
    assert told.hashes[BILLING] == [end[3]]


def test_the_end_of_an_epoch_that_is_over_counts_more_than_what_came_last() -> None:
    engine = fresh_database()
    old, new = forked(TELEMETRY)
    end = [int(TELEMETRY), 1, 8, message_hash(new[4])]
    begins = event(8, {0: 1, 1: "counter lost", 3: [end]})
    frames = [*new, *old, GATEWAY.frame(BILLING, 1, [begins], epoch=2)]
    take_in(engine, [*frames, *chain_of(TELEMETRY, 1, 2)])
    receipt(engine)
    told = receipt(engine)
    assert told.streams[TELEMETRY] == (1, 8, [], [])
    assert told.hashes[TELEMETRY] == [end[3]]


def test_what_is_in_the_ledger_but_not_followed_is_not_yet_told() -> None:
    engine, billing = fresh_database(), chain_of(BILLING, 3)
    take_in(engine, billing[:2])
    with engine.begin() as connection:
        raw = billing[2]
        frame = Admitted.of(raw, message_hash(raw), read_frame(raw)[1])
        Ledger(engine).append(connection, [frame], NOW_MS)
    epoch, upto, held, wanted = receipt(engine).streams[BILLING]
    assert (epoch, upto, wanted) == (1, 2, [])
    assert held in ([], [[3, 3]])  # it is durable: it may be told as held


def test_numbers_rise_across_restarts(tmp_path: Path) -> None:
    world = World.make(tmp_path)
    world.append([world.gateway.frame()])
    advance(world.engine, ChainFollower())
    numbers = [receipt(world.engine, world.gateway).number for _ in range(2)]
    world.engine.dispose()
    numbers += [receipt(open_database(tmp_path), world.gateway).number for _ in range(2)]
    assert numbers == [1, 2, 3, 4]


def test_after_a_restore_numbers_rise_above_all_given_before() -> None:
    """The database says 2, the gateway has heard 900: what it ignores it ignores in silence."""
    engine = fresh_database()
    take_in(engine, chain_of(BILLING, 3))
    numbers = []
    for least in (1, 1, 1000, 1000):
        made = receipts.make(engine, SIGNER, NOW_MS, [GATEWAY.id], least)
        numbers.append(parse(made[GATEWAY.id], ContentType.RECEIPT).payload[2])
    assert numbers == [1, 2, 1000, 1001]


def test_each_gateway_has_one_turn_an_interval_and_not_all_the_same() -> None:
    gateways = [bytes([number, 0, 0, 0, 0, 0, 0, 1]) for number in range(256)]
    rounds, counts, most = receipts.Rounds(), dict.fromkeys(gateways, 0), 0
    for second in range(10_001, 10_001 + 180):
        due = rounds.due(gateways, second, 60)
        most = max(most, len(due))
        for gateway in due:
            counts[gateway] += 1
    assert set(counts.values()) <= {2, 3}
    assert most <= 10


def test_a_start_tells_nobody_twice_in_an_interval() -> None:
    gateways = [bytes([number, 0, 0, 0, 0, 0, 0, 1]) for number in range(256)]
    before, after = receipts.Rounds(), receipts.Rounds()
    before.due(gateways, 1000, 60)
    told = before.due(gateways, 1030, 60)
    after.due(gateways, 1031, 60)
    again = after.due(gateways, 1059, 60)
    assert told and again and not set(told) & set(again)


def test_dropped_telemetry_is_not_asked_for_and_does_not_stop_the_receipts() -> None:
    """Forty ranges thinned, more than a receipt could name."""
    engine, telemetry = fresh_database(), chain_of(TELEMETRY, 120)
    kept = [raw for seq, raw in enumerate(telemetry, 1) if seq % 3 == 0]
    events = [dropped_event(1, seq, seq + 1) for seq in range(1, 120, 3)]
    take_in(engine, [*kept, GATEWAY.frame(BILLING, 1, events)])
    assert receipt(engine).streams[TELEMETRY] == (1, 120, [], [])


def test_a_dropped_range_is_passed_only_when_something_beyond_it_came() -> None:
    engine, telemetry = fresh_database(), chain_of(TELEMETRY, 9)
    take_in(engine, [telemetry[0], GATEWAY.frame(BILLING, 1, [dropped_event(1, 2, 2**32 - 1)])])
    assert receipt(engine).streams[TELEMETRY] == (1, 1, [], [])
    take_in(engine, [telemetry[5]])
    assert receipt(engine).streams[TELEMETRY] == (1, 6, [], [])


def test_billing_is_never_excused() -> None:
    engine, billing = fresh_database(), chain_of(BILLING, 4)
    take_in(engine, [billing[0], billing[3], GATEWAY.frame(TELEMETRY, 1)])
    assert receipt(engine).streams[BILLING] == (1, 1, [[4, 4]], [[2, 3]])


def test_a_receipt_names_at_most_sixteen_ranges_of_each_kind() -> None:
    engine, billing = fresh_database(), chain_of(BILLING, 60)
    take_in(engine, billing[1::2])
    _, upto, held, wanted = receipt(engine).streams[BILLING]
    assert upto == 0
    assert held == [*([seq, seq] for seq in range(2, 32, 2)), [60, 60]]
    assert wanted == [[seq, seq] for seq in range(1, 33, 2)]


def test_the_newest_range_is_told_however_many_interruptions_there_were() -> None:
    """By it a gateway knows that what it makes now comes through."""
    engine, telemetry = fresh_database(), chain_of(TELEMETRY, 100)
    backlog = [raw for seq, raw in enumerate(telemetry, 1) if seq % 2 == 0 and seq < 80]
    take_in(engine, [*backlog, *telemetry[89:95]])
    assert receipt(engine).streams[TELEMETRY][2][-1] == [90, 95]
    take_in(engine, telemetry[95:])
    assert receipt(engine).streams[TELEMETRY][2][-1] == [90, 100]


def test_frames_of_an_older_epoch_get_their_receipts_too() -> None:
    engine = fresh_database()
    take_in(engine, [*chain_of(BILLING, 3), *chain_of(BILLING, 1, 2), *chain_of(BILLING, 2, 3)])
    told = {receipt(engine).streams[BILLING][:2] for _ in range(4)}
    assert told == {(3, 2), (2, 1), (1, 3)}


def test_receipts_of_one_gateway_say_nothing_of_another() -> None:
    engine, other = fresh_database(), TestGateway()
    take_in(engine, [*chain_of(BILLING, 5), other.frame()])
    assert receipt(engine, other).streams[BILLING] == (1, 1, [], [])
    assert receipt(engine).streams[BILLING] == (1, 5, [], [])
