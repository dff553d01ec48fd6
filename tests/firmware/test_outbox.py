"""Which frame goes next, in MicroPython: live before backlog, each once, and again what is lost."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

Ask = Callable[..., Any]
Frame = tuple[int, int, int]  # stream, epoch, seq

BILLING, TELEMETRY = 0, 1
RESEND_AFTER_MS, SETTLE_MS, APART_MS = 10_000, 5_000, 50
LIVE_FOUND, BACKLOG_IN_FLIGHT = 4, 4


@pytest.fixture(scope="module")
def device(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("outbox_console").ask
    return asking


@pytest.fixture
def ask(device: Ask) -> Ask:
    device("begin", RESEND_AFTER_MS, APART_MS)
    return device


def make(ask: Ask, stream: int, first: int, last: int, epoch: int = 1) -> None:
    for seq in range(first, last + 1):
        ask("make", stream, epoch, seq)


def drain(ask: Ask, *, count: int = 1000) -> list[Frame]:
    """Send all that goes, in its own time, to a broker that takes it at once."""
    sent: list[Frame] = []
    while len(sent) < count:
        found = ask("offer", 1)
        for frame in found:
            ask("taken", *frame)
            sent.append(tuple(frame))
        if not found:
            ask("wait", APART_MS)
            if not (found := ask("offer", 1)):
                break
            ask("taken", *found[0])
            sent.append(tuple(found[0]))
    return sent


def frames(stream: int, *seqs: int, epoch: int = 1) -> list[Frame]:
    return [(stream, epoch, seq) for seq in seqs]


def test_after_days_offline_the_newest_go_at_once_and_the_rest_oldest_first(ask: Ask) -> None:
    make(ask, BILLING, 1, 8)
    make(ask, TELEMETRY, 1, 30)
    ask("restart")
    sent = drain(ask)
    assert sent[:4] == frames(BILLING, 5, 6, 7, 8)
    assert sent[4:8] == frames(TELEMETRY, 27, 28, 29, 30)
    assert sent[8:12] == frames(BILLING, 1, 2, 3, 4)
    assert sent[12:] == frames(TELEMETRY, *range(1, 27))


def test_what_is_made_now_does_not_wait_for_the_backlog(ask: Ask) -> None:
    make(ask, BILLING, 1, 1000)
    ask("restart")
    drain(ask, count=100)
    make(ask, TELEMETRY, 1, 1)
    make(ask, BILLING, 1001, 1001)
    assert ask("offer", 2) == [[BILLING, 1, 1001], [TELEMETRY, 1, 1]]


def test_the_backlog_goes_in_measure(ask: Ask) -> None:
    make(ask, BILLING, 1, 1000)
    ask("restart")
    ask("offer", LIVE_FOUND)
    for seq in range(1, BACKLOG_IN_FLIGHT + 1):
        assert ask("offer", 9) == [[BILLING, 1, seq]]
        assert ask("offer", 9) == []
        ask("wait", APART_MS)
    assert ask("offer", 9) == []
    ask("taken", BILLING, 1, 1)
    assert ask("offer", 9) == [[BILLING, 1, BACKLOG_IN_FLIGHT + 1]]


def test_a_receipt_that_asks_for_the_backlog_to_come_changes_nothing(ask: Ask) -> None:
    """With live frames first a collector holds what is after a gap, and wants the gap."""
    make(ask, BILLING, 1, 40)
    ask("restart")
    sent = drain(ask, count=10)
    make(ask, BILLING, 41, 41)
    sent += drain(ask, count=1)
    assert sent == frames(BILLING, 37, 38, 39, 40, 1, 2, 3, 4, 5, 6, 41)
    ask("receipt", BILLING, 1, 6, [[37, 41]], [[7, 36]])
    assert drain(ask) == frames(BILLING, *range(7, 37))


def test_what_is_lost_between_broker_and_collector_is_sent_again_when_asked_for(ask: Ask) -> None:
    make(ask, BILLING, 1, 10)
    ask("restart")
    drain(ask)
    make(ask, BILLING, 11, 11)
    drain(ask)
    ask("receipt", BILLING, 1, 2, [[5, 7], [9, 11]], [[3, 4], [8, 8]])
    assert drain(ask) == frames(BILLING, 3, 4, 8)


def test_what_a_receipt_covered_is_sent_again_when_the_collector_lost_it(ask: Ask) -> None:
    """A database from a backup."""
    make(ask, BILLING, 1, 10)
    ask("restart")
    drain(ask)
    ask("receipt", BILLING, 1, 10, [], [])
    ask("restart")
    make(ask, BILLING, 11, 11)
    assert drain(ask) == frames(BILLING, 11)
    ask("receipt", BILLING, 1, 4, [[11, 11]], [[5, 10]])
    assert drain(ask) == frames(BILLING, *range(5, 11))


def test_without_receipts_everything_is_sent_again_after_its_time(ask: Ask) -> None:
    make(ask, BILLING, 1, 10)
    ask("restart")
    first = drain(ask)
    ask("receipt", BILLING, 1, 3, [], [])
    ask("wait", RESEND_AFTER_MS - 1)
    assert ask("offer", 1) == []
    ask("wait", 1)
    assert sorted(drain(ask)) == sorted(first)[3:]


def test_what_is_under_way_is_not_sent_again(ask: Ask) -> None:
    make(ask, BILLING, 1, 2)
    ask("restart")
    assert ask("offer", 9) == [[BILLING, 1, 1], [BILLING, 1, 2]]
    ask("taken", BILLING, 1, 1)
    for _ in range(2):
        ask("wait", RESEND_AFTER_MS)
    assert ask("offer", 9) == [[BILLING, 1, 1]]
    ask("taken", BILLING, 1, 2)
    ask("taken", BILLING, 1, 1)
    ask("receipt", BILLING, 1, 1, [], [])
    for _ in range(2):
        ask("wait", RESEND_AFTER_MS)
    assert ask("offer", 9) == [[BILLING, 1, 2]]


def test_what_is_wanted_twice_is_sent_once_while_it_is_under_way(ask: Ask) -> None:
    make(ask, BILLING, 1, 10)
    ask("restart")
    drain(ask)
    make(ask, BILLING, 11, 11)
    drain(ask)
    for expected in ([[BILLING, 1, 4]], []):
        ask("receipt", BILLING, 1, 3, [[5, 11]], [[4, 4]])
        ask("wait", APART_MS)
        assert ask("offer", 9) == expected


def test_the_backlog_ends_where_live_frames_began(ask: Ask) -> None:
    make(ask, BILLING, 1, 8)
    ask("restart")
    assert drain(ask, count=6) == frames(BILLING, 5, 6, 7, 8, 1, 2)
    ask("receipt", BILLING, 1, 2, [[4, 4]], [[3, 3]])
    assert drain(ask) == frames(BILLING, 3)


def test_the_end_of_what_was_sent_is_sent_again_when_receipts_stand_still(ask: Ask) -> None:
    """Nothing comes after it that would show the gap."""
    make(ask, BILLING, 1, 4)
    ask("restart")
    drain(ask)
    ask("receipt", BILLING, 1, 2, [], [])
    ask("receipt", BILLING, 1, 2, [], [])
    assert drain(ask) == [], "it may be on its way"
    ask("wait", SETTLE_MS)
    ask("receipt", BILLING, 1, 3, [], [])
    assert drain(ask) == [], "the collector is behind and goes on"
    ask("receipt", BILLING, 1, 3, [], [])
    assert drain(ask) == frames(BILLING, 4)


def test_three_epochs_come_in_order(ask: Ask) -> None:
    for epoch in (1, 2, 4):
        make(ask, BILLING, 1, 6, epoch)
    ask("restart")
    sent = drain(ask)
    assert sent[:4] == frames(BILLING, 3, 4, 5, 6, epoch=4)
    assert sent[4:] == sorted(set(sent) - set(sent[:4]))
    assert len(sent) == 18


def test_backlog_goes_on_after_days_without_one(ask: Ask) -> None:
    """Ticks wrap after twelve days; what is older than six looks as if it were to come."""
    make(ask, BILLING, 1, 6)
    ask("restart")
    drain(ask)
    ask("receipt", BILLING, 1, 6, [], [])
    for _ in range(8):
        ask("wait", 86_400_000)
    make(ask, BILLING, 7, 7)
    drain(ask)
    ask("receipt", BILLING, 1, 3, [[7, 7]], [[4, 6]])
    assert drain(ask) == frames(BILLING, 4, 5, 6)


class Stream:
    """What was made, and what of it the collector has not confirmed."""

    def __init__(self) -> None:
        self.made: list[Frame] = []
        self.pending: set[Frame] = set()
        self.begin()

    def begin(self) -> None:
        """Nothing of it was sent."""
        self.sent: list[Frame] = []
        self.taken: set[Frame] = set()
        self.settled: set[Frame] = set()
        self.reached: dict[int, int] = {}
        self.found = len(self.made)
        last = self.made[-1] if self.made else (0, 0, 0)
        self.edge = (last[0], last[1], max(last[2] - LIVE_FOUND, 0))


class AgainstAModel(RuleBasedStateMachine):
    """The model remembers every frame that it sent."""

    device: ClassVar[Ask]

    @initialize()
    def begin(self) -> None:
        self.device("begin", RESEND_AFTER_MS, APART_MS)
        self.streams = (Stream(), Stream())
        self.in_flight: list[Frame] = []
        self.came: set[Frame] = set()  # to the broker
        self.behind: set[Frame] = set()  # of those in flight
        self.wanted: list[set[Frame]] = [set(), set()]
        self.proof: list[int] = [0, 0]  # of what was sent, how many were sent before what is held
        self.now = self.heard = self.settled = self.due = 0

    @rule(stream=st.sampled_from((BILLING, TELEMETRY)), count=st.integers(1, 9))
    def made(self, stream: int, count: int) -> None:
        state = self.streams[stream]
        epoch, seq = state.made[-1][1:] if state.made else (1, 0)
        for number in range(seq + 1, seq + count + 1):
            self.device("make", stream, epoch, number)
            state.made.append((stream, epoch, number))
            state.pending.add((stream, epoch, number))

    @rule(stream=st.sampled_from((BILLING, TELEMETRY)))
    def new_epoch(self, stream: int) -> None:
        state = self.streams[stream]
        assume(state.made and state.made[-1][1] < 4)
        frame = (stream, state.made[-1][1] + 1, 1)
        self.device("make", *frame)
        state.made.append(frame)
        state.pending.add(frame)

    def first(self, stream: int, live: bool) -> tuple[Frame | None, list[Frame]]:
        """What is not sent yet, and what before it is under way from before the stream began."""
        state = self.streams[stream]
        passed: list[Frame] = []
        for frame in state.made:
            if (frame > state.edge) == live and frame in state.pending - set(state.sent):
                if frame not in self.in_flight:
                    return frame, passed
                passed.append(frame)
        return None, passed

    def next(self, live: bool) -> Frame | None:
        """Billing before telemetry."""
        for stream in (BILLING, TELEMETRY):
            frame, passed = self.first(stream, live)
            self.streams[stream].sent += passed
            self.behind -= set(passed)
            self.behind |= set() if live else set(passed)
            if frame:
                return frame
        return None

    @rule(count=st.integers(1, 12))
    def offer(self, count: int) -> None:
        for _ in range(count):
            found = self.device("offer", 1)
            frame: Frame | None = tuple(found[0]) if found else None
            live = self.next(True)
            if live:
                assert frame == live
            elif len(self.behind) >= BACKLOG_IN_FLIGHT or self.now < self.due:
                assert frame is None
            elif frame is not None and self.is_wanted(frame):
                self.wanted[frame[0]].discard(frame)
            else:
                assert frame == self.next(False)
            if frame is None:
                return
            self.in_flight.append(frame)
            if not live:
                self.behind.add(frame)
                self.due = self.now + APART_MS
            if frame not in self.streams[frame[0]].sent:
                self.streams[frame[0]].sent.append(frame)

    def is_wanted(self, frame: Frame) -> bool:
        """And not to come anyway. What is wanted goes only when it must be lost."""
        stream = frame[0]
        state = self.streams[stream]
        if frame not in self.wanted[stream] or frame in (self.first(s, False)[0] for s in (0, 1)):
            return False
        assert frame not in self.in_flight
        assert frame not in state.pending or frame in state.sent[: self.proof[stream]]
        return True

    @precondition(lambda self: self.in_flight)
    @rule(count=st.integers(1, 8))
    def taken(self, count: int) -> None:
        for frame in self.in_flight[:count]:
            self.device("taken", *frame)
            self.came.add(frame)
            if frame in self.streams[frame[0]].sent:  # and not before the stream began again
                self.streams[frame[0]].taken.add(frame)
            self.behind.discard(frame)
        del self.in_flight[:count]

    @rule(stream=st.sampled_from((BILLING, TELEMETRY)), data=st.data())
    def receipt(self, stream: int, data: st.DataObject) -> None:
        """Of what the broker took the collector has some, and wants what is missing before it."""
        state = self.streams[stream]
        assume(state.made)
        epoch = data.draw(st.integers(1, state.made[-1][1]))
        came = sorted(frame for frame in self.came if frame[:2] == (stream, epoch))
        has = {frame for frame in came if data.draw(st.integers(0, 4))}
        has |= {f for f in state.made if f[1] == epoch and f not in state.pending}
        lost = data.draw(st.integers(0, 3)) if has else 0  # by the collector itself
        has -= set(sorted(has)[: lost if lost > 1 else 0])
        seqs = sorted(frame[2] for frame in has)
        ranges: list[list[int]] = []
        for seq in seqs:
            if ranges and ranges[-1][1] == seq - 1:
                ranges[-1][1] = seq
            else:
                ranges.append([seq, seq])
        upto = ranges.pop(0)[1] if ranges and ranges[0][0] == 1 else 0
        ends = [upto] + [last for _, last in ranges]
        gaps = [[end + 1, first - 1] for end, (first, _) in zip(ends, ranges, strict=False)]
        self.device("receipt", stream, epoch, upto, ranges, gaps)
        state.pending -= has
        self.heard = self.now
        reached = max(seqs, default=0)
        if state.reached.get(epoch) == reached and self.is_overdue(stream, epoch):
            self.begin_again(stream)
        state.reached[epoch] = reached
        self.wanted[stream] = {
            (stream, epoch, seq) for first, last in gaps for seq in range(first, last + 1)
        }
        made_since = state.made[state.found :]
        for place, frame in enumerate(state.sent):
            if has and frame in made_since and frame <= max(has):
                self.proof[stream] = max(self.proof[stream], place)

    def is_overdue(self, stream: int, epoch: int | None) -> bool:
        state = self.streams[stream]
        return any(epoch in (None, frame[1]) for frame in state.settled & state.pending)

    def begin_again(self, stream: int) -> None:
        self.streams[stream].begin()
        self.proof[stream] = 0
        self.behind |= {frame for frame in self.in_flight if frame[0] == stream}

    @rule(ms=st.sampled_from((1, APART_MS, 1_000, SETTLE_MS, RESEND_AFTER_MS)))
    def wait(self, ms: int) -> None:
        self.device("wait", ms)
        self.now += ms
        if self.now - self.heard >= RESEND_AFTER_MS:
            self.heard = self.now
            for stream in (BILLING, TELEMETRY):
                if self.is_overdue(stream, None):
                    self.begin_again(stream)
        if self.now - self.settled >= SETTLE_MS:
            self.settled = self.now
            for state in self.streams:
                state.settled = set(state.taken)

    @rule()
    def new_session(self) -> None:
        self.device("restart")
        for state in self.streams:
            state.begin()
        self.in_flight.clear()
        self.behind.clear()
        self.wanted = [set(), set()]
        self.proof = [0, 0]
        self.heard = self.settled = self.due = self.now


def test_is_as_a_model_that_remembers_everything(device: Ask) -> None:
    AgainstAModel.device = staticmethod(device)
    run_state_machine_as_test(
        AgainstAModel,
        settings=settings(max_examples=300, stateful_step_count=60, deadline=None),
    )
