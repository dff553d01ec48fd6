"""From a register of winners to allocations."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from collector.model.instant import astana
from collector.model.moments import MomentError, read_moment
from collector.model.records import Allocation
from collector.registry.figures import FigureError, read_figure
from collector.registry.hours import HOURS, convention, hour_start_ms
from collector.registry.reading import FileError, Reading, Wrong
from collector.registry.sheets import Row, SheetError, read_sheet
from collector.registry.winners.heads import Places, find_heads
from collector.registry.winners.mapping import WinnersMapping, plain

_KWH_PER_MWH = 1000
_ROW_TOTAL = "total"


class _CellError(Exception):
    """What is wrong with a row, so that nothing of it can be read."""

    def __init__(self, place: str, column: str, text: str) -> None:
        super().__init__(text)
        self.wrong = Wrong(place, column, text, Allocation.kind)


def read_winners(
    content: bytes,
    mapping: WinnersMapping,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Reading:
    """The allocations of a CSV or XLSX file; raises FileError.

    An hour in which nothing was bought is an allocation of nothing, so that a later file can take
    back an earlier one's.
    """
    try:
        read = read_sheet(content, sheet=sheet, encoding=encoding, delimiter=delimiter)
        places = find_heads(read, mapping)
        read.require_unmerged(places.head_row)
        rows = _Rows(mapping, places, Reading(notes=(*read.notes, f"mapping: {mapping.label}")))
        for row in read.rows:
            rows.read(row)
            if rows.reading.is_hopeless:
                break
    except SheetError as error:
        raise FileError(str(error)) from None
    reading = rows.reading
    if not reading.records and not reading.wrong:
        raise FileError("there is no row below the heads")
    reading.note_duplicates()
    return reading


@dataclass
class _Rows:
    """Reads one row after another into `reading`."""

    mapping: WinnersMapping
    places: Places
    reading: Reading
    sums: dict[int, Decimal] = field(default_factory=dict)
    """By column, since the last row of totals."""

    def read(self, row: Row) -> None:
        try:
            if any(plain(cell) in self.mapping.totals for cell in row.cells[:3]):
                self._check_totals(row)
            else:
                self._add_allocations(row)
        except _CellError as error:
            self.reading.wrong.append(error.wrong)

    def _add_allocations(self, row: Row) -> None:
        day = self._day(row)
        price, prepaid = self._figure(row, "price"), self._figure(row, "prepaid")
        if price is not None and self.mapping.price_unit == "KZT/kWh":
            price *= _KWH_PER_MWH
        same = {
            "licensee": self._licensee(row),
            "zone": self._zone(row),
            "source": self.mapping.source,
            "lot": self._text(row, "lot") or "1",
            "price_kzt_mwh": price,
            "prepaid_kzt": prepaid,
            "prepaid_covers": self.mapping.prepaid_covers,
            "hour_convention": convention(self.mapping.first_hour),
        }
        for hour, energy_mwh in self._energies(row):
            start_ms = hour_start_ms(day, hour, self.mapping.first_hour)
            told = same | {"start": start_ms, "energy_mwh": energy_mwh}
            known = len(self.reading.wrong)
            self.reading.add(Allocation.kind, row.number, told)
            if len(self.reading.wrong) > known:
                return  # the other hours have the same fault

    def _licensee(self, row: Row) -> str:
        text = self._text(row, "licensee")
        if not (text.isascii() and text.isdigit() and len(text) == 12):
            hint = "; a spreadsheet takes zeros off the front" if 0 < len(text) < 12 else ""
            raise self._fault(row, "licensee", f"{text!r} is no BIN of 12 digits{hint}")
        return text

    def _zone(self, row: Row) -> str:
        text = self._text(row, "zone")
        zone = self.mapping.zones.get(plain(text))
        if zone is None:
            known = ", ".join(self.mapping.zones)
            raise self._fault(row, "zone", f"{text!r}; the mapping's zones are: {known}")
        return zone

    def _day(self, row: Row) -> date:
        text = self._text(row, "date")
        try:
            moment = astana(read_moment(text))
        except MomentError as error:
            raise self._fault(row, "date", str(error)) from None
        if moment.hour or moment.minute or moment.second:
            raise self._fault(row, "date", f"{text!r} has a time of day; a date is 2026-11-23")
        return moment.date()

    def _energies(self, row: Row) -> Iterator[tuple[int, Decimal]]:
        """Hours and MWh. An empty cell is nothing where the row's total shows that it is."""
        if self.places.hours is None:
            text = self._text(row, "hour")
            if not (text.isascii() and text.isdigit() and 1 <= int(text) <= HOURS):
                raise self._fault(row, "hour", f"{text!r} is no hour of 1 to {HOURS}")
            yield int(text), self._energy(row, self.places.columns["energy"], may_be_empty=False)
            return
        total = self._figure(row, _ROW_TOTAL)
        energies = [
            self._energy(row, column, may_be_empty=total is not None)
            for column in self.places.hours
        ]
        if total is not None:
            found = sum(energies) * self._per_mwh
            if found != total:
                unit = self.mapping.unit
                told = f"the hours add up to {found:f} {unit}, the total is {total:f} {unit}"
                raise self._fault(row, _ROW_TOTAL, told)
            self._sum(self.places.columns[_ROW_TOTAL], total)
        yield from enumerate(energies, 1)

    def _energy(self, row: Row, column: int, *, may_be_empty: bool) -> Decimal:
        value = self._value(row, column, "energy")
        if value is None:
            if not may_be_empty and not row.cell(column).strip():
                told = "it is empty; write 0 where nothing was bought"
                raise _CellError(row.place(column), "energy", told)
            value = Decimal(0)
        self._sum(column, value)
        return value / self._per_mwh

    def _sum(self, column: int, value: Decimal) -> None:
        self.sums[column] = self.sums.get(column, Decimal(0)) + value

    def _check_totals(self, row: Row) -> None:
        sums, self.sums = self.sums, {}
        for column, expected in sums.items():
            value = self._value(row, column, _ROW_TOTAL)
            if value is not None and value != expected:
                told = f"the rows above add up to {expected:f}, the total is {value:f}"
                raise _CellError(row.place(column), _ROW_TOTAL, told)

    @property
    def _per_mwh(self) -> int:
        return _KWH_PER_MWH if self.mapping.unit == "kWh" else 1

    def _text(self, row: Row, name: str) -> str:
        at = self.places.columns.get(name)
        return "" if at is None else row.cell(at).strip()

    def _figure(self, row: Row, name: str) -> Decimal | None:
        at = self.places.columns.get(name)
        return None if at is None else self._value(row, at, name)

    def _value(self, row: Row, column: int, name: str) -> Decimal | None:
        try:
            return read_figure(row.cell(column))
        except FigureError as error:
            raise _CellError(row.place(column), name, str(error)) from None

    def _fault(self, row: Row, name: str, text: str) -> _CellError:
        return _CellError(row.place(self.places.columns[name]), name, text)
