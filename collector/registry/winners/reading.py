"""From a register of winners to allocations."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from pydantic import ValidationError

from collector.model.instant import astana
from collector.model.moments import MomentError, read_moment
from collector.model.records import Allocation
from collector.registry.figures import FigureError, read_figure
from collector.registry.hours import HOURS, convention, hour_start_ms
from collector.registry.sheets import Row, read_sheet
from collector.registry.winners.errors import WinnersError
from collector.registry.winners.heads import Places, find_heads
from collector.registry.winners.mapping import WinnersMapping, plain

_SHOWN = 20
_KWH_PER_MWH = 1000
_ROW_TOTAL = "total"


class _CellError(ValueError):
    """What is wrong with one row; the text begins with the cell."""


@dataclass
class _Reader:
    """Reads rows one after another; what is wrong is gathered."""

    mapping: WinnersMapping
    places: Places
    wrong: list[str] = field(default_factory=list)
    found: dict[str, tuple[Allocation, int]] = field(default_factory=dict)
    sums: dict[int, Decimal] = field(default_factory=dict)
    """By column of energy, since the last row of totals."""

    def read(self, row: Row) -> None:
        licensee = self.text(row, "licensee")
        try:
            if any(plain(cell) in self.mapping.totals for cell in row.cells[:3]):
                self._check_totals(row)
                return
            for allocation in self._allocations(row, licensee):
                if (other := self.found.get(allocation.key)) is not None:
                    raise _CellError(
                        f"row {row.number}: the same licensee, zone, hour and lot as row {other[1]};"
                        " once would be right, or another lot"
                    )
                self.found[allocation.key] = allocation, row.number
        except _CellError as error:
            self.wrong.append(f"  {error}")

    def text(self, row: Row, name: str) -> str:
        at = self.places.columns.get(name)
        return "" if at is None else row.cell(at).strip()

    def _allocations(self, row: Row, licensee: str) -> Iterator[Allocation]:
        if not (licensee.isascii() and licensee.isdigit() and len(licensee) == 12):
            hint = "; a spreadsheet took the zeros off its front" if 0 < len(licensee) < 12 else ""
            raise self._at(row, "licensee", f"{licensee!r} is no BIN of 12 digits{hint}")
        zone = self.mapping.zones.get(plain(self.text(row, "zone")))
        if zone is None:
            known = ", ".join(self.mapping.zones)
            raise self._at(
                row, "zone", f"{self.text(row, 'zone')!r}; the mapping's zones are {known}"
            )
        day = self._day(row)
        price, prepaid = self._figure(row, "price"), self._figure(row, "prepaid")
        if price is not None and self.mapping.price_unit == "KZT/kWh":
            price *= _KWH_PER_MWH
        for hour, energy_mwh in self._energies(row):
            try:
                yield Allocation(
                    licensee=licensee,
                    zone=zone,
                    start=hour_start_ms(day, hour, self.mapping.first_hour),
                    energy_mwh=energy_mwh,
                    source=self.mapping.source,
                    lot=self.text(row, "lot") or "1",
                    price_kzt_mwh=price,
                    prepaid_kzt=prepaid,
                    prepaid_covers=self.mapping.prepaid_covers,
                    hour_convention=convention(self.mapping.first_hour),
                )
            except ValidationError as error:
                wrong = error.errors()[0]
                name = str(wrong["loc"][0])
                raise self._at(row, name, f"{wrong['msg']} (given: {wrong['input']!r})") from None

    def _day(self, row: Row) -> date:
        text = self.text(row, "date")
        try:
            moment = astana(read_moment(text))
        except MomentError as error:
            raise self._at(row, "date", str(error)) from None
        if moment.hour or moment.minute or moment.second:
            raise self._at(row, "date", f"{text!r} has a time of day; a date is 2026-11-23")
        return moment.date()

    def _energies(self, row: Row) -> Iterator[tuple[int, Decimal]]:
        """Hours and MWh. A cell without a figure is nothing, where a total shows that it is."""
        if self.places.hours is None:
            text = self.text(row, "hour")
            if not (text.isascii() and text.isdigit() and 1 <= int(text) <= HOURS):
                raise self._at(row, "hour", f"{text!r} is no hour of 1 to {HOURS}")
            yield int(text), self._energy(row, self.places.columns["energy"], None)
            return
        total = self._figure(row, _ROW_TOTAL)
        energies = [self._energy(row, column, total) for column in self.places.hours]
        if total is not None and sum(energies) * self._per_mwh != total:
            raise self._at(
                row,
                _ROW_TOTAL,
                f"the hours add up to {sum(energies) * self._per_mwh} {self.mapping.unit}, the"
                f" total is {total} {self.mapping.unit}",
            )
        if total is not None:
            self._add(self.places.columns[_ROW_TOTAL], total)
        yield from enumerate(energies, 1)

    def _energy(self, row: Row, column: int, total: Decimal | None) -> Decimal:
        value = self._value(row, column)
        if value is None:
            if not row.cell(column).strip() and total is None:
                raise _CellError(f"{row.place(column)}: it is empty; write 0 where none was bought")
            value = Decimal(0)
        self._add(column, value)
        return value / self._per_mwh

    def _add(self, column: int, value: Decimal) -> None:
        self.sums[column] = self.sums.get(column, Decimal(0)) + value

    def _check_totals(self, row: Row) -> None:
        sums, self.sums = self.sums, {}
        for column, expected in sums.items():
            value = self._value(row, column)
            if value is not None and value != expected:
                raise _CellError(
                    f"{row.place(column)}: the rows above add up to {expected}, the total is {value}"
                )

    @property
    def _per_mwh(self) -> int:
        return _KWH_PER_MWH if self.mapping.unit == "kWh" else 1

    def _figure(self, row: Row, name: str) -> Decimal | None:
        at = self.places.columns.get(name)
        return None if at is None else self._value(row, at)

    def _value(self, row: Row, column: int) -> Decimal | None:
        try:
            return read_figure(row.cell(column))
        except FigureError as error:
            raise _CellError(f"{row.place(column)}: {error}") from None

    def _at(self, row: Row, name: str, told: str) -> _CellError:
        at = self.places.columns.get(name)
        return _CellError(f"{row.place(at) if at is not None else f'row {row.number}'}: {told}")


def read_winners(
    content: bytes,
    mapping: WinnersMapping,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
) -> tuple[list[Allocation], tuple[str, ...]]:
    """The allocations of a CSV or XLSX file, and what was found out about the file.

    An hour in which nothing was bought is an allocation of nothing, so that a later file can take
    back an earlier one's. Raises WinnersError, which names every wrong cell, and SheetError.
    """
    read = read_sheet(content, sheet=sheet, encoding=encoding)
    places = find_heads(read, mapping)
    read.require_unmerged(places.head_row)
    reader = _Reader(mapping, places)
    for row in read.rows:
        reader.read(row)
    if reader.wrong:
        shown = reader.wrong[:_SHOWN]
        if len(reader.wrong) > _SHOWN:
            shown.append(f"  and {len(reader.wrong) - _SHOWN} more")
        raise WinnersError("\n".join(["nothing was taken:", *shown]))
    if not reader.found:
        raise WinnersError("there is no row below the heads; nothing was taken")
    return [allocation for allocation, _ in reader.found.values()], read.notes
