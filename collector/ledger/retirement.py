"""Which frame of a gateway said that it is the last."""

import json
from collections.abc import Collection

from sqlalchemy import Connection, and_, delete, insert, or_, select

from collector.evidence.chains import Fault, Place, events
from collector.evidence.frame import EventCode, Frame, Stream
from collector.ledger.ledger import Entry
from collector.storage.tables import chain_fault
from collector.storage.tables import frame as frame_table
from collector.storage.tables import gateway_fact as table

FrameName = tuple[bytes, int, Stream, int]
"""Gateway, epoch, stream, seq."""

_FACT = "retired"


def retirement(connection: Connection, gateway: bytes) -> Place | None:
    """The place of the first that said so; None while the gateway is in service."""
    query = select(table.c.body).where(table.c.gateway == gateway, table.c.name == _FACT)
    body = connection.scalar(query)
    if body is None:
        return None
    place = json.loads(body)
    return place["epoch"], place["seq"]


def retirements(connection: Connection, gateways: Collection[bytes]) -> dict[bytes, Place]:
    """The same of those gateways that are not in service any more."""
    query = select(table.c.gateway, table.c.body).where(
        table.c.name == _FACT, table.c.gateway.in_(gateways)
    )
    said = [(gateway, json.loads(body)) for gateway, body in connection.execute(query)]
    return {gateway: (place["epoch"], place["seq"]) for gateway, place in said}


def keep_retirement(connection: Connection, frame: Frame, entry: Entry) -> bool:
    """Whether the frame retires its gateway, and none before it in the chain did."""
    said = events(frame, EventCode.RETIRED)
    known = retirement(connection, frame.gateway) if said else None
    if not said or (known is not None and known <= (frame.epoch, frame.seq)):
        return False
    body = {"why": said[0].detail[0], "epoch": frame.epoch, "seq": frame.seq}
    fact = {"gateway": frame.gateway, "name": _FACT}
    connection.execute(delete(table).where(*(table.c[name] == fact[name] for name in fact)))
    place = {"at_ms": entry.received_ms, "position": entry.position, "body": json.dumps(body)}
    connection.execute(insert(table).values(**fact, **place))
    return True


def frames_after(connection: Connection, last: Frame, position: int) -> list[FrameName]:
    """Frames up to a position that follow the last, and are not known to follow one before it."""
    table = frame_table
    later_epoch = table.c.epoch > last.epoch
    later = and_(table.c.epoch == last.epoch, table.c.seq > last.seq)
    is_later = or_(later_epoch, and_(table.c.stream == int(Stream.BILLING), later))
    name = ("epoch", "stream", "seq")
    named = select(*(table.c[part] for part in name)).where(
        table.c.gateway == last.gateway, table.c.position <= position, is_later
    )
    known = select(*(chain_fault.c[part] for part in name)).where(
        chain_fault.c.gateway == last.gateway, chain_fault.c.fault == Fault.AFTER_RETIREMENT
    )
    return [
        (last.gateway, epoch, Stream(stream), seq)
        for epoch, stream, seq in connection.execute(named.except_(known))
    ]
