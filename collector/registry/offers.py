"""Configurations on their way to their gateways: which is due, and the parts it goes in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, select

from collector.evidence import cbor
from collector.evidence.cose import MAX_CONFIGURATION, ContentType, message_hash, parse
from collector.registry.configurations import KIND
from collector.storage import reading
from collector.storage.tables import issued

STATUS_OLD_MS = 90_000
"""A gateway repeats its status every 30 s: three missed are silence, whatever the last one said."""
PART_BYTES = 3072
_FIRST_PAUSE_MS = 60_000
_LONGEST_PAUSE_MS = 3_600_000


@dataclass(frozen=True)
class IssuedVersion:
    gateway: str
    version: int
    hash: bytes


@dataclass(frozen=True)
class _Offered:
    hash: bytes
    times: int
    next_ms: int


_known: dict[bytes, IssuedVersion] = {}
"""By hash, which stands for the same bytes for ever."""


def newest_issued(connection: Connection, by_ms: int | None = None) -> dict[str, IssuedVersion]:
    """The configuration of the highest version for each gateway, of those issued by then."""
    newest: dict[str, IssuedVersion] = {}
    query = select(issued.c.hash).where(issued.c.kind == KIND)
    if by_ms is not None:
        query = query.where(issued.c.issued_ms <= by_ms)
    for digest in connection.scalars(query).all():
        each = _known.get(digest) or _read(_raw(connection, digest))
        _known[digest] = each
        if each.gateway not in newest or each.version > newest[each.gateway].version:
            newest[each.gateway] = each
    return newest


def message_of(connection: Connection, version: IssuedVersion) -> bytes:
    """As it was signed."""
    return _raw(connection, version.hash)


def _read(message: bytes) -> IssuedVersion:
    body = parse(message, ContentType.CONFIGURATION, MAX_CONFIGURATION).payload
    return IssuedVersion(body[1].hex(), body[2], message_hash(message))


def _raw(connection: Connection, digest: bytes) -> bytes:
    raw: bytes = connection.execute(
        select(issued.c.raw).where(issued.c.hash == digest)
    ).scalar_one()
    return raw


def parts(message: bytes) -> list[bytes]:
    """`object-part`s of docs/wire-format.cddl, in the order of their offsets."""
    whole, size = message_hash(message), len(message)
    return [
        cbor.encode([whole, size, offset, message[offset : offset + PART_BYTES]])
        for offset in range(0, size, PART_BYTES)
    ]


class Offers:
    """A gateway that is online under another configuration than its newest is offered that.

    Again after a minute, and then ever more rarely, until its status names it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._offered: dict[str, _Offered] = {}

    def due(
        self, statuses: Mapping[str, Mapping[str, Any]], now_ms: int
    ) -> list[tuple[IssuedVersion, bytes]]:
        """What is to be published now, with its message."""
        with reading(self._engine) as connection:
            return [
                (each, _raw(connection, each.hash))
                for gateway, each in newest_issued(connection).items()
                if self._is_due(each, statuses.get(gateway), now_ms)
            ]

    def published(self, version: IssuedVersion, now_ms: int) -> None:
        last = self._last(version)
        pause_ms = min(_FIRST_PAUSE_MS << last.times, _LONGEST_PAUSE_MS)
        self._offered[version.gateway] = _Offered(version.hash, last.times + 1, now_ms + pause_ms)

    def _is_due(
        self, version: IssuedVersion, status: Mapping[str, Any] | None, now_ms: int
    ) -> bool:
        if status is None or status.get("online") is not True:
            return False
        is_fresh = now_ms - status["received_ms"] <= STATUS_OLD_MS
        in_force = status.get("configuration")
        if not is_fresh or in_force == version.hash.hex() or not isinstance(in_force, str):
            return False
        return now_ms >= self._last(version).next_ms

    def _last(self, version: IssuedVersion) -> _Offered:
        """What was offered of this configuration."""
        last = self._offered.get(version.gateway)
        return last if last and last.hash == version.hash else _Offered(version.hash, 0, 0)
