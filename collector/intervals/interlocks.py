"""What a gateway last said of the interlocks of each stage, in the order of its chain."""

from sqlalchemy import Connection, delete, insert, select, tuple_

from collector.evidence.frame import Event, Frame
from collector.ledger.ledger import Entry
from collector.ledger.readings import believable_ms
from collector.storage.tables import stage_interlock as table


def keep_interlocks(
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
            words=" ".join(event.detail[1]),
            at_ms=believable_ms(entry, frame, event.at_ms),
            position=entry.position,
        )
    )


def interlocks(connection: Connection, gateway: str) -> dict[int, tuple[str, ...]]:
    """Those that are set, by stage."""
    query = select(table.c.stage, table.c.words).where(table.c.gateway == bytes.fromhex(gateway))
    return {stage: tuple(words.split()) for stage, words in connection.execute(query) if words}
