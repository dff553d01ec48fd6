"""What a finding rests on: frames of the ledger by their names, and the versions that were used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from collector.checks.findings import Finding
from collector.evidence.frame import Stream
from collector.storage.tables import frame
from collector.storage.tables import registry_version as table

_NAME = (frame.c.position, frame.c.gateway, frame.c.epoch, frame.c.stream, frame.c.seq)
_AT_ONCE = 500
"""Values in one statement."""


@dataclass(frozen=True)
class FrameName:
    """`name` is gateway/epoch/stream/seq, as `esep collector prove` takes it; None: this ledger has
    no frame there.
    """

    position: int
    name: str | None
    received_ms: int | None


@dataclass(frozen=True)
class Used:
    """A version of a record. `key` and `recorded_ms` are None where the register has none of that
    kind and number.
    """

    kind: str
    number: int
    key: str | None = None
    recorded_ms: int | None = None


def frames(connection: Connection, positions: Iterable[int]) -> list[FrameName]:
    """In the order of the ledger."""
    wanted = sorted(set(positions))
    found: dict[int, FrameName] = {}
    for first in range(0, len(wanted), _AT_ONCE):
        query = select(*_NAME, frame.c.received_ms).where(
            frame.c.position.in_(wanted[first : first + _AT_ONCE])
        )
        for position, gateway, epoch, stream, seq, received_ms in connection.execute(query):
            name = f"{gateway.hex()}/{epoch}/{Stream(stream).name.lower()}/{seq}"
            found[position] = FrameName(position, name, received_ms)
    return [found.get(position, FrameName(position, None, None)) for position in wanted]


def positions(finding: Finding) -> list[int]:
    return [entry for entry in finding.details.get("positions", ()) if type(entry) is int]


def versions(connection: Connection, finding: Finding) -> list[Used]:
    """By kind, as `{kind: [numbers]}`, or as a list of `[kind, key, number]`."""
    said: Any = finding.details.get("versions") or {}
    if isinstance(said, Mapping):
        used = [Used(kind, number) for kind, numbers in said.items() for number in numbers]
    else:
        used = [Used(kind, number, key) for kind, key, number in said]
    query = select(table.c.id, table.c.kind, table.c.key, table.c.recorded_ms).where(
        table.c.id.in_([each.number for each in used[:_AT_ONCE]])
    )
    known = {(kind, number): (key, ms) for number, kind, key, ms in connection.execute(query)}
    return [
        Used(each.kind, each.number, *known.get((each.kind, each.number), (each.key, None)))
        for each in used
    ]
