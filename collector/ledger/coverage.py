"""What a gateway may be told is durable, and what it is asked for again."""

from sqlalchemy import Connection, select

from collector.evidence.chains import Range, without
from collector.evidence.downlink import MAX_RANGES, StreamReceipt
from collector.evidence.frame import Stream
from collector.storage.tables import chain, dropped_range, frame

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
    """`upto`, and the first ranges held and missing beyond it, at most 16 of each."""
    upto = connection.scalar(
        select(chain.c.upto).where(
            chain.c.gateway == gateway, chain.c.epoch == epoch, chain.c.stream == int(stream)
        )
    )
    if upto is None:
        return StreamReceipt(epoch, 0)
    held = _held(connection, gateway, stream, epoch, upto)
    ends = [upto, *(last for _, last in held)]
    missing = [(end + 1, first - 1) for end, (first, _) in zip(ends, held, strict=False)]
    dropped = _dropped(connection, gateway, epoch) if stream is Stream.TELEMETRY else []
    wanted = [part for gap in missing for part in without(gap, dropped)]
    return StreamReceipt(epoch, upto, tuple(held[:MAX_RANGES]), tuple(wanted[:MAX_RANGES]))


def _held(
    connection: Connection, gateway: bytes, stream: Stream, epoch: int, upto: int
) -> list[Range]:
    """The first ranges beyond `upto`, one more than a receipt can name."""
    query = (
        select(frame.c.seq)
        .where(
            frame.c.gateway == gateway,
            frame.c.epoch == epoch,
            frame.c.stream == int(stream),
            frame.c.seq > upto,
        )
        .distinct()
        .order_by(frame.c.seq)
    )
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
