"""What a gateway may be told is durable, and what it is asked for again."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from collector.evidence.chains import ChainName, Fault, Range, ends_named, without
from collector.evidence.downlink import MAX_RANGES, StreamReceipt
from collector.evidence.frame import ZERO_HASH, Stream, read_frame
from collector.ledger import archives
from collector.storage.lookups import rows_of
from collector.storage.tables import chain, chain_fault, dropped_range, frame, held_range

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

    A range ends before a broken link, so that the hash of its last frame says whose all of it are,
    and one of billing before a fork; of an epoch that is over, it ends with what the gateway says
    that it has.

    The newest range is always among those held: by it a gateway knows how far its frames came.
    `known` is looked up unless given.
    """
    name = (gateway, epoch, stream)
    known = known or reached(connection, [gateway]).get(name)
    if known is None:
        return StreamReceipt(epoch, 0)
    here = and_(frame.c.gateway == gateway, frame.c.epoch == epoch, frame.c.stream == int(stream))
    held = _first_ranges(connection, name) if known.highest > known.upto else []
    ends = [known.upto, *(last for _, last in held)]
    missing = [(end + 1, first - 1) for end, (first, _) in zip(ends, held, strict=False)]
    dropped = _dropped(connection, gateway, epoch) if stream is Stream.TELEMETRY else []
    wanted = [part for gap in missing for part in without(gap, dropped)]
    end = _end(connection, gateway, stream, epoch)
    # of a fork in billing, where nothing is dropped, a gateway is to see that one is not its own
    shows_forks = end is None and stream is Stream.BILLING
    apart = (Fault.BROKEN_LINK, Fault.FORK) if shows_forks else (Fault.BROKEN_LINK,)
    runs = _split([(1, known.upto), *held], _breaks(connection, name, apart))
    runs = _with_newest(connection, name, runs, apart)
    if end is not None:
        runs = [(first, min(last, end[0])) for first, last in runs if first <= end[0]]
        wanted = [(first, min(last, end[0])) for first, last in wanted if first <= end[0]]
    told = [(first, last, _hash(connection, here, last, end)) for first, last in runs]
    begins = told.pop(0) if told and told[0][0] == 1 else (1, 0, ZERO_HASH)
    return StreamReceipt(epoch, *begins[1:], held=tuple(told), wanted=tuple(wanted[:MAX_RANGES]))


def _with_newest(
    connection: Connection, name: ChainName, runs: list[Range], apart: Collection[Fault]
) -> list[Range]:
    """As many as a receipt has room for, the last of them the newest."""
    room = MAX_RANGES + (1 if runs and runs[0][0] == 1 else 0)
    if len(runs) <= room:
        return runs
    first, last = _newest_range(connection, name) or runs[-1]
    return [*runs[: room - 1], (_last_break(connection, name, (first, last), apart), last)]


def _last_break(
    connection: Connection, name: ChainName, within: Range, apart: Collection[Fault]
) -> int:
    """Where the part of a range begins that nothing divides from its end."""
    query = select(func.max(chain_fault.c.seq)).where(
        _is_apart(name, apart), chain_fault.c.seq.between(*within)
    )
    return connection.scalar(query) or within[0]


def _split(ranges: list[Range], breaks: list[int]) -> list[Range]:
    """The ranges, none of which goes on over a break: the seq of a frame that begins another."""
    parts: list[Range] = []
    for first, last in ranges:
        begins = [seq for seq in breaks if first < seq <= last]
        parts += zip([first, *begins], [*(seq - 1 for seq in begins), last], strict=True)
    return [(first, last) for first, last in parts if first <= last]


def _breaks(connection: Connection, name: ChainName, apart: Collection[Fault]) -> list[int]:
    """The first seqs with such a fault: as many as a receipt has ranges."""
    seq = chain_fault.c.seq
    query = select(seq).where(_is_apart(name, apart)).distinct().order_by(seq)
    return list(connection.scalars(query.limit(MAX_RANGES + 2)))


def _is_apart(name: ChainName, apart: Collection[Fault]) -> ColumnElement[bool]:
    gateway, epoch, stream = name
    return and_(
        chain_fault.c.gateway == gateway,
        chain_fault.c.epoch == epoch,
        chain_fault.c.stream == int(stream),
        chain_fault.c.fault.in_(apart),
    )


def _end(
    connection: Connection, gateway: bytes, stream: Stream, epoch: int
) -> tuple[int, bytes] | None:
    """Seq and hash of the last frame that the gateway has of an epoch, as a later one says."""
    later = select(chain.c.epoch).where(
        chain.c.gateway == gateway, chain.c.stream == int(Stream.BILLING), chain.c.epoch > epoch
    )
    for number in connection.scalars(later.order_by(chain.c.epoch.desc())).all():
        first = select(frame.c.position, frame.c.hash, frame.c.raw).where(
            frame.c.gateway == gateway,
            frame.c.epoch == number,
            frame.c.stream == int(Stream.BILLING),
            frame.c.seq == 1,
        )
        for _, raw in archives.with_bytes(connection, connection.execute(first).all()):
            end = ends_named(read_frame(raw)[1]).get((stream, epoch))
            if end is not None:
                return end
    return None


def _hash(
    connection: Connection, here: ColumnElement[bool], seq: int, end: tuple[int, bytes] | None
) -> bytes:
    """Of the frame of this seq that came first; of an epoch that is over, of the end if that is
    held, or what came last.

    None is held where an end was dropped: then nothing before it waits for a receipt.
    """
    place = frame.c.position if end is None else frame.c.position.desc()
    query = select(frame.c.hash).where(here, frame.c.seq == seq).order_by(place)
    found = list(connection.scalars(query))
    if end is not None and end[1] in found:
        return end[1]
    return found[0] if found else ZERO_HASH


def held_ranges(
    connection: Connection, names: Collection[ChainName]
) -> dict[ChainName, list[Range]]:
    """What is held of each chain beyond its `upto`, in order."""
    table = held_range
    name = (table.c.gateway, table.c.epoch, table.c.stream)
    columns = (*name, table.c.first, table.c.last)
    wanted = [(gateway, epoch, int(stream)) for gateway, epoch, stream in names]
    found: dict[ChainName, list[Range]] = {}
    for gateway, epoch, stream, *ends in rows_of(connection, name, columns, wanted):
        found.setdefault((gateway, epoch, Stream(stream)), []).append((ends[0], ends[1]))
    return {each: sorted(ranges) for each, ranges in found.items()}


def _first_ranges(connection: Connection, name: ChainName) -> list[Range]:
    """The first ranges beyond `upto`, one more than a receipt can name."""
    query = _ranges(name).order_by(held_range.c.first).limit(MAX_RANGES + 1)
    return [(first, last) for first, last in connection.execute(query)]


def _newest_range(connection: Connection, name: ChainName) -> Range | None:
    query = _ranges(name).order_by(held_range.c.first.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else (row.first, row.last)


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
