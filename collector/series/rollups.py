"""Readings down-sampled to a minute, a quarter and an hour, beside those they are made of.

A bucket is made from all that stands in it, each time something in it changed. So late data is in
it, and to make it again changes nothing.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from collector.series import lines, schema
from collector.series.influx import InfluxSeries
from collector.series.influx_http import literal

_HOUR_MS = 3_600_000
_METERS = 100
"""In one question, for an hour at most."""
_LINES = 5000
_AGGREGATES = ", ".join(f"{kind}(*)" for kind in (*schema.KINDS, schema.COUNT))

Buckets = dict[str, set[int]]
"""Starts of buckets in ms, by meter."""


@dataclass
class Changed:
    """Minutes in which points were written or withdrawn since the rollups were made."""

    written: Buckets = field(default_factory=lambda: defaultdict(set))
    withdrawn: Buckets = field(default_factory=lambda: defaultdict(set))
    size: int = 0

    def write(self, meter: str, at_ms: int) -> None:
        minutes, minute_ms = self.written[meter], at_ms - at_ms % 60_000
        if minute_ms not in minutes:
            minutes.add(minute_ms)
            self.size += 1

    def correct(self, meter: str, from_ms: int, until_ms: int) -> None:
        """Every minute of a span: what is left in them may be nothing."""
        first_ms = from_ms - from_ms % 60_000
        self.withdrawn[meter].update(range(first_ms, until_ms, 60_000))
        self.size += (until_ms - first_ms) // 60_000 + 1


class Rollups:
    def __init__(self, store: InfluxSeries) -> None:
        self._store = store

    def make(self, changed: Changed) -> None:
        """Make the buckets of what changed; raises SeriesError."""
        source, written, withdrawn = schema.READING, changed.written, changed.withdrawn
        for measurement, length_ms in schema.ROLLUPS.items():
            written, withdrawn = _wider(written, length_ms), _wider(withdrawn, length_ms)
            self._level(source, measurement, length_ms, _both(written, withdrawn), withdrawn)
            source = measurement

    def _level(
        self, source: str, measurement: str, length_ms: int, buckets: Buckets, withdrawn: Buckets
    ) -> None:
        for meters, from_ms, until_ms in _questions(buckets, length_ms):
            made: dict[str, dict[int, dict[str, float | int]]] = {meter: {} for meter in meters}
            of = self._from_readings if source == schema.READING else self._from_rollups
            for meter, bucket_ms, fields in of(source, meters, from_ms, until_ms, length_ms):
                made[meter][bucket_ms] = fields
            rows = [
                lines.of_fields(measurement, meter, bucket_ms, fields)
                for meter, of_meter in made.items()
                for bucket_ms, fields in of_meter.items()
                if bucket_ms in buckets[meter] and fields
            ]
            for start in range(0, len(rows), _LINES):
                body = "\n".join(rows[start : start + _LINES]).encode()
                self._store.server.write(body, self._store.rollups)
            for meter in meters:
                emptied = [
                    each
                    for each in withdrawn.get(meter, ())
                    if from_ms <= each < until_ms and each not in made[meter]
                ]
                self._delete(measurement, meter, emptied)

    def _from_readings(
        self, source: str, meters: list[str], from_ms: int, until_ms: int, length_ms: int
    ) -> Iterator[tuple[str, int, dict[str, float | int]]]:
        """As the server sums them up."""
        tables = self._store.server.query(
            f"SELECT {_AGGREGATES} FROM {source} WHERE {_within(meters, from_ms, until_ms)}"  # noqa: S608
            f" GROUP BY time({length_ms}ms), {schema.METER} fill(none)",
            self._store.database,
        )
        for table in tables:
            names = [_field(column) for column in table.columns]
            for row in table.rows:
                known = zip(names, row, strict=True)
                fields = {name: value for name, value in known if name and value is not None}
                yield table.tags[schema.METER], row[0], fields

    def _from_rollups(
        self, source: str, meters: list[str], from_ms: int, until_ms: int, length_ms: int
    ) -> Iterator[tuple[str, int, dict[str, float | int]]]:
        tables = self._store.server.query(
            f"SELECT * FROM {source} WHERE {_within(meters, from_ms, until_ms)}"  # noqa: S608
            f" GROUP BY {schema.METER}",
            self._store.rollups,
        )
        for table in tables:
            parts: dict[int, list[dict[str, Any]]] = defaultdict(list)
            for row in table.rows:
                bucket_ms = row[0] - row[0] % length_ms
                parts[bucket_ms].append(dict(zip(table.columns, row, strict=True)))
            for bucket_ms, of_bucket in parts.items():
                yield table.tags[schema.METER], bucket_ms, combined(of_bucket)

    def _delete(self, measurement: str, meter: str, buckets: Iterable[int]) -> None:
        for bucket_ms in buckets:
            self._store.server.query(
                f"DELETE FROM {measurement} WHERE {schema.METER} = {literal(meter)}"  # noqa: S608
                f" AND time >= {bucket_ms}ms AND time <= {bucket_ms}ms",
                self._store.rollups,
            )


def combined(rows: list[dict[str, Any]]) -> dict[str, float | int]:
    """One bucket of several that follow each other."""
    fields: dict[str, float | int] = {}
    for name in schema.MEASURED:
        count_of = f"{name}_{schema.COUNT}"
        known = [row for row in rows if row.get(count_of)]
        if not known:
            continue
        count = sum(row[count_of] for row in known)
        total = math.fsum(row[f"{name}_mean"] * row[count_of] for row in known)
        fields[f"{name}_mean"] = total / count
        fields[f"{name}_min"] = min(row[f"{name}_min"] for row in known)
        fields[f"{name}_max"] = max(row[f"{name}_max"] for row in known)
        fields[f"{name}_last"] = known[-1][f"{name}_last"]
        fields[count_of] = count
    for name in schema.REGISTER:
        lasts = [row[f"{name}_last"] for row in rows if row.get(f"{name}_last") is not None]
        if lasts:
            fields[f"{name}_last"] = lasts[-1]
    return fields


def _field(column: str) -> str | None:
    """`mean_active_power` of InfluxQL is `active_power_mean`; None for what is not kept."""
    kind, _, name = column.partition("_")
    field_name = f"{name}_{kind}"
    return field_name if field_name in schema.ROLLUP_FIELDS else None


def _questions(buckets: Buckets, length_ms: int) -> Iterator[tuple[list[str], int, int]]:
    """Meters and spans that are asked for at once: few meters or a short time, never many of both.

    A span is as wide as an hour is long, or a bucket.
    """
    span_ms = max(_HOUR_MS, length_ms)
    meters_of: dict[int, Buckets] = defaultdict(dict)
    for meter, of_meter in buckets.items():
        for start_ms in of_meter:
            meters_of[start_ms - start_ms % span_ms].setdefault(meter, set()).add(start_ms)
    for _, of_span in sorted(meters_of.items()):
        names = sorted(of_span)
        for place in range(0, len(names), _METERS):
            meters = names[place : place + _METERS]
            starts = [start for meter in meters for start in of_span[meter]]
            yield meters, min(starts), max(starts) + length_ms


def _within(meters: list[str], from_ms: int, until_ms: int) -> str:
    names = " OR ".join(f"{schema.METER} = {literal(meter)}" for meter in meters)
    return f"time >= {from_ms}ms AND time < {until_ms}ms AND ({names})"


def _wider(buckets: Mapping[str, set[int]], length_ms: int) -> Buckets:
    return {
        meter: {start - start % length_ms for start in starts} for meter, starts in buckets.items()
    }


def _both(one: Buckets, other: Buckets) -> Buckets:
    return {meter: one.get(meter, set()) | other.get(meter, set()) for meter in {*one, *other}}
