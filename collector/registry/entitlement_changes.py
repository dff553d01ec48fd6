"""What a document of entitlements would change, and taking it: the whole of it, or nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from sqlalchemy import Connection, Engine

from collector.model.records import Allocation, Nomination, Quota, Record
from collector.registry import entitlements
from collector.registry.entitlements import Version
from collector.registry.hours import HOUR_MS
from collector.registry.references import problems
from collector.registry.store import Registry
from collector.registry.view import View
from collector.storage import appending, reading

E = TypeVar("E", Allocation, Quota, Nomination)


class RefusedError(ValueError):
    """The records do not fit the register; the text has a line for each."""


class Effect(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True)
class Change(Generic[E]):
    record: E
    before: Version[E] | None

    @property
    def effect(self) -> Effect:
        if self.before is None:
            return Effect.NEW
        return Effect.SAME if self.before.record == self.record else Effect.CHANGED


@dataclass(frozen=True)
class Excess:
    """A zone's period in which more is allocated than its quota."""

    zone: str
    start_ms: int
    allocated_mwh: Decimal
    quota_mwh: Decimal


def preview(engine: Engine, records: Sequence[E]) -> list[Change[E]]:
    """What taking them would change; nothing is changed. Raises RefusedError as `take`."""
    _judge(Registry(engine).view(), records)
    with reading(engine) as connection:
        return _changes(connection, records)


def take(engine: Engine, records: Sequence[E], document: bytes, now_ms: int) -> list[Change[E]]:
    """Record a version of each that says something new; `document` is the SHA-256 of its source.

    Raises RefusedError for what does not fit the register, and then takes nothing.
    """
    _judge(Registry(engine).view(), records)
    with appending(engine) as connection:
        changes = _changes(connection, records)
        wanted = [change.record for change in changes if change.effect is not Effect.SAME]
        if wanted:
            Registry.record_in(connection, wanted, document, now_ms)
    return changes


def over_quota(connection: Connection, periods: Iterable[tuple[str, int]]) -> list[Excess]:
    """Of these zones and starts, those where the allocations are more than the quota, in order.

    Without a quota nothing is exceeded: it is not known.
    """
    found: list[Excess] = []
    for zone, start_ms in sorted(set(periods)):
        quota = entitlements.quota(connection, zone, start_ms)
        allocated = entitlements.allocations_of_zone(connection, zone, start_ms)
        bought = [each.record for each in allocated if each.record.source == "auction"]
        total_mwh = sum((each.energy_mwh for each in bought), Decimal(0))
        if quota is not None and total_mwh > quota.record.energy_mwh:
            found.append(Excess(zone, start_ms, total_mwh, quota.record.energy_mwh))
    return found


def require_hours(view: View) -> None:
    """Raise RefusedError when the register's market is not an hourly one, as documents are."""
    if view.market.period_ms != HOUR_MS:
        raise RefusedError(
            f"the register's market has periods of {view.market.period_s} s; documents of the"
            " auction are hourly: they need a market of 3600 s"
        )


def _judge(view: View, records: Sequence[Record]) -> None:
    found = problems(view, records)
    if found:
        raise RefusedError("\n".join(["nothing was taken:", *dict.fromkeys(map(str, found))]))


def _changes(connection: Connection, records: Sequence[E]) -> list[Change[E]]:
    before = entitlements.standing(connection, records)
    return [Change(record, before.get(record.key)) for record in records]
