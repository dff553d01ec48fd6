"""Gateways that tell of their clocks, and what a collector then knows of them."""

from collections.abc import Sequence
from typing import Any

from collector_world import BILLING, NOW_MS, World, event
from sqlalchemy import select

from collector.intervals.follower import IntervalFollower
from collector.ledger import flags
from collector.ledger.followers import advance
from collector.model.energy import IMPORT
from collector.storage import reading
from collector.storage.tables import snapshot

HOUR_MS, YEAR_MS = 3_600_000, 365 * 86_400_000
S, I = "S", "I"  # noqa: E741  the letters of the wire
Told = tuple[str, Any]
"""The letter of a frame, and its record."""


def moved(ms: int, source: str = "receipt") -> Any:
    return event(2, {0: NOW_MS, 1: NOW_MS + ms, 2: source})


def frames(world: World, told: Sequence[Told]) -> list[bytes]:
    chain = world.gateway.chain(BILLING)
    return [chain.next(record, letter=letter) for letter, record in told]


def take(world: World, *told: Told, now_ms: int = NOW_MS + 2 * HOUR_MS) -> None:
    world.append(frames(world, told), now_ms)
    advance(world.engine, IntervalFollower(world.configurations))


def errors(world: World) -> dict[int, int | None]:
    """By how much each snapshot's clock was behind, by its frame's seq."""
    query = select(snapshot.c.seq, snapshot.c.clock_error_ms).where(snapshot.c.quantity == IMPORT)
    with reading(world.engine) as connection:
        return dict(connection.execute(query.order_by(snapshot.c.seq)).all())


def flagged(world: World) -> dict[str, int]:
    with reading(world.engine) as connection:
        return flags.counts(connection)
