"""A series in InfluxDB, of either version."""

from collections.abc import Iterable, Iterator, Sequence

from collector.series import lines, schema
from collector.series.influx_http import Server, Table, literal, quoted
from collector.series.store import LAST_MS, Point, SeriesRefusedError

_SELECT = f"SELECT * FROM {schema.READING} WHERE {schema.METER} = "  # noqa: S608
_POWER = "active_power"


class InfluxSeries:
    """`database` holds the readings, `rollups` what is down-sampled: each keeps as long as it is
    told to.
    """

    def __init__(self, server: Server, database: str) -> None:
        self.server = server
        self.database = database
        self.rollups = f"{database}_rollups"
        self._is_there = False

    @property
    def name(self) -> str:
        """Which one it is, without secrets."""
        return f"{self.server.url.partition('://')[2]}/{self.database}"

    def write(self, points: Sequence[Point]) -> None:
        self.write_lines(lines.of_points(points))

    def write_lines(self, body: bytes) -> None:
        self.make()
        self.server.write(body, self.database)

    def make(self) -> None:
        """Make the databases, once, where they are not there."""
        if self._is_there:
            return
        tables = self.server.query("SHOW DATABASES", "")
        known = {row[0] for table in tables for row in table.rows}
        for name in (self.database, self.rollups):
            if name not in known:
                self.server.create(name)
        self._is_there = True

    def withdraw(self, meter: str, moments: Sequence[int]) -> None:
        if not moments:
            return
        stands = self.window(meter, min(moments), max(moments) + 1)
        for first_ms, last_ms in _runs(stands, frozenset(moments)):
            self._query(
                f"DELETE FROM {schema.READING} WHERE {schema.METER} = {literal(meter)}"  # noqa: S608
                f" AND time >= {first_ms}ms AND time <= {last_ms}ms"
            )

    def clear(self) -> None:
        self.make()
        for name, database in (
            (schema.READING, self.database),
            *((name, self.rollups) for name in schema.ROLLUPS),
        ):
            if not self._lacks(name, database):
                self.server.query(f"DROP MEASUREMENT {quoted(name)}", database)

    def is_empty(self) -> bool:
        self.make()
        return self._lacks(schema.READING, self.database)

    def _lacks(self, measurement: str, database: str) -> bool:
        tables = self.server.query("SHOW MEASUREMENTS", database)
        return [measurement] not in [row for table in tables for row in table.rows]

    def points(self) -> int:
        tables = self._query(f"SELECT count({schema.POSITION}) FROM {schema.READING}")  # noqa: S608
        return int(tables[0].rows[0][1]) if tables else 0

    def meters(self) -> Sequence[str]:
        tables = self._query(f"SHOW TAG VALUES FROM {schema.READING} WITH KEY = {schema.METER}")
        return sorted(row[1] for table in tables for row in table.rows)

    def earliest(self, meter: str, from_ms: int) -> Point | None:
        return self._one(f"{literal(meter)} AND time >= {from_ms}ms ORDER BY time LIMIT 1", meter)

    def latest(self, meter: str, by_ms: int) -> Point | None:
        return self._newest(meter, by_ms, "")

    def last_power(self, meter: str, by_ms: int) -> Point | None:
        # any value at all: a comparison with a field that is not there holds for no number
        any_power = f" AND ({_POWER} >= 0 OR {_POWER} < 0)"
        return self._newest(meter, by_ms, any_power)

    def _newest(self, meter: str, by_ms: int, condition: str) -> Point | None:
        last_ms = min(by_ms, LAST_MS)
        query = f"{literal(meter)} AND time <= {last_ms}ms{condition} ORDER BY time DESC LIMIT 1"
        return self._one(query, meter)

    def _one(self, condition: str, meter: str) -> Point | None:
        for point in self._select(condition, meter):
            return point
        return None

    def window(self, meter: str, from_ms: int, until_ms: int) -> Iterable[Point]:
        first, last = max(from_ms, -LAST_MS), min(until_ms, LAST_MS)
        return self._select(f"{literal(meter)} AND time >= {first}ms AND time < {last}ms", meter)

    def _select(self, condition: str, meter: str) -> list[Point]:
        return [
            point
            for table in self._query(_SELECT + condition)
            for point in lines.points_from(meter, table.columns, table.rows)
        ]

    def _query(self, influxql: str) -> list[Table]:
        self.make()
        return self.server.query(influxql, self.database)

    def judge_types(self) -> None:
        """Raise SeriesRefusedError where a field is of another type than the schema's: what
        somebody else wrote there stands in the way.
        """
        for name, database, fields in (
            (schema.READING, self.database, schema.FIELDS),
            *((name, self.rollups, schema.ROLLUP_FIELDS) for name in schema.ROLLUPS),
        ):
            for table in self.server.query(f"SHOW FIELD KEYS FROM {quoted(name)}", database):
                for field, kind in table.rows:
                    if field in fields and kind != fields[field]:
                        raise SeriesRefusedError(
                            f"{database}: {name}: {field} is {kind} there, and must be"
                            f" {fields[field]}: somebody else has written it"
                        )

    def close(self) -> None:
        self.server.close()


def _runs(points: Iterable[Point], moments: frozenset[int]) -> Iterator[tuple[int, int]]:
    """First and last of those that follow each other: InfluxDB deletes a span in one go."""
    first_ms = last_ms = None
    for point in points:
        if point.at_ms in moments:
            first_ms = point.at_ms if first_ms is None else first_ms
            last_ms = point.at_ms
        elif first_ms is not None and last_ms is not None:
            yield first_ms, last_ms
            first_ms = None
    if first_ms is not None and last_ms is not None:
        yield first_ms, last_ms
