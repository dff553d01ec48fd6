"""Meters as the gateway reads them, by the checks of what is on the bus and how it is wired."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from collector.model.profile import Profile
from collector.model.profile_files import METERS
from technician import bus
from technician.base_image import read_file
from technician.bus import Line, Place, SerialPlace, TcpPlace
from technician.checks import display, quantum, ratios, wiring, word_order
from technician.checks.outcome import Outcome
from technician.commission.visit import Visit
from technician.console import Console
from technician.faults import BagError, Code
from technician.meter_reading import MeterReading

_BUSES, _METERS = 7, 8
_SERIAL, _PROFILE, _HASH, _BUS, _UNIT, _CT, _VT = 1, 2, 3, 4, 5, 6, 7
_PARITIES = ("none", "even", "odd")


def profile_of(meter: Mapping[int, Any]) -> Profile:
    """As the configuration names it. Raises BagError."""
    content = read_file(METERS / f"{meter[_PROFILE]}.toml")
    if hashlib.sha256(content).digest() != meter[_HASH]:
        raise BagError(
            Code.NO_FILE, f"profile {meter[_PROFILE]} is not the one of the configuration"
        )
    return Profile.parse(content)


def wired(visit: Visit) -> Iterator[Outcome]:
    """Word order, ratios, voltages, directions, phases, power factor: of each meter."""
    with visit.open_board() as console:
        for meter in visit.case.body()[_METERS]:
            reading = _read(console, visit, meter)
            ct, vt = Fraction(*meter[_CT]), Fraction(*meter[_VT])
            yield _of(meter, word_order.judged(reading, ct, vt))
            yield _of(meter, ratios.judged(reading, ct, vt))
            pair = (meter[_CT][0], meter[_CT][1])
            yield from (_of(meter, each) for each in wiring.judged(reading, pair, vt))


def fine(visit: Visit) -> Iterator[Outcome]:
    """The step of each delivery meter's energy register, of the contracted power."""
    try:
        contracted_w = Fraction(visit.answers.get("contracted-kw", "").replace(",", ".")) * 1000
    except ValueError:
        contracted_w = Fraction(0)
    if contracted_w <= 0:
        yield Outcome(quantum.CHECK, False, "no contracted power", "in kW, like 1250 or 630.5", {})
        return
    points = {each["serial"]: each.get("point") for each in visit.case.plan.get("meter", ())}
    with visit.open_board() as console:
        for meter in visit.case.body()[_METERS]:
            if points.get(meter[_SERIAL]) == "delivery":
                reading = _read(console, visit, meter)
                ct, vt = Fraction(*meter[_CT]), Fraction(*meter[_VT])
                yield _of(meter, quantum.judged(reading, ct, vt, contracted_w))


def shown(visit: Visit) -> Iterator[Outcome]:
    """The register is read, then he says what the display shows, and it is read again."""
    with visit.open_board() as console:
        for meter in visit.case.body()[_METERS]:
            before = _read(console, visit, meter)
            text = visit.answers.get(f"shown/{meter[_SERIAL]}", "")
            number, _, unit = text.strip().rpartition(" ")
            after = _read(console, visit, meter)
            ct, vt = Fraction(*meter[_CT]), Fraction(*meter[_VT])
            try:
                display.typed(number)
                if unit not in _UNITS:
                    raise display.NotADisplayError(f"{text!r} ends with no unit")
                found = display.judged(number, unit, before, after, ct, vt)
            except display.NotADisplayError as error:
                cure = f"number and unit, like 1234.5 kWh; units: {', '.join(_UNITS)}"
                found = Outcome("display", False, str(error), cure, {})
            yield _of(meter, found)


_UNITS = ("Wh", "kWh", "MWh", "GWh")


def _read(console: Console, visit: Visit, meter: Mapping[int, Any]) -> MeterReading:
    place = _place(visit.case.body()[_BUSES][meter[_BUS]], meter)
    reading = bus.read(console, place, meter[_UNIT], profile_of(meter))
    if reading.is_silent:
        what = f"meter {meter[_SERIAL]} does not answer at {place}, address {meter[_UNIT]}"
        raise BagError(Code.NO_METER, what)
    return reading


def _place(told: list[Any], meter: Mapping[int, Any]) -> Place:
    if told[0]:
        return TcpPlace(told[1], told[2])
    baud, parity, stop_bits = told[1:]
    return SerialPlace(meter[_BUS], Line(baud, _PARITIES[parity], stop_bits))


def _of(meter: Mapping[int, Any], outcome: Outcome) -> Outcome:
    return replace(outcome, facts={"meter": meter[_SERIAL], **outcome.facts})
