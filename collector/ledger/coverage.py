"""What a gateway may be told is durable, and what it is asked for again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select, tuple_

from collector.evidence.chains import ChainName, Range, without
from collector.evidence.downlink import MAX_RANGES, StreamReceipt
from collector.evidence.frame import Stream
from collector.storage.tables import chain, dropped_range, held_range

Epochs = dict[Stream, list[int]]
"""The epochs known of each stream, newest first."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a chain is whole, and how far it goes."""

    upto: int
    highest: int


def gateways(connection: Connection) -> list[bytes]:
    """Every gateway of which a frame was followed."""
    return list(connection.scalars(select(chain.c.gateway).distinct()))


def reached(connection: Connection, of: Collection[bytes]) -> dict[ChainName, Reached]:
    """Every chain of these gateways."""
    query = select(chain).where(chain.c.gateway.in_(of))
    return {
        (row.gateway, row.epoch, Stream(row.stream)): Reached(row.upto, row.highest)
        for row in connection.execute(query)
    }


def epochs(chains: Mapping[ChainName, Reached]) -> dict[bytes, Epochs]:
    """By gateway."""
    known: dict[bytes, Epochs] = {}
    for gateway, epoch, stream in sorted(chains, reverse=True):
        known.setdefault(gateway, {each: [] for each in Stream})[stream].append(epoch)
    return known


def stream_receipt(
    connection: Connection,
    gateway: bytes,
    stream: Stream,
    epoch: int,
    known: Reached | None = None,
) -> StreamReceipt:
    """`upto`, and the first ranges held and missing beyond it, at most 16 of each.

    The newest range is always among those held: by it a gateway knows how far its frames came.
    `known` is looked up unless given.
    """
    known = known or reached(connection, [gateway]).get((gateway, epoch, stream))
    if known is None:
        return StreamReceipt(epoch, 0)
    if known.highest == known.upto:
        return StreamReceipt(epoch, known.upto)
    held = _first_ranges(connection, (gateway, epoch, stream))
    ends = [known.upto, *(last for _, last in held)]
    missing = [(end + 1, first - 1) for end, (first, _) in zip(ends, held, strict=False)]
    dropped = _dropped(connection, gateway, epoch) if stream is Stream.TELEMETRY else []
    wanted = [part for gap in missing for part in without(gap, dropped)]
    if len(held) > MAX_RANGES:
        held[MAX_RANGES - 1] = _newest_range(connection, (gateway, epoch, stream))
    return StreamReceipt(epoch, known.upto, tuple(held[:MAX_RANGES]), tuple(wanted[:MAX_RANGES]))


def held_ranges(
    connection: Connection, names: Collection[ChainName]
) -> dict[ChainName, list[Range]]:
    """What is held of each chain beyond its `upto`, in order."""
    table = held_range
    name = (table.c.gateway, table.c.epoch, table.c.stream)
    query = select(*name, table.c.first, table.c.last).where(tuple_(*name).in_(names))
    found: dict[ChainName, list[Range]] = {}
    for gateway, epoch, stream, first, last in connection.execute(query.order_by(table.c.first)):
        found.setdefault((gateway, epoch, Stream(stream)), []).append((first, last))
    return found


def _first_ranges(connection: Connection, name: ChainName) -> list[Range]:
    """The first ranges beyond `upto`, one more than a receipt can name."""
    query = _ranges(name).order_by(held_range.c.first).limit(MAX_RANGES + 1)
    return [(first, last) for first, last in connection.execute(query)]


def _newest_range(connection: Connection, name: ChainName) -> Range:
    query = _ranges(name).order_by(held_range.c.first.desc()).limit(1)
    row = connection.execute(query).one()
    return row.first, row.last


def _ranges(name: ChainName) -> Select[Any]:
    gateway, epoch, stream = name
    return select(held_range.c.first, held_range.c.last).where(
        held_range.c.gateway == gateway,
        held_range.c.epoch == epoch,
        held_range.c.stream == int(stream),
    )


def _dropped(connection: Connection, gateway: bytes, epoch: int) -> list[Range]:
    query = select(dropped_range.c.first, dropped_range.c.last).where(
        dropped_range.c.gateway == gateway, dropped_range.c.epoch == epoch
    )
    return [(first, last) for first, last in connection.execute(query)]
