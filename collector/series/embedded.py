"""A series store in one SQLite file: all of it for pilots, the last days beside an InfluxDB."""

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from collector.series.store import LAST_MS, Point

FILE_NAME = "series.sqlite"


class EmbeddedSeries:
    """Safe to use from several threads."""

    def __init__(self, directory: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(
            directory / FILE_NAME, check_same_thread=False, isolation_level=None
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        # a lost tail is written again: the follower's cursor moves only after a write
        self._connection.execute("PRAGMA synchronous=FULL")
        self._drop_older_shape()
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS point (meter TEXT, at_ms INTEGER, position INTEGER,"
            " body TEXT, import_wh TEXT, doubts TEXT, PRIMARY KEY (meter, at_ms)) WITHOUT ROWID"
        )
        self._connection.execute(
            "CREATE INDEX IF NOT EXISTS point_with_power ON point (meter, at_ms)"
            " WHERE json_type(body, '$.active_power') IS NOT NULL"
        )

    def _drop_older_shape(self) -> None:
        """A file of an earlier version: what is in it comes again from the ledger."""
        columns = self._connection.execute("SELECT name FROM pragma_table_info('point')").fetchall()
        if columns and ("doubts",) not in columns:
            self._connection.execute("DROP TABLE point")

    def write(self, points: Sequence[Point]) -> None:
        rows = [_row(point) for point in points]
        self._change("INSERT OR REPLACE INTO point VALUES (?,?,?,?,?,?)", rows)

    def withdraw(self, meter: str, moments: Sequence[int]) -> None:
        rows = [(meter, at_ms) for at_ms in moments]
        self._change("DELETE FROM point WHERE meter = ? AND at_ms = ?", rows)

    def _change(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(statement, rows)
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.rollback()
                raise

    def clear(self) -> None:
        self._change("DELETE FROM point WHERE ?", [(1,)])

    def trim(self, before_ms: int) -> int:
        """Take out what is older, but of each meter its last power and what came after it; how
        many points that were.
        """
        before = self.points()
        for meter in self.meters():
            last = self.last_power(meter, LAST_MS)
            until_ms = before_ms if last is None else min(before_ms, last.at_ms)
            self._change("DELETE FROM point WHERE meter = ? AND at_ms < ?", [(meter, until_ms)])
        return before - self.points()

    def is_empty(self) -> bool:
        with self._lock:
            return self._connection.execute("SELECT 1 FROM point LIMIT 1").fetchone() is None

    def meters(self) -> Sequence[str]:
        """A step through the index for each, not a look at each point."""
        query = (
            "WITH RECURSIVE each(meter) AS (SELECT min(meter) FROM point UNION ALL"
            " SELECT (SELECT min(meter) FROM point WHERE meter > each.meter) FROM each"
            " WHERE each.meter IS NOT NULL) SELECT meter FROM each WHERE meter IS NOT NULL"
        )
        with self._lock:
            return [meter for (meter,) in self._connection.execute(query)]

    def points(self) -> int:
        with self._lock:
            (count,) = self._connection.execute("SELECT count(*) FROM point").fetchone()
        return int(count)

    def earliest(self, meter: str, from_ms: int) -> Point | None:
        query = "SELECT * FROM point WHERE meter = ? AND at_ms >= ? ORDER BY at_ms LIMIT 1"
        with self._lock:
            row = self._connection.execute(query, (meter, from_ms)).fetchone()
        return None if row is None else _point(row)

    def latest(self, meter: str, by_ms: int) -> Point | None:
        return self._newest("SELECT * FROM point WHERE meter = ?", meter, by_ms)

    def last_power(self, meter: str, by_ms: int) -> Point | None:
        query = (
            "SELECT * FROM point INDEXED BY point_with_power WHERE meter = ?"
            " AND json_type(body, '$.active_power') IS NOT NULL"  # as in the index
        )
        return self._newest(query, meter, by_ms)

    def _newest(self, query: str, meter: str, by_ms: int) -> Point | None:
        query += " AND at_ms <= ? ORDER BY at_ms DESC LIMIT 1"
        with self._lock:
            row = self._connection.execute(query, (meter, by_ms)).fetchone()
        return None if row is None else _point(row)

    def window(self, meter: str, from_ms: int, until_ms: int) -> Iterable[Point]:
        query = "SELECT * FROM point WHERE meter = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms"
        with self._lock:
            rows = self._connection.execute(query, (meter, from_ms, until_ms)).fetchall()
        return [_point(row) for row in rows]

    def close(self) -> None:
        with self._lock:
            self._connection.close()


_Row = tuple[str, int, int, str, str | None, str]


def _row(point: Point) -> _Row:
    import_wh = None if point.import_wh is None else str(point.import_wh)
    body, doubts = json.dumps(dict(point.values)), json.dumps(dict(point.doubts))
    return point.meter, point.at_ms, point.position, body, import_wh, doubts


def _point(row: _Row) -> Point:
    meter, at_ms, position, body, import_wh, doubts = row
    exact_wh = None if import_wh is None else Fraction(import_wh)
    concerned = {code: tuple(names) for code, names in json.loads(doubts).items()}
    return Point(meter, at_ms, json.loads(body), position, exact_wh, concerned)
