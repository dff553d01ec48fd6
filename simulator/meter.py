"""One instrument at one point of a site: what its registers hold, who changed it, is it silent."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

from pymodbus.constants import ExcCodes

from simulator.electrical import Value, wired
from simulator.encoding import DoesNotFitError
from simulator.identity import IdentityRegister, Nameplate
from simulator.instrument import Profile, RefusedError, Register
from simulator.plant import ENERGY_UNITS_PER_WH, SitePlant
from simulator.quantity import Quantity, Transformers
from simulator.scenario import MeterSpec, Ratio

LOW_VOLTAGE_V = 400
ACTIVE_IMPORT = "active_energy_import"
EXPONENT_PREFIX = "exponent_"

Values = dict[str, Value | None]


@dataclass(frozen=True, slots=True)
class _Instrument:
    """What hangs there now. `registers` are its energies when the plant's were `since`."""

    plate: Nameplate
    registers: dict[str, Fraction]
    since: dict[str, Fraction]


class Meter:
    """DoesNotFitError when the instrument cannot hold what it is told to, or shall measure."""

    def __init__(self, spec: MeterSpec, profile: Profile, plant: SitePlant, rng: Random) -> None:
        self.spec = spec
        self.profile = profile
        self.plant = plant
        self.silent = False
        self._rng = rng
        self._transformers = _transformers(spec.ct, spec.vt)
        line_v = spec.vt[0] if self._transformers.voltage != 1 else LOW_VOLTAGE_V
        self._phase_v = line_v / 3**0.5
        plate = Nameplate(spec.serial, profile.model, spec.ct, spec.vt)
        self._now = self._checked(self._installed(plate, Fraction(spec.register_base_wh)))

    @property
    def serial(self) -> str:
        return self._now.plate.serial

    @property
    def register_wh(self) -> Fraction:
        """What a reader makes of this instrument's import register, were it not cut to steps.

        It says nothing of the instrument that hung there before, and is as wrong as its ratios.
        """
        return self._register(self._now, self.profile.quantity(ACTIVE_IMPORT))

    @property
    def quantum_wh(self) -> Fraction:
        """The register, rounded to whole steps, is less than this below `register_wh`."""
        quantity = self.profile.quantity(ACTIVE_IMPORT)
        exponent = self._exponent(quantity)
        return quantity.step(self.register_wh, self._transformers, exponent)

    def swap(self, serial: str, register_base_wh: Fraction) -> None:
        """Put another instrument of the model in this one's place, set as this one was at first."""
        plate = Nameplate(serial, self.profile.model, self.spec.ct, self.spec.vt)
        self._now = self._checked(self._installed(plate, register_base_wh))

    def set_ratios(self, ct: Ratio | None, vt: Ratio | None) -> None:
        """Change what the instrument takes its transformers for; they stay what they are."""
        old = self._now.plate
        quantities = [each for each in self.profile.quantities if each.is_energy]
        self._now = self._checked(
            _Instrument(
                plate=replace(old, ct=ct or old.ct, vt=vt or old.vt),
                registers={each.name: self._register(self._now, each) for each in quantities},
                since=self.plant.energies(self.spec.point),
            )
        )

    def values(self) -> Values:
        """One snapshot of every quantity, as a reader who knows the transformers has it."""
        return self._values(self._now, self.plant.values(self.spec.point, self._phase_v))

    def answer(self, function: int, address: int, count: int) -> list[int] | ExcCodes:
        """The registers asked for, all of one moment, or the exception of the instrument."""
        now, values = self._now, self.values()

        def words(register: Register) -> list[int]:
            return self._words(register, now, values)

        try:
            return self.profile.read(function, address, count, words)
        except RefusedError as refusal:
            return refusal.code

    def turnaround_s(self) -> float:
        """How long the next answer takes."""
        jitter_s = self._rng.uniform(-1, 1) * self.profile.jitter_s
        return max(0.0, self.profile.turnaround_s + jitter_s)

    def _installed(self, plate: Nameplate, register_base_wh: Fraction) -> _Instrument:
        quantity = self.profile.quantity(ACTIVE_IMPORT)
        try:
            quantity.words(register_base_wh, self._transformers, self._exponent(quantity))
        except DoesNotFitError as error:
            raise DoesNotFitError(f"register_base_wh: {error}; use less") from None
        since = self.plant.energies(self.spec.point)
        registers = dict.fromkeys(since, Fraction(0)) | {ACTIVE_IMPORT: register_base_wh}
        return _Instrument(plate, registers, since)

    def _checked(self, instrument: _Instrument) -> _Instrument:
        """The instrument, if it can hold its identity and all that its point may draw."""
        for register in self.profile.identity:
            register.words(instrument.plate)
        greatest = self.plant.greatest_values(self.spec.point, self._phase_v)
        values = self._values(instrument, greatest)
        try:
            for quantity in self.profile.quantities:
                self._words(quantity, instrument, values)
        except DoesNotFitError as error:
            raise DoesNotFitError(
                f"{self.profile.name} cannot measure what this point may draw: {error}; "
                "use other ratios or exponents, or less load"
            ) from None
        return instrument

    def _words(self, register: Register, instrument: _Instrument, values: Values) -> list[int]:
        if isinstance(register, IdentityRegister):
            return register.words(instrument.plate)
        exponent = self._exponent(register)
        return register.words(values[register.name], self._transformers, exponent)

    def _values(self, instrument: _Instrument, true: dict[str, Value]) -> Values:
        given = wired(self.spec.wiring, true)
        values: Values = {}
        for quantity in self.profile.quantities:
            if quantity.name.startswith(EXPONENT_PREFIX):
                values[quantity.name] = Fraction(self.spec.exponents.get(quantity.name, 0))
            elif quantity.is_energy:
                values[quantity.name] = self._register(instrument, quantity)
            else:
                value = given[quantity.name]
                error = self._error(instrument, quantity)
                values[quantity.name] = None if value is None else value * error
        return values

    def _register(self, instrument: _Instrument, quantity: Quantity) -> Fraction:
        name = quantity.name
        flowed = self.plant.energies(self.spec.point)[name] - instrument.since[name]
        units = flowed * self._error(instrument, quantity) * ENERGY_UNITS_PER_WH
        return instrument.registers[name] + Fraction(units // 1, ENERGY_UNITS_PER_WH)

    def _error(self, instrument: _Instrument, quantity: Quantity) -> Fraction:
        """By what the instrument's ratios make a value too great; none where the reader applies."""
        if not quantity.primary:
            return Fraction(1)
        set_to = _transformers(instrument.plate.ct, instrument.plate.vt)
        return set_to.ratio(quantity.unit) / self._transformers.ratio(quantity.unit)

    def _exponent(self, quantity: Quantity) -> int:
        return self.spec.exponents.get(quantity.exponent, 0) if quantity.exponent else 0


def _transformers(ct: Ratio, vt: Ratio) -> Transformers:
    return Transformers(Fraction(*ct), Fraction(*vt))
