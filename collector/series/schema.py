"""What stands in InfluxDB: measurements, the tag, and the type of every field (docs/series.md).

A field's type is decided here and nowhere else: InfluxDB refuses a point whose field is of another
type than it was first.
"""

from enum import StrEnum

from collector.model.energy import IMPORT
from collector.model.quantities import OBIS, SECOND_TARIFF

READING = "reading"
METER = "meter"
"""The only tag: what a meter belongs to changes, and would split its series."""


class FieldType(StrEnum):
    """As `SHOW FIELD KEYS` names them."""

    FLOAT = "float"
    INTEGER = "integer"
    STRING = "string"


POSITION = "position"
NUMERATOR, DENOMINATOR = "import_numerator", "import_denominator"
"""The billed register in Wh, as a fraction of whole numbers."""
EXACT = "import_exact"
"""The same as text, where one of the numbers is beyond 64 bits."""
DOUBTS = "doubts"
MILLI = 1000
"""The denominator wherever it will do."""

MEASURED = tuple(name for name in OBIS if name != IMPORT and not name.endswith(SECOND_TARIFF))
FIELDS: dict[str, FieldType] = {
    POSITION: FieldType.INTEGER,
    NUMERATOR: FieldType.INTEGER,
    DENOMINATOR: FieldType.INTEGER,
    EXACT: FieldType.STRING,
    DOUBTS: FieldType.STRING,
} | dict.fromkeys(MEASURED, FieldType.FLOAT)

ROLLUPS = {"reading_1m": 60_000, "reading_15m": 900_000, "reading_1h": 3_600_000}
"""Measurements of down-sampled readings, and the length of their buckets in ms."""
KINDS = ("mean", "min", "max", "last")
COUNT = "count"
REGISTER = (NUMERATOR, DENOMINATOR)
"""Of these only the last is kept."""
ROLLUP_FIELDS: dict[str, FieldType] = (
    {f"{name}_{kind}": FieldType.FLOAT for name in MEASURED for kind in KINDS}
    | {f"{name}_{COUNT}": FieldType.INTEGER for name in MEASURED}
    | {f"{name}_last": FieldType.INTEGER for name in REGISTER}
)
