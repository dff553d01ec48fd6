"""What a gateway last said of the contact of each stage, in the order of its chain."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, tuple_

from collector.evidence.frame import Event, Frame
from collector.ledger.ledger import Entry
from collector.ledger.readings import believable_ms
from collector.storage.tables import stage_contact as table


@dataclass(frozen=True, slots=True)
class Contact:
    """Since `at_ms`; `position` is the ledger entry that says so."""

    stage: int
    is_closed: bool
    at_ms: int
    position: int


def keep_contact(
    connection: Connection, entry: Entry, frame: Frame, record: int, event: Event
) -> None:
    """Unless something newer of the same stage is known."""
    stage, place = event.detail[0], (frame.epoch, frame.seq, record)
    same = (table.c.gateway == frame.gateway, table.c.stage == stage)
    newer = tuple_(table.c.epoch, table.c.seq, table.c.record) >= tuple_(*place)
    if connection.execute(select(table.c.seq).where(*same, newer)).first() is not None:
        return
    connection.execute(delete(table).where(*same))
    connection.execute(
        insert(table).values(
            gateway=frame.gateway,
            stage=stage,
            epoch=frame.epoch,
            seq=frame.seq,
            record=record,
            is_closed=bool(event.detail[1]),
            at_ms=believable_ms(entry, frame, event.at_ms),
            position=entry.position,
        )
    )


def contacts(connection: Connection) -> dict[str, list[Contact]]:
    """Of each gateway that has told of any, in the order of the stages."""
    found: dict[str, list[Contact]] = {}
    query = select(table).order_by(table.c.gateway, table.c.stage)
    for row in connection.execute(query):
        contact = Contact(row.stage, row.is_closed, row.at_ms, row.position)
        found.setdefault(row.gateway.hex(), []).append(contact)
    return found
