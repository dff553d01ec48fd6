"""The daily results of the auction for miners, as KOREM publishes them in PDF (docs/korem.md)."""

from collector.registry.korem.errors import ResultError
from collector.registry.korem.layout import Layout, read_layout
from collector.registry.korem.reading import read_result
from collector.registry.korem.result import HourRow, Result, ZoneResult

__all__ = [
    "HourRow",
    "Layout",
    "Result",
    "ResultError",
    "ZoneResult",
    "read_layout",
    "read_result",
]
