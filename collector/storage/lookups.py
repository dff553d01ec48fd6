"""Many rows by their keys at once."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection

_AT_ONCE = 5000
"""SQLite takes 32,766 parameters."""


def rows_of(
    connection: Connection,
    key: Sequence[Column[Any]],
    columns: Sequence[Column[Any]],
    wanted: Collection[tuple[Any, ...]],
) -> Iterator[Any]:
    """Those columns of the rows of one table that have one of the wanted keys, in no order.

    By the index that begins with the key: for `(a, b) IN (…)` SQLite looks through all the table.
    """
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    one = f"({', '.join([mark] * len(key))})"
    names = ", ".join(column.name for column in key)
    selected = ", ".join(f"of_table.{column.name}" for column in columns)
    same = " AND ".join(f"of_table.{column.name} = wanted.{column.name}" for column in key)
    waiting = iter(wanted)
    while part := list(islice(waiting, _AT_ONCE)):
        yield from connection.exec_driver_sql(
            # a cross join is what SQLite leaves in its order
            f"WITH wanted ({names}) AS (VALUES {', '.join([one] * len(part))})"  # noqa: S608
            f" SELECT {selected} FROM wanted CROSS JOIN {key[0].table.name} AS of_table"
            f" WHERE {same}",
            tuple(value for each in part for value in each),
        )
