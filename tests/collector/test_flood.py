"""A flood of refusals costs a batch, not a statement or a line of the log for each."""

from typing import Any

import pytest
from collector_world import TELEMETRY, TestGateway, World, pending
from sqlalchemy import event, func, select
from structlog.testing import capture_logs

from collector.evidence.errors import Reason
from collector.intake import quarantine
from collector.intake.admission import Admission, Delivery
from collector.intake.intake import BATCH
from collector.intake.judging import Here
from collector.registry.keys import GatewayKeys
from collector.storage import reading
from collector.storage.tables import quarantine as table


def statements_of(world: World, refused: int) -> list[str]:
    """What one batch of refusals and one good frame makes the database do."""
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    intake = world.intake()
    for number in range(refused):
        intake.queue.put(pending(world.gateway.topic, b"noise %d" % number, []))
    intake.queue.put(pending(world.gateway.topic, world.gateway.frame(TELEMETRY, refused), []))
    event.listen(world.engine, "before_cursor_execute", note)
    assert intake.take(0) == refused + 1
    event.remove(world.engine, "before_cursor_execute", note)
    assert intake.frames + intake.repeated == 1
    return said


def test_the_statements_of_a_batch_are_the_same_however_many_are_refused(world: World) -> None:
    statements_of(world, 1)  # the counts begin
    assert len(statements_of(world, 400)) == len(statements_of(world, 2))


def test_a_batch_says_once_what_it_refused(world: World) -> None:
    with capture_logs() as facts:
        statements_of(world, 300)
    [fact] = [each for each in facts if each["event"] == "intake.refused"]
    assert (fact["reason"], fact["count"]) == (Reason.MALFORMED, 300)


def test_what_is_kept_is_bounded_and_counted_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "KEEP", 50)
    for _ in range(3):
        statements_of(world, BATCH - 1)
    with reading(world.engine) as connection:
        assert connection.scalar(select(func.count()).select_from(table)) == 50
        assert quarantine.counts(connection) == {"malformed": 3 * (BATCH - 1)}


def test_strangers_make_the_register_be_read_once_a_batch_more(world: World) -> None:
    """Of a gateway that is not in it the register is asked again: not for each of its frames."""
    asked = []
    view = world.registry.view

    class Register:
        def view(self) -> Any:
            asked.append(1)
            return view()

    keys = GatewayKeys(Register())  # type: ignore[arg-type]
    judge, stranger = Here(Admission(keys.is_known, keys.key_of), keys.renew), TestGateway()
    judge.begin([Delivery.of(stranger.topic, stranger.frame(seq=n)) for n in range(1, 200)])
    refused = judge.end()
    assert [each.reason for each in refused] == [Reason.UNKNOWN_GATEWAY] * 199  # type: ignore[union-attr]
    assert len(asked) == 2
