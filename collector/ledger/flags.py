"""What is kept but must not be built upon: frames whose readings no view may use as they stand."""

from enum import StrEnum

import structlog
from sqlalchemy import Connection, delete, func, insert, select

from collector.storage.tables import frame_flag as table

log = structlog.get_logger()


class Flag(StrEnum):
    TIME_UNKNOWN = "time_unknown"
    TIME_IMPOSSIBLE = "time_impossible"
    TIME_WRONG = "time_wrong"
    UNDECODED = "undecoded"
    IMPLAUSIBLE = "implausible"
    KEY_NOT_TAKEN = "key_not_taken"


def keep_flag(connection: Connection, position: int, flag: Flag, text: str) -> None:
    """Flag a frame, once for each kind of flag."""
    same = (table.c.position == position, table.c.flag == flag)
    if connection.execute(select(table.c.position).where(*same)).first() is None:
        connection.execute(insert(table).values(position=position, flag=flag))
        log.error("frame.flagged", position=position, flag=flag, text=text)


def drop_flag(connection: Connection, position: int, flag: Flag) -> None:
    """What came since shows that it was flagged wrongly."""
    connection.execute(delete(table).where(table.c.position == position, table.c.flag == flag))


def counts(connection: Connection) -> dict[str, int]:
    """How many frames bear each flag."""
    rows = connection.execute(select(table.c.flag, func.count()).group_by(table.c.flag))
    return dict(rows.all())
