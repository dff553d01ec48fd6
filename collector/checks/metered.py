"""The energy of a closed period, by meter, and by site and quarter of an hour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection

from collector.checks.allocation import BehindMeter, DeliveryMeter
from collector.checks.capacity import SiteEnergy
from collector.checks.delivery import Part, Piece, delivered, factors, parted, summed
from collector.checks.prescribed import Prescribed, prescribed
from collector.intervals import ratios
from collector.intervals.energy import Metering
from collector.intervals.exchange import meter_while_it_hung
from collector.intervals.many import Metered, Register, meter_many
from collector.intervals.ratios import NO_RATIOS
from collector.model.energy import EXPORT
from collector.model.records import Meter
from collector.registry.view import View

Hung = Mapping[str, Sequence[Meter]]
"""By site the delivery meters that hung there at any time of a period."""


@dataclass(frozen=True)
class PeriodMetering:
    """The energy of one period, read for several holders at once."""

    connection: Connection
    view: View
    start_ms: int
    end_ms: int
    found: Mapping[Register, Metered]

    @classmethod
    def read(
        cls, connection: Connection, view: View, hung: Iterable[Hung], start_ms: int, end_ms: int
    ) -> "PeriodMetering":
        registers: list[Register] = []
        for sites in hung:
            for site, meters in sites.items():
                generation = view.generation_meters_between(site, start_ms, end_ms)
                registers += [_register(meter) for meter in (*meters, *generation)]
                if generation:
                    registers += [_register(meter, EXPORT) for meter in meters]
        interval_ms = view.market.interval_s * 1000
        found = meter_many(connection, registers, start_ms, end_ms, interval_ms)
        return cls(connection, view, start_ms, end_ms, found)

    def delivery_meters(self, hung: Hung) -> dict[str, DeliveryMeter]:
        serials = [meter.serial for meters in hung.values() for meter in meters]
        true = ratios.of_meters(self.connection, serials)
        return {
            meter.serial: DeliveryMeter(
                self._parts(meter),
                is_operational=meter.status == "operational",
                version=self.view.version_of(meter),
                corrections=true.get(meter.serial, NO_RATIOS).versions_between(
                    self.start_ms, self.end_ms
                ),
            )
            for meters in hung.values()
            for meter in meters
        }

    def behind(self, hung: Hung) -> BehindMeter | None:
        """Of the sites that generate; None where none does."""
        generation: list[Fraction | None] = []
        exported: list[Fraction | None] = []
        for site, meters in hung.items():
            own = self.view.generation_meters_between(site, self.start_ms, self.end_ms)
            generation += [_energy_wh(self.found[_register(meter)].whole) for meter in own]
            if own:
                exported += [self._exported_wh(meter) for meter in meters]
        if not generation:
            return None
        return BehindMeter(_total(generation), _total(exported))

    def quarters(self, meters: Sequence[Meter]) -> list[SiteEnergy]:
        """A site's energy at the delivery point in each quarter in which every meter was read.

        Of operational meters there are none: they may warn, and this is no warning.
        """
        if not meters or any(meter.status == "operational" for meter in meters):
            return []
        by_span: dict[tuple[int, int], list[Part]] = {}
        for meter in meters:
            for quarter in self.found[_register(meter)].quarters:
                pieces = self._pieces(meter, quarter.start_ms, quarter.end_ms)
                part = Part(Metering(quarter.energy, is_read=True), pieces)
                by_span.setdefault((quarter.start_ms, quarter.end_ms), []).append(part)
        found = []
        for (start_ms, end_ms), parts in sorted(by_span.items()):
            each = [energy for part in parts if (energy := delivered([part])) is not None]
            if len(each) == len(meters):
                all_ = summed(each)
                found.append(
                    SiteEnergy(start_ms, end_ms, all_.energy_wh, all_.doubt_wh, all_.positions)
                )
        return found

    @property
    def _prescribed(self) -> Prescribed:
        return prescribed(self.view)

    def _pieces(self, meter: Meter, start_ms: int, end_ms: int) -> tuple[Piece, ...]:
        return factors(self._prescribed.factors.get(meter.serial, ()), start_ms, end_ms)

    def _parts(self, meter: Meter) -> tuple[Part, ...]:
        found = self.found[_register(meter)]
        pieces = self._pieces(meter, self.start_ms, self.end_ms)
        if len(pieces) == 1 or found.whole.energy is None:
            return (Part(found.whole, pieces),)
        read = {quarter.start_ms for quarter in found.quarters}
        read |= {quarter.end_ms for quarter in found.quarters}
        return tuple(
            Part(self._between(meter, *span), held)
            for span, held in parted(pieces, self.start_ms, self.end_ms, read)
        )

    def _between(self, meter: Meter, start_ms: int, end_ms: int) -> Metering:
        hung = (meter.valid_from, meter.valid_until)
        return meter_while_it_hung(self.connection, meter.serial, hung, start_ms, end_ms)

    def _exported_wh(self, meter: Meter) -> Fraction | None:
        """At the delivery point, by the factor at the period's beginning."""
        energy_wh = _energy_wh(self.found[_register(meter, EXPORT)].whole)
        factor = self._pieces(meter, self.start_ms, self.end_ms)[0].factor
        return None if energy_wh is None else energy_wh * factor


def _register(meter: Meter, *quantity: str) -> Register:
    return Register(meter.serial, meter.valid_from, meter.valid_until, *quantity)


def _energy_wh(metering: Metering) -> Fraction | None:
    return None if metering.energy is None else metering.energy.energy_wh


def _total(energies_wh: Sequence[Fraction | None]) -> Fraction | None:
    known = [each for each in energies_wh if each is not None]
    return sum(known, Fraction(0)) if len(known) == len(energies_wh) else None
