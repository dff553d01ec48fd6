"""What a gateway may be told is durable, and what it is asked for again."""

from sqlalchemy import ColumnElement, Connection, and_, select

from collector.evidence.chains import Fault, Range, ends_named, without
from collector.evidence.downlink import MAX_RANGES, StreamReceipt
from collector.evidence.frame import ZERO_HASH, Stream, read_frame
from collector.storage.tables import chain, chain_fault, dropped_range, frame

Epochs = dict[Stream, list[int]]
"""The epochs known of each stream, newest first."""


def gateways(connection: Connection) -> dict[bytes, Epochs]:
    """Every gateway of which a frame was followed."""
    known: dict[bytes, Epochs] = {}
    query = select(chain.c.gateway, chain.c.stream, chain.c.epoch).order_by(chain.c.epoch.desc())
    for gateway, stream, epoch in connection.execute(query):
        epochs = known.setdefault(gateway, {stream: [] for stream in Stream})
        epochs[Stream(stream)].append(epoch)
    return known


def stream_receipt(
    connection: Connection, gateway: bytes, stream: Stream, epoch: int
) -> StreamReceipt:
    """`upto`, and the first ranges held and missing beyond it, at most 16 of each.

    A range ends before a broken link, so that the hash of its last frame says whose all of it are;
    of an epoch that is over, it ends with what the gateway says that it has.
    """
    here = and_(frame.c.gateway == gateway, frame.c.epoch == epoch, frame.c.stream == int(stream))
    upto = connection.scalar(
        select(chain.c.upto).where(
            chain.c.gateway == gateway, chain.c.epoch == epoch, chain.c.stream == int(stream)
        )
    )
    if upto is None:
        return StreamReceipt(epoch, 0)
    held = _held(connection, here, upto)
    ends = [upto, *(last for _, last in held)]
    missing = [(end + 1, first - 1) for end, (first, _) in zip(ends, held, strict=False)]
    dropped = _dropped(connection, gateway, epoch) if stream is Stream.TELEMETRY else []
    wanted = [part for gap in missing for part in without(gap, dropped)]
    runs = _split([(1, upto), *held], _broken_links(connection, gateway, stream, epoch))
    end = _end(connection, gateway, stream, epoch)
    if end is not None:
        runs = [(first, min(last, end[0])) for first, last in runs if first <= end[0]]
        wanted = [(first, min(last, end[0])) for first, last in wanted if first <= end[0]]
    known = [
        (first, last, _hash(connection, here, last, end)) for first, last in runs[: MAX_RANGES + 1]
    ]
    begins = known.pop(0) if known and known[0][0] == 1 else (1, 0, ZERO_HASH)
    return StreamReceipt(
        epoch, *begins[1:], held=tuple(known[:MAX_RANGES]), wanted=tuple(wanted[:MAX_RANGES])
    )


def _split(ranges: list[Range], breaks: list[int]) -> list[Range]:
    """The ranges, none of which goes on over a break: the seq of a frame that begins another."""
    parts: list[Range] = []
    for first, last in ranges:
        begins = [seq for seq in breaks if first < seq <= last]
        parts += zip([first, *begins], [*(seq - 1 for seq in begins), last], strict=True)
    return [(first, last) for first, last in parts if first <= last]


def _broken_links(connection: Connection, gateway: bytes, stream: Stream, epoch: int) -> list[int]:
    """The first seqs whose link is broken: as many as a receipt has ranges."""
    query = (
        select(chain_fault.c.seq)
        .where(
            chain_fault.c.gateway == gateway,
            chain_fault.c.epoch == epoch,
            chain_fault.c.stream == int(stream),
            chain_fault.c.fault == Fault.BROKEN_LINK,
        )
        .order_by(chain_fault.c.seq)
        .limit(MAX_RANGES + 2)
    )
    return list(connection.scalars(query))


def _end(
    connection: Connection, gateway: bytes, stream: Stream, epoch: int
) -> tuple[int, bytes] | None:
    """Seq and hash of the last frame that the gateway has of an epoch, as a later one says."""
    later = select(chain.c.epoch).where(
        chain.c.gateway == gateway, chain.c.stream == int(Stream.BILLING), chain.c.epoch > epoch
    )
    for number in connection.scalars(later.order_by(chain.c.epoch.desc())).all():
        first = select(frame.c.raw).where(
            frame.c.gateway == gateway,
            frame.c.epoch == number,
            frame.c.stream == int(Stream.BILLING),
            frame.c.seq == 1,
        )
        for raw in connection.scalars(first):
            end = ends_named(read_frame(raw)[1]).get((stream, epoch))
            if end is not None:
                return end
    return None


def _hash(
    connection: Connection, here: ColumnElement[bool], seq: int, end: tuple[int, bytes] | None
) -> bytes:
    """Of the frame of this seq that came last, or of the end, if that is held.

    None is held where an end was dropped: then nothing before it waits for a receipt.
    """
    query = select(frame.c.hash).where(here, frame.c.seq == seq).order_by(frame.c.position.desc())
    found = list(connection.scalars(query))
    if end is not None and end[1] in found:
        return end[1]
    return found[0] if found else ZERO_HASH


def _held(connection: Connection, here: ColumnElement[bool], upto: int) -> list[Range]:
    """The first ranges beyond `upto`, one more than a receipt can name."""
    query = select(frame.c.seq).where(here, frame.c.seq > upto).distinct().order_by(frame.c.seq)
    held: list[Range] = []
    streamed = {"stream_results": True}  # else PostgreSQL's driver fetches all that is held
    with connection.execute(query, execution_options=streamed) as rows:
        for (seq,) in rows:
            if held and held[-1][1] == seq - 1:
                held[-1] = (held[-1][0], seq)
            elif len(held) > MAX_RANGES:
                break
            else:
                held.append((seq, seq))
    return held


def _dropped(connection: Connection, gateway: bytes, epoch: int) -> list[Range]:
    query = select(dropped_range.c.first, dropped_range.c.last).where(
        dropped_range.c.gateway == gateway, dropped_range.c.epoch == epoch
    )
    return [(first, last) for first, last in connection.execute(query)]
