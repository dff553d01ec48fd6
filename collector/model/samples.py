"""Samples read fast: the same values and doubts as the exact way gives.

A series keeps floats, so a float is made of whole numbers by one correctly rounded division; and
doubts, which are rare, are judged exactly only where a quick look cannot exclude them.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter
from typing import Any

from collector.model import plausibility
from collector.model.decoding import FLOATS, Register
from collector.model.energy import IMPORT
from collector.model.limits import Pair
from collector.model.plausibility import QuickLook
from collector.model.profile import Profile
from collector.model.quantities import SECOND_TARIFF

_CODES = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
_GOOD = 0
_NO_BYTES = (2, 3)  # qualities without bytes: no answer, exception
_MOST_PLANS = 64
"""Of one meter, each for a pattern of qualities."""
_CERTAIN = 0.499
"""Farther from a whole number than this, a float's rounding is decided by exact numbers."""
_MOST_STEPS = 2.0**40
"""Below it a float is off by far less than what is missing above to a half."""

_NEAR = 1e-6
"""A scaled power factor as near as this to 1 or 2 is unfolded by exact numbers."""

_Convert = Callable[[Any], float | None]


@dataclass(frozen=True, slots=True)
class Sampled:
    """Measured values as floats; the billed register, exact; by a doubt's code its quantities."""

    values: Mapping[str, float]
    import_wh: Fraction | None
    doubts: Mapping[str, tuple[str, ...]]


class SampleReader:
    """Of one meter as its configuration names it."""

    def __init__(self, profile: Profile, ct: Pair, vt: Fraction) -> None:
        self._profile, self._ct, self._vt = profile, ct, vt
        self._look = QuickLook(profile, ct, vt)
        self._plans: dict[bytes | None, _Plan | None] = {}

    def read(self, raw: bytes, quality: bytes | None) -> Sampled:
        """Raises ReadingError when the bytes do not fit the profile."""
        plan = self._plan(quality)
        if plan is None or len(raw) != plan.size:
            return self.read_exactly(raw, quality)
        values, import_wh = plan.read(raw)
        if self._look.may_doubt(values, import_wh):
            return self.read_exactly(raw, quality)
        return Sampled(values, import_wh, {})

    def read_exactly(self, raw: bytes, quality: bytes | None) -> Sampled:
        """The same by way of exact quantities."""
        ratio = Fraction(*self._ct)
        exact = self._profile.decode(raw, quality, interval=False, ct=ratio, vt=self._vt)
        names = tuple(register.name for register in self._profile.registers)
        doubts: dict[str, tuple[str, ...]] = {}
        for doubt in (
            *plausibility.of_quality(names, quality),
            *plausibility.judge(exact, self._profile, self._ct, self._vt),
        ):
            doubts[doubt.code] = doubts.get(doubt.code, ()) + doubt.quantities
        values = {name: quantity.value for name, quantity in exact.items()}
        import_wh = values.pop(IMPORT, None)
        floats = {name: _float(value) for name, value in values.items()}
        known = {name: value for name, value in floats.items() if value is not None}
        return Sampled(known, import_wh, doubts)

    def _plan(self, quality: bytes | None) -> "_Plan | None":
        if quality not in self._plans:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            self._plans[quality] = _plan(self._profile.registers, self._ct, self._vt, quality)
        return self._plans[quality]


class _Plan:
    """How the good values of a reading lie in its bytes, and what makes numbers of them."""

    def __init__(
        self,
        layout: str,
        order: tuple[int, ...] | None,
        names: list[str],
        converts: list[_Convert],
        billed: "tuple[int, Callable[[Any], Fraction | None]] | None",
    ) -> None:
        packed = struct.Struct(layout)
        self.size = packed.size
        self._unpack = packed.unpack
        self._reorder = None if order is None else itemgetter(*order)
        self._fields = list(zip(names, converts, strict=True))
        self._billed = billed

    def read(self, raw: bytes) -> tuple[dict[str, float], Fraction | None]:
        if self._reorder is not None:
            raw = bytes(self._reorder(raw))
        numbers = list(self._unpack(raw))
        import_wh = None
        if self._billed is not None:
            at, exact = self._billed
            import_wh = exact(numbers.pop(at))
        values = {}
        for (name, convert), number in zip(self._fields, numbers, strict=True):
            value = convert(number)
            if value is not None:
                values[name] = value
        return values, import_wh


def _plan(
    registers: tuple[Register, ...], ct: Pair, vt: Fraction, quality: bytes | None
) -> _Plan | None:
    """None where only the exact way will do."""
    codes = bytes(len(registers)) if quality is None else quality
    if len(codes) != len(registers) or any(code not in (_GOOD, *_NO_BYTES) for code in codes):
        return None
    layout, names, converts = ">", list[str](), list[_Convert]()
    order, billed, start = list[int](), None, 0
    for register, code in zip(registers, codes, strict=True):
        if not _is_plain(register):
            return None
        if code != _GOOD:
            continue
        ratio = register.ratio(Fraction(*ct), vt)
        scale: _OfWhole | _OfFloat
        if register.type in FLOATS:
            scale = (_OfFolded if register.four_quadrants else _OfFloat)(register, ratio)
        else:
            scale = _OfWhole(register, ratio)
        if register.name == IMPORT:
            billed = len(names), scale.exact
        else:
            names.append(register.name)
            converts.append(scale.converter())
        layout += _CODES[register.type]
        size = register.layout.size
        places = register.layout.ordered(bytes(range(size)))
        order += [start + place for place in places]
        start += size
    is_in_order = order == list(range(start))
    return _Plan(layout, None if is_in_order else tuple(order), names, converts, billed)


def _is_plain(register: Register) -> bool:
    """A number times a scale that stands fast, in a type that `struct` knows."""
    zeros = {bytes(register.layout.size), b"\x80".ljust(register.layout.size, b"\0")}
    return (
        register.type in _CODES
        and register.exponent is None
        and (register.type in FLOATS or not register.four_quadrants)
        and not register.is_exponent
        and not register.name.endswith(SECOND_TARIFF)
        and not (register.type in FLOATS and register.no_value & zeros)  # 0.0 equals -0.0
    )


def _no_values(register: Register) -> frozenset[Any]:
    code = ">" + _CODES[register.type]
    return frozenset(struct.unpack(code, each)[0] for each in register.no_value)


class _OfWhole:
    """An integer register."""

    def __init__(self, register: Register, ratio: Fraction) -> None:
        self._scale = register.scale * ratio
        self._no_values = _no_values(register)

    def converter(self) -> _Convert:
        """A closure: it is called a dozen times for each sample."""
        numerator, denominator = self._scale.as_integer_ratio()
        none = self._no_values
        return lambda number: None if number in none else number * numerator / denominator

    def exact(self, number: int) -> Fraction | None:
        return None if number in self._no_values else number * self._scale


class _OfFloat:
    """A float register: a number of steps, which are the instrument's or the float's own."""

    def __init__(self, register: Register, ratio: Fraction) -> None:
        _, exponent_bits, self._mantissa_bits = FLOATS[register.type]
        self._scale, self._quantum, self._ratio = register.scale, register.quantum, ratio
        self._register = register
        self._no_values = _no_values(register)
        self._steps = float(register.scale / register.quantum)
        self._per_quantum = float(1 / register.quantum)
        self._step = register.quantum * ratio
        self._numerator, self._denominator = self._step.as_integer_ratio()
        self._own = (register.scale * ratio).as_integer_ratio()
        # the exponent of the widest spacing that is not wider than the instrument's step
        widest = _log2(register.quantum / register.scale)
        lowest = 2 - (1 << exponent_bits - 1) - self._mantissa_bits
        self._from = 2.0 ** (widest + self._mantissa_bits + 1) if widest >= lowest else 0.0

    def converter(self) -> _Convert:
        """A closure: it is called a dozen times for each sample."""
        bound, per_step, no_values = self._from, self._steps, self._no_values
        numerator, denominator = self._numerator, self._denominator

        def value(number: float) -> float | None:
            if -bound < number < bound:
                steps = number * per_step
                count = round(steps)
                if -_CERTAIN < steps - count < _CERTAIN and -_MOST_STEPS < steps < _MOST_STEPS:
                    if no_values and number in no_values:
                        return None
                    return count * numerator / denominator
            exact = self.exact(number)
            return None if exact is None else _float(exact)

        return value

    def exact(self, number: float) -> Fraction | None:
        if number - number != 0 or number in self._no_values:  # no number, or infinite
            return None
        if abs(number) < self._from:
            steps = number * self._steps
            count = round(steps)
            if -_CERTAIN < steps - count < _CERTAIN and -_MOST_STEPS < steps < _MOST_STEPS:
                return Fraction(count * self._numerator, self._denominator)
            return round(Fraction(number) * self._scale / self._quantum) * self._step
        return Fraction(number) * Fraction(*self._own)


class _OfFolded(_OfFloat):
    """A power factor in four quadrants: beyond 1 it is told as 2 less itself."""

    def converter(self) -> _Convert:
        plain = super().converter()
        near = 0.0 if self._scale == 1 else _NEAR

        def value(number: float) -> float | None:
            told = abs(number) * float(self._scale)
            if told <= 1 - near:
                return plain(number)
            if 1 + near < told <= 2 - near and abs(number) < self._from:
                steps = (2 - told) * self._per_quantum
                count = round(steps)
                if -_CERTAIN < steps - count < _CERTAIN and number not in self._no_values:
                    return (count if number > 0 else -count) * self._numerator / self._denominator
            exact = self.exact(number)
            return None if exact is None else _float(exact)

        return value

    def exact(self, number: float) -> Fraction | None:
        layout = self._register.layout
        ordered = struct.pack(">" + _CODES[layout.type], number)
        quantity = self._register.decode(layout.ordered(ordered), Fraction(1), Fraction(1))
        return None if quantity is None else quantity.value


def _log2(value: Fraction) -> int:
    """The greatest integer whose power of two is not above a positive value."""
    guess = value.numerator.bit_length() - value.denominator.bit_length()
    return guess if Fraction(2) ** guess <= value else guess - 1


def _float(value: Fraction) -> float | None:
    """None for what is beyond all floats: no instrument has measured it."""
    try:
        return float(value)
    except OverflowError:
        return None
