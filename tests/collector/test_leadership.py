"""Of several processes one has a duty; who loses its session loses it, and another takes it."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from installation.postgresql import PostgreSQL
from sqlalchemy import Engine

from collector.storage import leadership, open_database
from collector.storage.leadership import Leadership
from collector.storage.settings import name_database

PATIENCE_S = 30
DUTIES = ("chain", "desk", "receipts")


@pytest.fixture
def engine(server: PostgreSQL, template: str, tmp_path: Path) -> Iterator[Engine]:
    name = server.new(template)
    name_database(tmp_path, server.url(name))
    engine = open_database(tmp_path)
    yield engine
    engine.dispose()
    server.drop(name)


@pytest.fixture
def process(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Leadership]]:
    """Begins another process, as far as the database can tell."""
    monkeypatch.setattr(leadership, "_BEAT_S", 0.02)
    begun: list[Leadership] = []

    def begin() -> Leadership:
        begun.append(Leadership(engine))
        begun[-1].begin(DUTIES)
        return begun[-1]

    yield begin
    for each in begun:
        each.end()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def has_all(process: Leadership) -> bool:
    return all(process.has(duty) for duty in DUTIES)


def has_one(process: Leadership) -> bool:
    return any(process.has(duty) for duty in DUTIES)


def test_who_is_alone_has_every_duty(process: Callable[[], Leadership]) -> None:
    alone = process()
    until(lambda: has_all(alone))


def test_no_duty_has_two(process: Callable[[], Leadership]) -> None:
    both = [process(), process()]
    until(lambda: all(any(each.has(duty) for each in both) for duty in DUTIES))
    assert all(sum(each.has(duty) for each in both) == 1 for duty in DUTIES)


def test_who_comes_later_waits_and_takes_over_what_is_left(
    process: Callable[[], Leadership],
) -> None:
    first = process()
    until(lambda: has_all(first))
    second = process()
    assert not has_one(second)
    first.end()
    assert not has_one(first)
    until(lambda: has_all(second))


def test_a_lost_session_is_a_lost_duty(
    process: Callable[[], Leadership], server: PostgreSQL, engine: Engine
) -> None:
    """As when the server is started again."""
    first = process()
    until(lambda: has_all(first))
    lost, lose = threading.Event(), first._lose

    def notice() -> None:
        lose()
        lost.set()

    first._lose = notice  # type: ignore[method-assign]
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        str(engine.url.database),
    )
    assert lost.wait(PATIENCE_S)
    until(lambda: has_all(first))


def test_who_stands_still_loses_its_duty(
    process: Callable[[], Leadership], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process keeps its connections open: the server ends a session that is silent."""
    monkeypatch.setattr(leadership, "_SILENCE", "200ms")
    still = process()
    until(lambda: has_all(still))
    stands = threading.Event()
    still._beat = stands.wait  # type: ignore[assignment]
    other = process()
    until(lambda: has_all(other))
    stands.set()
