"""Admission in processes of its own: the same verdicts, whatever becomes of the processes."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from collector_world import TELEMETRY, World, pending
from rotating import Rotating
from test_intake import FRAMES

from collector.intake.admission import Delivery
from collector.intake.intake import Intake
from collector.intake.judging import Here, Verdict
from collector.intake.processes import Processes
from collector.ledger.ledger import Admitted, Ledger


@pytest.fixture
def judges(world: World, tmp_path: Path) -> Iterator[Processes]:
    running = Processes(tmp_path, 2)
    yield running
    running.close()


def told(verdicts: list[Verdict]) -> list[object]:
    return [
        each if isinstance(each, Admitted) else (each.reason, str(each)[:200]) for each in verdicts
    ]


def test_they_judge_as_this_process_would(world: World, judges: Processes) -> None:
    chain = world.gateway.chain(TELEMETRY)
    messages = [*(chain.next() for _ in range(5)), *FRAMES, b"", bytes(5000)]
    deliveries = [Delivery.of(world.gateway.topic, message) for message in messages]
    deliveries.append(Delivery.of("esep/v1/0000000000000000/frame", messages[0]))
    here = Here(world.admission())
    here.begin(deliveries)
    judges.begin(deliveries)
    given = told(judges.end())
    assert given == told(here.end())
    assert sum(isinstance(each, Admitted) for each in given) == 5


def test_batches_are_answered_in_their_order(world: World, judges: Processes) -> None:
    chain = world.gateway.chain(TELEMETRY)
    batches = [[Delivery.of(world.gateway.topic, chain.next())] for _ in range(judges.room)]
    for batch in batches:
        judges.begin(batch)
    given = [judges.end() for _ in batches]
    assert [each[0].raw for each in given if isinstance(each[0], Admitted)] == [
        batch[0].head for batch in batches
    ]


def test_one_that_dies_is_replaced_and_asked_again(world: World, judges: Processes) -> None:
    chain = world.gateway.chain(TELEMETRY)
    acknowledged: list[bytes] = []
    intake = Intake(world.engine, judges, lambda: 1)
    messages = [chain.next() for _ in range(3000)]
    for message in messages:
        intake.queue.put(pending(world.gateway.topic, message, acknowledged))
    while not intake.is_idle:
        intake.take(0)
        if intake.frames in (500, 2000):
            for pid in judges.pids:
                with suppress(ProcessLookupError):  # killed before, and not missed yet
                    os.kill(pid, signal.SIGKILL)
    assert acknowledged == messages
    assert [entry.raw for entry in Ledger(world.engine).entries()] == messages


def test_what_follows_a_new_key_is_judged_by_the_register_that_has_it(
    world: World, judges: Processes
) -> None:
    """Also when it was judged before, while the frame with the key was not committed."""
    rotating = Rotating(world.gateway)
    before = [rotating.billing.next() for _ in range(499)]
    messages = [*before, rotating.change_key(), *(rotating.billing.next() for _ in range(700))]
    intake = Intake(world.engine, judges, lambda: 1)
    acknowledged: list[bytes] = []
    for message in messages:
        intake.queue.put(pending(world.gateway.topic, message, acknowledged))
    while not intake.is_idle:
        intake.take(0)
    assert (intake.frames, intake.refused) == (len(messages), 0)
