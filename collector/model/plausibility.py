"""What the values of one reading say against each other, and against what can be at all.

A doubt takes nothing away: the values stay, and whoever uses them may see that they do not agree.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from collector.model.energy import Quantity
from collector.model.limits import Pair, greatest_current_a, greatest_power_w, starting_power_w
from collector.model.profile import Profile
from collector.model.quantities import OBIS

POWER = "active_power"


class DoubtCode(StrEnum):
    PHASES = "phases_are_not_the_total"
    REVERSED = "phase_reversed"
    DEAD_PHASE = "phase_without_voltage"
    OVER_APPARENT = "power_over_apparent"
    POWER_FACTOR = "power_factor"
    FREQUENCY = "frequency"
    CURRENT = "current"
    VOLTAGE = "voltage"
    NEGATIVE = "negative_energy"
    STALE = "stale"
    OUT_OF_RANGE = "out_of_range"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class Doubt:
    """`figures`: what was held against what, as exact numbers."""

    code: DoubtCode
    quantities: tuple[str, ...]
    figures: Mapping[str, str] = field(default_factory=dict)


_PHASE_POWERS = ("active_power_l1", "active_power_l2", "active_power_l3")
_PHASE_VOLTAGES = ("voltage_l1", "voltage_l2", "voltage_l3")
_LINE_VOLTAGES = ("voltage_l12", "voltage_l23", "voltage_l31")
_CURRENTS = ("current_l1", "current_l2", "current_l3", "current_n")

_ENERGIES = tuple(name for name in OBIS if "_energy" in name)

_AGREE = Fraction(2, 100)
_LEAST_LOAD = Fraction(1, 100)
"""Of what the wiring carries: below it a power factor, or a current, means little."""
_FACTORS_AGREE = Fraction(5, 100)
"""Instruments show the whole power factor or that of the fundamental wave."""
_LEAST_HZ, _MOST_HZ = 45, 55
_LOW_V, _LOW_MOST_V = 400, 690
_SECONDARY_V, _SECONDARY_MOST_V = 100, 120
"""Nominal voltages between lines, without a transformer and behind one."""
_LEAST_OF_NOMINAL, _MOST_OF_NOMINAL = Fraction(1, 2), Fraction(3, 2)
_ROOT_3 = Fraction(1732, 1000), Fraction(1733, 1000)
_QUALITIES = {1: DoubtCode.STALE, 4: DoubtCode.OUT_OF_RANGE, 5: DoubtCode.DOUBTFUL}


def judge(
    values: Mapping[str, Quantity], profile: Profile, ct: Pair, vt: Fraction
) -> tuple[Doubt, ...]:
    """Doubts of a reading, energies included; only what was read is judged."""
    greatest_w, starting_w = greatest_power_w(profile, ct, vt), starting_power_w(profile, ct, vt)
    greatest_a = greatest_current_a(profile, ct)
    return (
        *_phases(values, starting_w),
        *_apparent(values, starting_w),
        *_power_factor(values, greatest_w * _LEAST_LOAD),
        *_frequency(values),
        *_currents(values, greatest_a),
        *_voltages(values, vt),
        *_dead_phases(values, greatest_a * _LEAST_LOAD),
        *_energies(values),
    )


def of_quality(names: tuple[str, ...], quality: bytes | None) -> tuple[Doubt, ...]:
    """Values that the gateway has read and does not believe; they are not decoded."""
    found: dict[DoubtCode, list[str]] = {}
    for name, number in zip(names, quality or b"", strict=False):
        if number in _QUALITIES:
            found.setdefault(_QUALITIES[number], []).append(name)
    return tuple(Doubt(code, tuple(doubted)) for code, doubted in found.items())


def in_doubt(doubts: tuple[Doubt, ...]) -> frozenset[str]:
    """The quantities that any of them concerns."""
    return frozenset(name for doubt in doubts for name in doubt.quantities)


def _phases(values: Mapping[str, Quantity], starting_w: Fraction) -> Iterator[Doubt]:
    """With the neutral: with three wires a phase has no power of its own.

    Phases in different directions are a transformer that hangs the wrong way round; instruments
    sum them up in different ways.
    """
    if not all(name in values for name in (POWER, *_PHASE_POWERS, *_PHASE_VOLTAGES)):
        return
    if not all(values[name].value > 0 for name in _PHASE_VOLTAGES):
        return
    powers = [values[name].value for name in _PHASE_POWERS]
    if min(powers) < 0 < max(powers):
        if min(powers) < -starting_w and max(powers) > starting_w:
            figures = {name: str(values[name].value) for name in _PHASE_POWERS}
            yield Doubt(DoubtCode.REVERSED, (POWER, *_PHASE_POWERS), figures)
        return
    phases_w, total_w = sum(powers, Fraction(0)), values[POWER].value
    quanta = sum((values[name].quantum for name in (POWER, *_PHASE_POWERS)), Fraction(0))
    most_w = max(abs(phases_w), abs(total_w))
    if abs(phases_w - total_w) > most_w * _AGREE + quanta + starting_w:
        figures = {"phases_w": str(phases_w), "total_w": str(total_w)}
        yield Doubt(DoubtCode.PHASES, (POWER, *_PHASE_POWERS), figures)


def _apparent(values: Mapping[str, Quantity], starting_w: Fraction) -> Iterator[Doubt]:
    power, apparent = values.get(POWER), values.get("apparent_power")
    if power is None or apparent is None:
        return
    quanta = power.quantum + apparent.quantum
    most_w = abs(apparent.value) * (1 + _AGREE) + quanta + starting_w
    if abs(power.value) > most_w:
        figures = {"power_w": str(power.value), "apparent_va": str(apparent.value)}
        yield Doubt(DoubtCode.OVER_APPARENT, (POWER, "apparent_power"), figures)


def _power_factor(values: Mapping[str, Quantity], least_va: Fraction) -> Iterator[Doubt]:
    """Its sign is the instrument's own way to tell the quadrant."""
    factor = values.get("power_factor")
    if factor is None:
        return
    size, figures = abs(factor.value), {"power_factor": str(factor.value)}
    power, apparent = values.get(POWER), values.get("apparent_power")
    if size > 1 + factor.quantum:
        yield Doubt(DoubtCode.POWER_FACTOR, ("power_factor",), figures)
    elif power is not None and apparent is not None:
        if apparent.value < least_va:
            return
        ratio = abs(power.value) / apparent.value
        if abs(size - ratio) > _FACTORS_AGREE + factor.quantum:
            figures |= {"power_w": str(power.value), "apparent_va": str(apparent.value)}
            yield Doubt(DoubtCode.POWER_FACTOR, ("power_factor",), figures)


def _frequency(values: Mapping[str, Quantity]) -> Iterator[Doubt]:
    """Without voltage there is none."""
    frequency = values.get("frequency")
    if frequency is None or _LEAST_HZ <= frequency.value <= _MOST_HZ:
        return
    voltages = [values[name] for name in _PHASE_VOLTAGES + _LINE_VOLTAGES if name in values]
    is_dead = bool(voltages) and all(entry.value == 0 for entry in voltages)
    if frequency.value != 0 or not is_dead:
        figures = {"frequency_hz": str(frequency.value)}
        yield Doubt(DoubtCode.FREQUENCY, ("frequency",), figures)


def _currents(values: Mapping[str, Quantity], greatest_a: Fraction) -> Iterator[Doubt]:
    for name in _CURRENTS:
        current = values.get(name)
        if current is not None and abs(current.value) > greatest_a + current.quantum:
            figures = {"current_a": str(current.value), "most_a": str(greatest_a)}
            yield Doubt(DoubtCode.CURRENT, (name,), figures)


def _voltages(values: Mapping[str, Quantity], vt: Fraction) -> Iterator[Doubt]:
    """Zero, or what is near one of the voltages that such a meter may be connected to."""
    least_v, most_v = _nominal_v(vt)
    for names, (over, under) in (
        (_LINE_VOLTAGES, (Fraction(1), Fraction(1))),
        (_PHASE_VOLTAGES, _ROOT_3),
    ):
        lowest = least_v * _LEAST_OF_NOMINAL / under
        highest = most_v * _MOST_OF_NOMINAL / over
        for name in names:
            voltage = values.get(name)
            if voltage is None or voltage.value == 0:
                continue
            if not lowest - voltage.quantum <= voltage.value <= highest + voltage.quantum:
                yield Doubt(DoubtCode.VOLTAGE, (name,), {"voltage_v": str(voltage.value)})


def _dead_phases(values: Mapping[str, Quantity], least_a: Fraction) -> Iterator[Doubt]:
    """A phase at zero volts beside two that live, or with a current: then the power is too small.

    An instrument that was connected to one phase alone shows two at zero, without a current.
    """
    if not all(name in values for name in _PHASE_VOLTAGES):
        return
    dead = [place for place, name in enumerate(_PHASE_VOLTAGES) if values[name].value == 0]
    if len(dead) == len(_PHASE_VOLTAGES):
        return
    for place in dead:
        name, current = _PHASE_VOLTAGES[place], values.get(_CURRENTS[place])
        if current is not None and abs(current.value) > least_a:
            figures = {"current_a": str(current.value)}
            yield Doubt(DoubtCode.DEAD_PHASE, (name, POWER), figures)
        elif len(dead) == 1:
            yield Doubt(DoubtCode.DEAD_PHASE, (name,))


def _nominal_v(vt: Fraction) -> tuple[Fraction, Fraction]:
    """The least and the greatest."""
    if vt == 1:
        return Fraction(_LOW_V), Fraction(_LOW_MOST_V)
    return _SECONDARY_V * vt, _SECONDARY_MOST_V * vt


def _energies(values: Mapping[str, Quantity]) -> Iterator[Doubt]:
    for name, quantity in values.items():
        if "_energy" in name and quantity.count < 0:
            yield Doubt(DoubtCode.NEGATIVE, (name,), {"energy": str(quantity.value)})


class QuickLook:
    """Excludes doubts by floats, with room for their rounding; what it cannot, `judge` must."""

    _ROOM = 0.001

    def __init__(self, profile: Profile, ct: Pair, vt: Fraction) -> None:
        room = 1 - self._ROOM
        greatest_w, least_v, most_v = greatest_power_w(profile, ct, vt), *_nominal_v(vt)
        self._starting_w = float(starting_power_w(profile, ct, vt)) * room
        self._least_va = float(greatest_w * _LEAST_LOAD) * room
        self._most_a = float(greatest_current_a(profile, ct)) * room
        self._agree = float(_AGREE) * room
        self._factors = float(_FACTORS_AGREE) * room
        self._hz = (_LEAST_HZ + self._ROOM, _MOST_HZ - self._ROOM)
        self._volts = []
        for names, (over, under) in (
            (_LINE_VOLTAGES, (Fraction(1), Fraction(1))),
            (_PHASE_VOLTAGES, _ROOT_3),
        ):
            lowest = float(least_v * _LEAST_OF_NOMINAL / under) / room
            highest = float(most_v * _MOST_OF_NOMINAL / over) * room
            self._volts += [(name, lowest, highest) for name in names]

    def may_doubt(self, values: Mapping[str, float], import_wh: Fraction | None) -> bool:
        """False: `judge` would find nothing in what these values were before they were floats."""
        get = values.get
        power, apparent, factor = get(POWER), get("apparent_power"), get("power_factor")
        if apparent is not None and power is not None:
            if abs(power) > abs(apparent) * (1 + self._agree) + self._starting_w:
                return True
            if (
                factor is not None
                and apparent >= self._least_va
                and abs(abs(factor) - abs(power) / apparent) > self._factors
            ):
                return True
        hertz = get("frequency", 50.0)
        if not self._hz[0] <= hertz <= self._hz[1] or (factor is not None and abs(factor) > 1):
            return True
        for name in _CURRENTS:
            if abs(get(name, 0.0)) > self._most_a:
                return True
        if import_wh is not None and import_wh.numerator < 0:
            return True
        for name in _ENERGIES:
            if get(name, 0.0) < 0:
                return True
        if self._voltages_may_be_odd(values):
            return True
        return power is not None and self._phases_may_differ(values, power)

    def _voltages_may_be_odd(self, values: Mapping[str, float]) -> bool:
        for name, lowest, highest in self._volts:
            voltage = values.get(name)
            if voltage is None or lowest <= voltage <= highest:
                continue
            if voltage != 0 or name in _PHASE_VOLTAGES:
                return True
        return False

    def _phases_may_differ(self, values: Mapping[str, float], power: float) -> bool:
        get = values.get
        one, two, three = map(get, _PHASE_POWERS)
        if one is None or two is None or three is None:
            return False
        if min(one, two, three) < 0 < max(one, two, three):
            return True
        total = one + two + three
        most = max(abs(total), abs(power))
        return abs(total - power) > most * self._agree + self._starting_w
