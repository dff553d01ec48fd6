"""A refusal that another worker may be about to make wrong waits a little; no other does."""

from collector_world import TestGateway, World, pending
from rotating import Rotating
from test_intake import raw_frames, refusals

from collector.evidence.errors import Reason
from collector.intake import patience
from collector.intake.admission import Delivery
from collector.intake.intake import Intake
from collector.intake.judging import Verdict
from collector.intake.patience import Patience
from collector.intake.transport import Share


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def delivery(payload: bytes = b"frame") -> Delivery:
    return Delivery.of("esep/v1/x/frame", payload)


def test_it_ends() -> None:
    clock = Clock()
    waits = Patience(3.0, clock)
    assert waits.has_for(delivery(), Reason.KEY_NOT_VALID)
    clock.now_s += 2.9
    assert waits.has_for(delivery(), Reason.KEY_NOT_VALID)
    clock.now_s += 0.2
    assert not waits.has_for(delivery(), Reason.KEY_NOT_VALID)


def test_what_can_become_right_by_no_other_frame_is_refused_at_once() -> None:
    waits = Patience(3.0, Clock())
    hopeful = {reason for reason in Reason if waits.has_for(delivery(), reason)}
    assert hopeful == {Reason.KEY_NOT_VALID, Reason.UNKNOWN_GATEWAY}


def test_a_flood_does_not_wait() -> None:
    clock = Clock()
    waits = Patience(3.0, clock)
    kept = [
        waits.has_for(delivery(b"%d" % number), Reason.UNKNOWN_GATEWAY)
        for number in range(patience._MOST + 5)
    ]
    assert kept == [True] * patience._MOST + [False] * 5
    clock.now_s += 7
    waits.is_time()
    assert waits.has_for(delivery(b"later"), Reason.UNKNOWN_GATEWAY)


def test_what_waits_leaves_room_for_others() -> None:
    """It is not acknowledged, and a broker sends only so much ahead."""
    assert Share("esep").unacknowledged / 5 >= patience._MOST


def intakes(world: World) -> tuple[Intake, Intake]:
    return tuple(  # type: ignore[return-value]
        Intake(world.engine, world.admission(), lambda: 0, patience_s=30) for _ in range(2)
    )


def test_a_frame_of_a_new_key_waits_for_the_frame_that_brings_it(world: World) -> None:
    """Another worker has that one."""
    gateway = Rotating(world.gateway)
    brings, signed = gateway.change_key(), gateway.billing.next()
    first, second = intakes(world)
    acknowledged: list[bytes] = []
    second.queue.put(pending(world.gateway.topic, signed, acknowledged))
    second.take(0)
    assert (raw_frames(world), refusals(world), acknowledged) == ([], {}, [])
    first.queue.put(pending(world.gateway.topic, brings, acknowledged))
    first.take(0)
    while len(acknowledged) < 2:
        second.take(0.01)
    assert raw_frames(world) == [brings, signed]
    assert refusals(world) == {}


def test_a_stranger_is_refused_in_the_end(world: World) -> None:
    stranger, acknowledged = TestGateway(), list[bytes]()
    intake = Intake(world.engine, world.admission(), lambda: 0, patience_s=0.3)
    intake.queue.put(pending(stranger.topic, stranger.frame(), acknowledged))
    while not acknowledged:
        intake.take(0.01)
    assert refusals(world) == {Reason.UNKNOWN_GATEWAY: 1}


def test_a_batch_is_judged_by_the_register_of_its_commit(world: World) -> None:
    """What another worker changes between judgement and commit is not missed."""
    gateway = Rotating(world.gateway)
    brings = gateway.change_key()
    old = world.gateway.frame(seq=2, prev=bytes(32))
    first, second = intakes(world)
    acknowledged: list[bytes] = []
    judge = second._judge.end

    def judge_and_be_overtaken() -> list[Verdict]:
        verdicts = judge()
        if not acknowledged:
            first.queue.put(pending(world.gateway.topic, brings, acknowledged))
            first.take(0)
        return verdicts

    second._judge.end = judge_and_be_overtaken  # type: ignore[method-assign]
    kept = second.keep([Delivery.of(world.gateway.topic, old)])
    assert kept.added == 0, "signed by a key that had its end before the commit"
    assert raw_frames(world) == [brings]
