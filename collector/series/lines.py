"""Points as InfluxDB's line protocol, and back from rows of its answers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from collector.series import schema
from collector.series.schema import FieldType
from collector.series.store import Point

_TAG = str.maketrans({",": r"\,", " ": r"\ ", "=": r"\="})
_TEXT = str.maketrans({'"': r"\"", "\\": r"\\"})
_INTEGER = range(-(2**63), 2**63)


def of_points(points: Iterable[Point]) -> bytes:
    """Timestamps are milliseconds."""
    return "\n".join(map(_line, points)).encode()


def of_fields(measurement: str, meter: str, at_ms: int, fields: Mapping[str, float | int]) -> str:
    """Of a row whose fields are as the schema of rollups has them."""
    texts = [
        f"{name}={value}i"
        if schema.ROLLUP_FIELDS[name] is FieldType.INTEGER
        # a float that is whole comes as an integer in InfluxDB's JSON
        else f"{name}={float(value)!r}"
        for name, value in fields.items()
    ]
    return f"{measurement},{schema.METER}={meter.translate(_TAG)} {','.join(texts)} {at_ms}"


def _line(point: Point) -> str:
    fields = f"{schema.POSITION}={point.position}i"
    if point.import_wh is not None:
        fields += _import(point.import_wh)
    for name, value in point.values.items():
        fields += f",{name}={value!r}"
    if point.doubts:
        text = json.dumps(dict(point.doubts), separators=(",", ":")).translate(_TEXT)
        fields += f',{schema.DOUBTS}="{text}"'
    return f"{schema.READING},{schema.METER}={point.meter.translate(_TAG)} {fields} {point.at_ms}"


def _import(import_wh: Fraction) -> str:
    numerator, denominator = import_wh.as_integer_ratio()
    factor, rest = divmod(schema.MILLI, denominator)
    if rest == 0:
        numerator, denominator = numerator * factor, schema.MILLI
    if numerator in _INTEGER and denominator in _INTEGER:
        return f",{schema.NUMERATOR}={numerator}i,{schema.DENOMINATOR}={denominator}i"
    return f',{schema.EXACT}="{import_wh}"'


def points_from(meter: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[Point]:
    """Of rows whose first column is the time in milliseconds."""
    return [_point(meter, dict(zip(columns, row, strict=True))) for row in rows]


def _point(meter: str, row: dict[str, Any]) -> Point:
    doubts = row.get(schema.DOUBTS)
    return Point(
        meter,
        row["time"],
        {name: float(value) for name in schema.MEASURED if (value := row.get(name)) is not None},
        row.get(schema.POSITION) or 0,
        _import_from(row),
        {} if doubts is None else {code: tuple(of) for code, of in json.loads(doubts).items()},
    )


def _import_from(row: Mapping[str, Any]) -> Fraction | None:
    exact = row.get(schema.EXACT)
    if exact is not None:
        return Fraction(exact)
    numerator, denominator = row.get(schema.NUMERATOR), row.get(schema.DENOMINATOR)
    return None if numerator is None or denominator is None else Fraction(numerator, denominator)
