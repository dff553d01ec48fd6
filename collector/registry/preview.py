"""What a file would change in the register, and what keeps it from being taken."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sqlalchemy import Connection

from collector.model.records import Gateway, Record
from collector.registry import entitlements
from collector.registry.columns import as_texts
from collector.registry.entitlements import is_entitlement
from collector.registry.quotas import above_quota
from collector.registry.reading import Reading, Wrong
from collector.registry.references import Problem, problems, warnings
from collector.registry.rotation import keep_later_keys
from collector.registry.view import View


@dataclass(frozen=True)
class Difference:
    """A record, and the one whose next version it would be; None: it is the first."""

    record: Record
    was: Record | None

    @property
    def state(self) -> str:
        if self.was is None:
            return "new"
        return "same" if self.was == self.record else "changed"

    @property
    def fields(self) -> dict[str, tuple[str | None, str | None]]:
        """Of a change, the fields that differ: old and new, as a cell shows them."""
        if self.was is None:
            return {}
        old, new = as_texts(self.was), as_texts(self.record)
        return {name: (old[name], new[name]) for name in new if old[name] != new[name]}

    def __str__(self) -> str:
        told = f"  {self.state} {self.record.kind} {self.record.key}"
        parts = (
            f"{name}: {_shown(old)} → {_shown(new)}" for name, (old, new) in self.fields.items()
        )
        return f"{told}: {'; '.join(parts)}" if self.state == "changed" else told

    def as_json(self) -> dict[str, Any]:
        told = {"state": self.state, "kind": self.record.kind, "key": self.record.key}
        return told | ({"fields": self.fields} if self.fields else {})


def _shown(text: str | None) -> str:
    return "none" if text is None else text if len(text) < 60 else f"{text[:59]}…"


@dataclass(frozen=True)
class Preview:
    """`wrong` keeps all of it from being taken; `odd` does not."""

    differences: Sequence[Difference]
    wrong: Sequence[Wrong]
    odd: Sequence[Wrong]
    notes: tuple[str, ...] = ()

    @cached_property
    def counts(self) -> Counter[str]:
        return Counter(each.state for each in self.differences)

    @cached_property
    def changes(self) -> list[Difference]:
        return [each for each in self.differences if each.state != "same"]


def preview(view: View, connection: Connection, reading: Reading) -> Preview:
    """Judge what a file gave against the register as it is."""
    records = [
        keep_later_keys(view.all(Gateway).get(record.key), record)
        if isinstance(record, Gateway)
        else record
        for record in reading.records
    ]
    wrong = list(reading.wrong)
    odd: list[Wrong] = []
    if not wrong:
        judged = view.with_records(each for each in records if not is_entitlement(each))
        place = _Places(reading)
        wrong += map(place, problems(judged, records))
        odd += map(place, warnings(judged, records))
        odd += above_quota(connection, records)
    return Preview(differences(view, connection, records), wrong, odd, reading.notes)


def differences(view: View, connection: Connection, records: Iterable[Record]) -> list[Difference]:
    records = list(records)
    standing = entitlements.standing(connection, filter(is_entitlement, records))
    found = []
    for record in records:
        if is_entitlement(record):
            version = standing.get(record.key)
            was = None if version is None else version.record
        else:
            was = view.all(type(record)).get(record.key)
        found.append(Difference(record, was))
    return found


class _Places:
    """Where in the file a record stands with which something is wrong."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._places = {
            (record.kind, record.key): place
            for record, place in zip(reading.records, reading.places, strict=True)
        }

    def __call__(self, problem: Problem) -> Wrong:
        place = self._places.get((problem.kind, problem.key))
        named = f"{problem.kind} {problem.key}"
        if not isinstance(place, int):
            text = f"{problem.field}: {problem.text}"
            return Wrong(named, "", text, problem.kind, problem.key)
        found = self._reading.fault(place, problem.field, problem.text, problem.kind, problem.key)
        return replace(found, place=f"{found.place}, {named}")
