"""What one finding stands for: the silent sites of a storm, the periods of a run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from collector.storage.tables import finding_member as table

TAKEN_BACK = "taken_back"
"""In the details of a member that was judged anew: why it is none any more."""
_KEY = ("finding", "subject", "first_ms")
_AT_ONCE = 500
"""Values in one statement."""


@dataclass(frozen=True, slots=True)
class Member:
    """`body`: its details as JSON, with its own evidence. `last_ms` is None while it is seen as
    long as the finding is.
    """

    subject: str
    first_ms: int
    last_ms: int | None
    body: str


def one(connection: Connection, finding: int, subject: str, first_ms: int) -> Member | None:
    query = select(table).where(
        table.c.finding == finding, table.c.subject == subject, table.c.first_ms == first_ms
    )
    row = connection.execute(query).first()
    return None if row is None else Member(row.subject, row.first_ms, row.last_ms, row.body)


def keep(connection: Connection, finding: int, new: Sequence[Member]) -> None:
    """Add members, in place of what was known of the same ones."""
    if not new:
        return
    rows = [{"finding": finding} | asdict(each) for each in new]
    names = [{f"same_{name}": row[name] for name in _KEY} for row in rows]
    same = (table.c[name] == bindparam(f"same_{name}") for name in _KEY)
    connection.execute(delete(table).where(*same), names)
    connection.execute(insert(table), rows)


def present(connection: Connection, finding: int) -> dict[str, int]:
    """When each that is still seen began, by its subject."""
    query = select(table.c.subject, table.c.first_ms).where(
        table.c.finding == finding, table.c.last_ms.is_(None)
    )
    rows: Sequence[tuple[str, int]] = connection.execute(query).all()
    return dict(rows)


def leave(connection: Connection, finding: int, subjects: Sequence[str], now_ms: int) -> None:
    """Note that these are no longer seen."""
    for at in range(0, len(subjects), _AT_ONCE):
        gone = update(table).where(
            table.c.finding == finding,
            table.c.last_ms.is_(None),
            table.c.subject.in_(subjects[at : at + _AT_ONCE]),
        )
        connection.execute(gone.values(last_ms=now_ms))


def are_left(connection: Connection, finding: int) -> bool:
    """Whether any was not taken back."""
    query = select(func.count()).where(
        table.c.finding == finding, ~table.c.body.contains(f'"{TAKEN_BACK}":')
    )
    return bool(connection.scalar(query))


def of(connection: Connection, finding: int, limit: int) -> tuple[list[Member], int]:
    """The first of them, in the order in which they began, and how many more there are."""
    mine = table.c.finding == finding
    query = select(table).where(mine).order_by(table.c.first_ms, table.c.subject).limit(limit)
    found = [
        Member(row.subject, row.first_ms, row.last_ms, row.body)
        for row in connection.execute(query)
    ]
    count = connection.scalar(select(func.count()).where(mine)) or 0
    return found, count - len(found)
