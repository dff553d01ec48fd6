"""Ratios that a meter's transformers had in truth, where its configuration said others."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from collector.model.energy import common_quantum
from collector.model.records import Meter, RatioCorrection
from collector.registry.view import View
from collector.storage.tables import ratio_in_truth as table


@dataclass(frozen=True, slots=True)
class TrueRatio:
    """`configured`: what the register says of the meter, where a reading's own is not known.

    `version`: of the record in the register.
    """

    from_ms: int
    until_ms: int | None
    ratio: Fraction
    configured: Fraction
    version: int = field(default=0, compare=False)

    def factor(self, configured: Fraction | None) -> Fraction:
        return self.ratio / (configured or self.configured)

    def overlap_ms(self, start_ms: int, end_ms: int) -> int:
        until_ms = end_ms if self.until_ms is None else min(self.until_ms, end_ms)
        return max(0, until_ms - max(self.from_ms, start_ms))


@dataclass(frozen=True, slots=True)
class Scaled:
    """Energy from one reading to the next by the true ratio.

    A correction that begins or ends between the two parts the energy by time; `error_wh` is what
    that may be wrong by. The energy is whole steps of `quantum_wh`.
    """

    energy_wh: Fraction
    quantum_wh: Fraction
    factor: Fraction
    error_wh: Fraction


class Ratios:
    """Those of one meter; without any, everything is as its registers say."""

    def __init__(self, known: Iterable[TrueRatio] = ()) -> None:
        self._known = tuple(known)

    def __bool__(self) -> bool:
        return bool(self._known)

    def versions_between(self, start_ms: int, end_ms: int) -> tuple[int, ...]:
        """Those of the register that bear on a span."""
        return tuple(
            sorted(each.version for each in self._known if each.overlap_ms(start_ms, end_ms))
        )

    def factor_at(self, at_ms: int, configured: Fraction | None = None) -> Fraction:
        """By what a reading of that moment is to be multiplied; `configured` decoded it."""
        for each in self._known:
            if each.overlap_ms(at_ms, at_ms + 1):
                return each.factor(configured)
        return Fraction(1)

    def scale(
        self,
        span: tuple[int, int],
        energy_wh: Fraction,
        quantum_wh: Fraction,
        configured: Fraction | None,
    ) -> Scaled:
        """`span`: when the two readings were taken, Unix ms; `configured`: what decoded them."""
        start_ms, end_ms = span
        parts = self._parts(start_ms, end_ms, configured)
        factors = {factor for factor, _ in parts} or {self.factor_at(start_ms, configured)}
        if len(factors) == 1:
            factor = factors.pop()
            return Scaled(energy_wh * factor, quantum_wh * factor, factor, Fraction(0))
        step_wh = common_quantum(quantum_wh * factor for factor in sorted(factors))
        mean = sum((factor * part_ms for factor, part_ms in parts), Fraction(0))
        mean /= end_ms - start_ms
        parted_wh = round(energy_wh * mean / step_wh) * step_wh
        error_wh = abs(energy_wh) * (max(factors) - min(factors))
        return Scaled(parted_wh, step_wh, max(factors), error_wh)

    def _parts(
        self, start_ms: int, end_ms: int, configured: Fraction | None
    ) -> list[tuple[Fraction, int]]:
        """Factors, and for how long of the span each held."""
        found = [
            (each.factor(configured), each.overlap_ms(start_ms, end_ms)) for each in self._known
        ]
        found = [(factor, part_ms) for factor, part_ms in found if part_ms]
        rest_ms = end_ms - start_ms - sum(part_ms for _, part_ms in found)
        return [*found, (Fraction(1), rest_ms)] if rest_ms > 0 else found


NO_RATIOS = Ratios()


def of_meter(connection: Connection, meter: str) -> Ratios:
    """As intervals and periods are closed by."""
    query = select(table).where(table.c.meter == meter).order_by(table.c.valid_from)
    return Ratios(_ratio(row) for row in connection.execute(query))


def of_meters(connection: Connection, meters: Collection[str]) -> dict[str, Ratios]:
    """Those that have any."""
    query = select(table).where(table.c.meter.in_(meters)).order_by(table.c.valid_from)
    found: dict[str, list[TrueRatio]] = {}
    for row in connection.execute(query):
        found.setdefault(row.meter, []).append(_ratio(row))
    return {meter: Ratios(known) for meter, known in found.items()}


def take_over(connection: Connection, view: View) -> list[tuple[str, int, int | None]]:
    """Keep what the register says now; return what is other than it was: meter, from, until."""
    known: dict[str, set[TrueRatio]] = {}
    for row in connection.execute(select(table)):
        known.setdefault(row.meter, set()).add(_ratio(row))
    now = said(view)
    changed = []
    for meter in sorted(known.keys() | now.keys()):
        were, are = known.get(meter, set()), now.get(meter, set())
        if were == are:
            continue
        changed += [(meter, each.from_ms, each.until_ms) for each in were ^ are]
        connection.execute(delete(table).where(table.c.meter == meter))
        for each in are:
            connection.execute(
                insert(table).values(
                    meter=meter,
                    valid_from=each.from_ms,
                    valid_until=each.until_ms,
                    ratio=str(each.ratio),
                    configured=str(each.configured),
                    version=each.version,
                )
            )
    return changed


def is_taken_over(connection: Connection, view: View, meter: str) -> bool:
    """Whether energies are told by what the register says of a meter now."""
    query = select(table).where(table.c.meter == meter)
    known = {_ratio(row) for row in connection.execute(query)}
    return known == said(view).get(meter, set())


def said(view: View) -> dict[str, set[TrueRatio]]:
    """By the register. Of two for one time the later begins where it does, and ends the other."""
    found: dict[str, list[RatioCorrection]] = {}
    for record in view.all(RatioCorrection).values():
        if not record.withdrawn and record.meter in view.all(Meter):
            found.setdefault(record.meter, []).append(record)
    return {meter: set(_apart(view, meter, each)) for meter, each in found.items()}


def _apart(view: View, serial: str, records: list[RatioCorrection]) -> Iterator[TrueRatio]:
    meter = view.one(Meter, serial)
    records.sort(key=lambda record: record.valid_from)
    configured = Fraction(*meter.ct) * Fraction(*meter.vt)
    for record, later in zip_longest(records, records[1:]):
        until_ms = record.valid_until
        if later is not None and (until_ms is None or later.valid_from < until_ms):
            until_ms = later.valid_from
        ratio = Fraction(*record.ct) * Fraction(*record.vt)
        version = view.version_of(record) or 0
        yield TrueRatio(record.valid_from, until_ms, ratio, configured, version)


def _ratio(row: Any) -> TrueRatio:
    return TrueRatio(
        row.valid_from, row.valid_until, Fraction(row.ratio), Fraction(row.configured), row.version
    )
