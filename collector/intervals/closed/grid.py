"""Quarters and hours: the market's intervals and periods, counted from the epoch in UTC."""

from dataclasses import dataclass

from collector.model.records import Market


@dataclass(frozen=True, slots=True)
class Grid:
    """The real market has quarters of 15 minutes and hours; a demo's are shorter."""

    quarter_ms: int
    hour_ms: int

    @classmethod
    def of(cls, market: Market) -> "Grid":
        """Raise ValueError for periods that are no whole number of intervals."""
        quarter_ms, hour_ms = market.interval_s * 1000, market.period_ms
        if hour_ms % quarter_ms:
            raise ValueError(f"a period of {hour_ms} ms is no whole number of {quarter_ms} ms")
        return cls(quarter_ms, hour_ms)

    def is_boundary(self, at_ms: int) -> bool:
        return at_ms % self.quarter_ms == 0

    def quarter(self, at_ms: int) -> int:
        """The boundary at or before a moment."""
        return at_ms - at_ms % self.quarter_ms

    def hour(self, at_ms: int) -> int:
        return at_ms - at_ms % self.hour_ms

    def hour_end(self, at_ms: int) -> int:
        """The hour's boundary at or after a moment."""
        return self.hour(at_ms + self.hour_ms - 1)

    def quarters(self, start_ms: int, end_ms: int) -> range:
        return range(start_ms, end_ms, self.quarter_ms)
