"""`esep device check`: is a meter read rightly? Each reads it by the board."""

import re
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Literal

import typer

from collector.model.limits import Pair
from technician import bus as buses
from technician.asking import given
from technician.checks import display as display_check
from technician.checks import quantum as quantum_check
from technician.checks import ratios as ratios_check
from technician.checks import wiring as wiring_check
from technician.checks import word_order as word_order_check
from technician.checks.outcome import Outcome
from technician.console import Console
from technician.faults import BagError, Code
from technician.meter_options import (
    AsJson,
    Bus,
    Ct,
    LineText,
    Port,
    ProfileName,
    Tcp,
    Unit,
    Vt,
    load_profile,
    pair,
    place,
    ratio,
)
from technician.meter_reading import MeterReading
from technician.outcome import failed
from technician.ports import the_port
from technician.telling import tell

app = typer.Typer(no_args_is_help=True, help="Is a meter read rightly?")

Kilowatts = Annotated[
    str | None, typer.Option("--contracted-kw", help="contracted power of the site")
]
ShownUnit = Literal["Wh", "kWh", "MWh", "GWh"]
Read = Callable[[], MeterReading]
Judge = Callable[[Read, Pair, Fraction], list[Outcome]]


@app.command("word-order")
def word_order(
    unit: Unit = 1,
    profile: ProfileName = None,
    ct: Ct = "1/1",
    vt: Vt = "1/1",
    bus: Bus = 0,
    tcp: Tcp = None,
    line: LineText = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Which of the four orders of words and bytes gives volts and hertz."""

    def judge(read: Read, ct: Pair, vt: Fraction) -> list[Outcome]:
        return [word_order_check.judged(read(), Fraction(*ct), vt)]

    _check(judge, unit, profile, (ct, vt), bus, tcp, line, port, as_json=as_json)


@app.command()
def wiring(
    unit: Unit = 1,
    profile: ProfileName = None,
    ct: Ct = "1/1",
    vt: Vt = "1/1",
    bus: Bus = 0,
    tcp: Tcp = None,
    line: LineText = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Voltages, directions, phases and power factor, and the ratios that the meter is set to."""

    def judge(read: Read, ct: Pair, vt: Fraction) -> list[Outcome]:
        reading = read()
        return [
            ratios_check.judged(reading, Fraction(*ct), vt),
            *wiring_check.judged(reading, ct, vt),
        ]

    _check(judge, unit, profile, (ct, vt), bus, tcp, line, port, as_json=as_json)


@app.command()
def quantum(
    contracted_kw: Kilowatts = None,
    unit: Unit = 1,
    profile: ProfileName = None,
    ct: Ct = "1/1",
    vt: Vt = "1/1",
    bus: Bus = 0,
    tcp: Tcp = None,
    line: LineText = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Is the energy register's step fine enough for the contracted power?"""

    ask = sys.stdin.isatty() and not as_json
    try:
        text = given(contracted_kw, "--contracted-kw", "contracted power in kW", ask=ask)
        contracted_w = _kilowatts(text)
    except BagError as error:
        raise failed(error, as_json=as_json) from None

    def judge(read: Read, ct: Pair, vt: Fraction) -> list[Outcome]:
        return [quantum_check.judged(read(), Fraction(*ct), vt, contracted_w)]

    _check(judge, unit, profile, (ct, vt), bus, tcp, line, port, as_json=as_json)


@app.command()
def display(
    shown: Annotated[str | None, typer.Option(help="import energy as the display has it")] = None,
    shown_unit: Annotated[ShownUnit, typer.Option(help="of the display")] = "kWh",
    unit: Unit = 1,
    profile: ProfileName = None,
    ct: Ct = "1/1",
    vt: Vt = "1/1",
    bus: Bus = 0,
    tcp: Tcp = None,
    line: LineText = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Compare the meter's display with its register, which is read before and after."""

    def judge(read: Read, ct: Pair, vt: Fraction) -> list[Outcome]:
        before = read()
        ask = sys.stdin.isatty() and not as_json
        text = given(shown, "--shown", f"import on the display, in {shown_unit}", ask=ask)
        try:
            display_check.typed(text)
            return [display_check.judged(text, shown_unit, before, read(), Fraction(*ct), vt)]
        except display_check.NotADisplayError as error:
            raise BagError(Code.WRONG_VALUE, str(error)) from None

    _check(judge, unit, profile, (ct, vt), bus, tcp, line, port, as_json=as_json)


def _check(
    judge: Judge,
    unit: int,
    profile_name: str | None,
    plates: tuple[str, str],
    bus: int,
    tcp: str | None,
    line: str | None,
    port: str | None,
    *,
    as_json: bool,
) -> None:
    ask = sys.stdin.isatty() and not as_json
    try:
        name = given(profile_name, "--profile", "the meter's profile", ask=ask)
        profile = load_profile(name)
        where = place(bus, tcp, line, profile)
        ct, vt = pair(plates[0]), ratio(plates[1])
        with Console(port or the_port()) as console:

            def read() -> MeterReading:
                reading = buses.read(console, where, unit, profile)
                if reading.is_silent:
                    what = f"address {unit} does not answer at {where}"
                    raise BagError(Code.NO_METER, what)
                return reading

            outcomes = judge(read, ct, vt)
    except BagError as error:
        raise failed(error, as_json=as_json) from None
    tell(outcomes, {"unit": unit, "profile": profile.name}, as_json=as_json)


def _kilowatts(text: str) -> Fraction:
    """Raises BagError."""
    if not re.fullmatch(r"\d{1,9}([.,]\d{1,3})?", text.strip()):
        raise BagError(Code.WRONG_VALUE, f"{text!r}: write the power in kW, like 1250 or 630.5")
    kilowatts = Fraction(text.strip().replace(",", "."))
    if not kilowatts:
        raise BagError(Code.WRONG_VALUE, "the contracted power is more than zero")
    return kilowatts * 1000
