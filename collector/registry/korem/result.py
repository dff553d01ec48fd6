"""What a file of results says, and what is checked of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from collector.model.records import Quota
from collector.registry.hours import HOURS, convention, hour_start_ms
from collector.registry.korem.errors import ResultError
from collector.registry.korem.layout import Layout, RowKind


@dataclass(frozen=True)
class HourRow:
    """Energy of hours 1 to 24 in MWh; None: a dash or nothing is printed there."""

    hours_mwh: tuple[Decimal | None, ...]
    total_mwh: Decimal | None

    @property
    def sum_mwh(self) -> Decimal:
        return sum((value for value in self.hours_mwh if value is not None), Decimal(0))

    @property
    def is_stated(self) -> bool:
        return any(value is not None for value in (*self.hours_mwh, self.total_mwh))


@dataclass(frozen=True)
class ZoneResult:
    """One zone's block. `zone` is the register's name; the price is as printed, with its unit."""

    zone: str
    start_price: Decimal | None
    start_price_text: str | None
    rows: Mapping[RowKind, HourRow]
    has_bids: bool


@dataclass(frozen=True)
class Result:
    traded: date
    delivered: date
    zones: tuple[ZoneResult, ...]
    first_hour: str
    is_hour_confirmed: bool

    @property
    def hour_convention(self) -> str:
        return convention(self.first_hour)

    def quotas(self, document_sha256: str) -> list[Quota]:
        """What the system operator gave, by zone and hour.

        Where a row's hours add up to its total, an hour without a figure is nothing; a row without
        any figure states no quota at all.
        """
        return [
            Quota(
                zone=block.zone,
                start=hour_start_ms(self.delivered, number, self.first_hour),
                energy_mwh=value or Decimal(0),
                document_sha256=document_sha256,
                hour_convention=self.hour_convention,
            )
            for block in self.zones
            if (row := block.rows.get("quota")) is not None and row.is_stated
            for number, value in enumerate(row.hours_mwh, 1)
        ]


def check(result: Result, layout: Layout) -> None:
    """Raise ResultError unless every row's hours add up to its printed total."""
    for block in result.zones:
        for kind, row in block.rows.items():
            where = f"zone {block.zone}, row {kind}"
            if row.is_stated and row.total_mwh is None:
                raise ResultError(
                    f"{where}: no total is printed, so that the hours cannot be checked; a row has"
                    f" {HOURS} hours and their total"
                )
            difference = abs(row.sum_mwh - (row.total_mwh or Decimal(0)))
            if difference > layout.total_difference_mwh:
                raise ResultError(
                    f"{where}: the hours add up to {row.sum_mwh} MWh, the printed total is"
                    f" {row.total_mwh} MWh; a column was misread or the file is wrong: compare it"
                )
    if result.traded > result.delivered:
        raise ResultError(
            f"traded on {result.traded}, delivered on {result.delivered}: delivery comes after"
        )
