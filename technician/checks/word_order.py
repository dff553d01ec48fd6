"""Whether words and bytes come in the order of the profile: which order gives volts and hertz."""

from fractions import Fraction
from itertools import product

from collector.model.energy import Quantity
from technician.checks.limits import limits
from technician.checks.outcome import Outcome
from technician.checks.words import shown
from technician.meter_reading import MeterReading, turned_layout
from technician.register_sheet import order

CHECK = "word-order"

_VOLTAGES = ("voltage_l1", "voltage_l2", "voltage_l3", "voltage_l12", "voltage_l23", "voltage_l31")
_FREQUENCY = "frequency"
_AS_THE_PROFILE = (False, False)

Turn = tuple[bool, bool]
"""Words turned round, bytes turned round, against the profile."""


def judged(reading: MeterReading, ct: Fraction, vt: Fraction) -> Outcome:
    """The four orders are tried on all that is voltage or frequency and not zero."""
    parts = reading.parts()
    told = [name for name in (*_VOLTAGES, _FREQUENCY) if any(parts.get(name, b""))]
    if not any(name in _VOLTAGES for name in told):
        return Outcome(
            CHECK,
            None,
            "no voltage was read: the meter shows zero, or did not answer",
            "switch the supply of the meter's voltage inputs on, and check their fuses",
            {},
        )
    orders: dict[Turn, dict[str, Quantity]] = {
        (words, octets): reading.turned(ct, vt, words=words, octets=octets)
        for words, octets in product((False, True), repeat=2)
    }
    layout = max(
        (each.layout for each in reading.profile.registers if each.name in told),
        key=lambda each: each.registers,
    )
    named = {turn: order(turned_layout(layout, words=turn[0], octets=turn[1])) for turn in orders}
    fitting = [turn for turn, values in orders.items() if _fits(told, values)]
    names = [named[turn] for turn in fitting]
    facts: dict[str, str | int] = {
        "profile_order": named[_AS_THE_PROFILE],
        "fitting_orders": " ".join(names),
    }
    if not fitting:
        facts |= _exactly(told, orders[_AS_THE_PROFILE])
        return Outcome(
            CHECK,
            False,
            f"none of the four orders gives a voltage and a frequency; as the profile has it: "
            f"{_words(told, orders[_AS_THE_PROFILE])}",
            "it is another meter than the profile's, or other registers: run identify",
            facts,
        )
    facts |= _exactly(told, orders[fitting[0]])
    found = _words(told, orders[fitting[0]])
    if len(fitting) > 1:
        return Outcome(
            CHECK,
            None,
            f"{' and '.join(names)} all give {found}: volts and hertz do not tell them apart here",
            "compare the energy with the display: only the right order gives the same",
            facts,
        )
    if fitting != [_AS_THE_PROFILE]:
        return Outcome(
            CHECK,
            False,
            f"the meter sends {named[fitting[0]]}, which gives {found}; the profile expects"
            f" {named[_AS_THE_PROFILE]}",
            "set the meter's order back to its maker's, if it can be set; else it is another meter"
            " than the profile's: run identify",
            facts,
        )
    return Outcome(CHECK, True, f"{named[fitting[0]]}, as the profile has it: {found}", None, facts)


def _fits(told: list[str], values: dict[str, Quantity]) -> bool:
    for name in told:
        if name not in values:
            return False
        value = values[name].value
        if name == _FREQUENCY:
            if not limits().is_frequency(value):
                return False
        elif limits().nominal_v(name, value) is None:
            return False
    return True


def _words(told: list[str], values: dict[str, Quantity]) -> str:
    said = [
        f"{name} {shown(values[name].value, 'Hz' if name == _FREQUENCY else 'V')}"
        for name in (*told[:1], *(name for name in told[1:] if name == _FREQUENCY))
        if name in values
    ]
    return ", ".join(said) or "no numbers"


def _exactly(told: list[str], values: dict[str, Quantity]) -> dict[str, str | int]:
    return {name: str(values[name].value) for name in told if name in values}
