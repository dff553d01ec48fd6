"""The meter's display against what is read from its register."""

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from collector.model.energy import IMPORT, Quantity
from technician.checks.outcome import Outcome
from technician.meter_reading import MeterReading

CHECK = "display"

UNITS_WH = {"Wh": 1, "kWh": 1_000, "MWh": 1_000_000, "GWh": 1_000_000_000}


class NotADisplayError(ValueError):
    """What was typed is no reading of a display; says why."""


def typed(text: str) -> Decimal:
    """What is on a display: digits, with a point or a comma. Raises NotADisplayError."""
    plain = "".join(text.split()).replace(",", ".")
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise NotADisplayError(f"{text!r} is no number: type the digits as they stand") from None
    if not plain.replace(".", "", 1).isdigit():
        raise NotADisplayError(f"{text!r}: type the digits as they stand, without sign or exponent")
    return number


def judged(
    text: str, unit: str, before: MeterReading, after: MeterReading, ct: Fraction, vt: Fraction
) -> Outcome:
    """`before` and `after` are read around his looking: what flowed meanwhile is between them.

    It may be off by the display's last digit and the register's step. Raises NotADisplayError.
    """
    number = typed(text)
    first, last = (each.values(ct, vt).get(IMPORT) for each in (before, after))
    facts: dict[str, str | int] = {"display": str(number), "unit": unit}
    if first is None or last is None:
        return Outcome(
            CHECK,
            None,
            f"{IMPORT} was not read before and after",
            "find out why the meter does not answer: run identify",
            facts,
        )
    digit_wh = Fraction(10) ** int(number.as_tuple().exponent) * UNITS_WH[unit]
    shown_wh = Fraction(number) * UNITS_WH[unit]
    facts |= {
        "display_wh": str(shown_wh),
        "before_wh": str(first.value),
        "after_wh": str(last.value),
        "tolerance_wh": str(digit_wh + max(first.quantum, last.quantum)),
    }
    read = f"{_in(first.value, unit)} to {_in(last.value, unit)} {unit} was read"
    if _is_between(shown_wh, digit_wh, first, last):
        return Outcome(CHECK, True, f"{number} {unit} on the display; {read}", None, facts)
    why = f"{number} {unit} is on the display; {read}"
    return Outcome(CHECK, False, why, _cure(shown_wh, digit_wh, first, last, ct * vt), facts)


def _is_between(shown_wh: Fraction, digit_wh: Fraction, first: Quantity, last: Quantity) -> bool:
    room_wh = digit_wh + max(first.quantum, last.quantum)
    return first.value - room_wh <= shown_wh <= last.value + room_wh


def _cure(
    shown_wh: Fraction, digit_wh: Fraction, first: Quantity, last: Quantity, ratio: Fraction
) -> str:
    """What else he may have seen: each explains it, none is taken for granted."""
    if ratio != 1 and _is_between(shown_wh * ratio, digit_wh * ratio, first, last):
        return (
            f"it fits times {ratio}: the display shows the secondary side; set the meter's ratios,"
            " or choose a profile whose registers are secondary"
        )
    if ratio != 1 and _is_between(shown_wh / ratio, digit_wh / ratio, first, last):
        return (
            f"it fits divided by {ratio}: the register is of the secondary side, or the profile"
            " applies no ratio where it must"
        )
    for factor in (1000, 10, 100):
        if _is_between(shown_wh * factor, digit_wh * factor, first, last):
            return f"it fits times {factor}: look at the unit and the decimal point on the display"
        if _is_between(shown_wh / factor, digit_wh / factor, first, last):
            return f"it fits divided by {factor}: look at the unit and the decimal point"
    return (
        "look whether it is the import total of all tariffs (1.8.0) of this very meter: compare its"
        " serial number; then run the word order's check"
    )


def _in(value_wh: Fraction, unit: str) -> str:
    value = value_wh / UNITS_WH[unit]
    return f"{Decimal(value.numerator) / Decimal(value.denominator):f}"
