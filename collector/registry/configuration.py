"""Compiles a gateway's signed configuration from the register and the meter profiles."""

from fractions import Fraction
from math import ceil
from typing import Any

from collector.evidence.cose import ContentType
from collector.evidence.downlink import Signer
from collector.model.actuator import load_actuator
from collector.model.decoding import FLOATS, Register
from collector.model.energy import IMPORT, energy_in
from collector.model.limits import greatest_power_w
from collector.model.plausibility import POWER
from collector.model.profile import Profile
from collector.model.quantities import SECOND_TARIFF
from collector.model.records import Gateway, Line, Meter, RtuBus, Site, Stage, TcpBus
from collector.registry.profiles import load_profile
from collector.registry.return_slots import return_slots, slot_of
from collector.registry.view import View

_PARITY = {"none": 0, "even": 1, "odd": 2}
_FORMS = {"uint": 1, "int": 2, "float": 3, "bcd": 4}
_OPAQUE = 0
_MAX_UINT32 = 2**32 - 1
_LOW_WORD_FIRST, _LOW_BYTE_FIRST = 8, 16
_FLOAT_FRACTIONS = 1024
_FLOAT_STEP = 2
"""A float32 steps by no more than two units below 33.5 million of them."""
_LEAST_EXPONENT = -6
"""Where a register tells it; it bounds how fast a count can rise, and no count may fall."""
_STALE_MS = 300_000
"""Measurements unchanged for so long are stale, where the profile states no refresh."""
_STALE_LEAST_MS, _STALE_UPDATES = 60_000, 10


def compile_configuration(
    view: View, gateway_id: str, issued_ms: int, signer: Signer, *, meters_ms: int | None = None
) -> bytes:
    """The signed configuration message; its version is the time of issue, its meters those of then.

    `meters_ms`: its meters are those of another moment, for an exchange that is planned.

    Raises UnknownError, ProfileError or ActuatorError when something named is not there.
    """
    gateway = view.one(Gateway, gateway_id)
    site = view.one(Site, gateway.site)
    at_ms = issued_ms if meters_ms is None else meters_ms
    meters = [meter for meter in view.meters_of(site.name, at_ms) if meter.gateway == gateway_id]
    slots = return_slots(view, site.zone, issued_ms)
    payload = {
        0: 1,
        1: bytes.fromhex(gateway_id),
        2: issued_ms,
        3: issued_ms,
        4: site.name,
        5: site.zone,
        6: [gateway.timing.interval_ms, gateway.timing.sample_ms, gateway.timing.frame_ms],
        7: [_bus(bus) for bus in gateway.buses],
        8: [compile_meter(meter, load_profile(meter.profile)) for meter in meters],
        9: [compile_stage(stage, slot_of(slots, site, stage)) for stage in site.stages],
    }
    return signer.seal(ContentType.CONFIGURATION, payload)


def compile_stage(stage: Stage, slot: list[int] | None = None) -> dict[int, Any]:
    """A `stage` of docs/wire-format.cddl; raises ActuatorError."""
    compiled: dict[int, Any] = {
        0: stage.id,
        1: stage.output,
        2: stage.min_off_ms,
        3: stage.min_on_ms,
        4: stage.confirm_ms,
    }
    if stage.actuator is not None:
        compiled[5] = load_actuator(stage.actuator).compiled
    if stage.soft_stop is not None:
        compiled[6] = [stage.soft_stop.output, stage.soft_stop.run_down_ms]
    if stage.cooling is not None:
        compiled[7] = [stage.cooling.output, stage.cooling.run_on_ms]
    if any(number is not None for number in stage.inputs.wired):
        compiled[8] = list(stage.inputs.wired)
    if stage.permission is not None:
        compiled[9] = stage.permission
    if slot is not None:
        compiled[10] = slot
    return compiled


def _bus(bus: RtuBus | TcpBus) -> list[Any]:
    return [1, bus.host, bus.port] if isinstance(bus, TcpBus) else [0, *_line(bus)]


def _line(line: Line) -> list[int]:
    return [line.baud, _PARITY[line.parity], line.stop_bits]


def compile_meter(meter: Meter, profile: Profile) -> dict[int, Any]:
    """A `meter` of docs/wire-format.cddl: all that a gateway must know to read it."""
    ct, vt = Fraction(*meter.ct), Fraction(*meter.vt)
    power_w = greatest_power_w(profile, meter.ct, vt)
    manners = [
        profile.timeout_ms if meter.timeout_ms is None else meter.timeout_ms,
        profile.gap_ms if meter.gap_ms is None else meter.gap_ms,
        meter.retries,
        None if meter.line is None else _line(meter.line),
    ]
    compiled = {
        0: meter.slot,
        1: meter.serial,
        2: profile.name,
        3: profile.sha256,
        4: meter.bus,
        5: meter.unit,
        6: list(meter.ct),
        7: list(meter.vt),
        8: profile.function,
        9: manners,
        10: _stale_ms(profile),
        11: _requests(profile, interval=False),
        12: [
            _quantity(entry, profile, power_w, entry.ratio(ct, vt)) for entry in profile.registers
        ],
        13: _requests(profile, interval=True),
        14: [[entry.function, *entry.request] for entry in profile.identity],
    }
    if (measure := _measure(meter, profile, power_w)) is not None:
        compiled[15] = measure
    return compiled


def is_counted(meter: Meter, profile: Profile) -> bool:
    """Whether a gateway can tell by itself what the meter measures."""
    vt = Fraction(*meter.vt)
    return _measure(meter, profile, greatest_power_w(profile, meter.ct, vt)) is not None


def _measure(meter: Meter, profile: Profile, most_w: Fraction) -> list[int] | None:
    """How the meter's energy and power count, and of what; None: they do not, by themselves.

    Not of generation or the protected floor, nor where an energy is a sum of tariffs, or another
    register scales it.
    """
    if meter.point in ("generation", "floor"):
        return None
    by_name = {entry.name: place for place, entry in enumerate(profile.registers)}
    if IMPORT + SECOND_TARIFF in by_name:
        return None
    measure = [meter.point if isinstance(meter.point, int) else 0]
    ct, vt = Fraction(*meter.ct), Fraction(*meter.vt)
    for name in (IMPORT, POWER):
        place = by_name.get(name)
        if place is None:
            return None
        register = profile.registers[place]
        scale = register.scale * register.ratio(ct, vt)
        if register.type in FLOATS:
            scale /= _FLOAT_FRACTIONS
        is_interval = register.interval or name == POWER
        if register.exponent is not None or not is_interval or scale.denominator > _MAX_UINT32:
            return None
        form = [_form(register)] if name == POWER else []
        measure += [place, *form, scale.numerator, scale.denominator]
    return [*measure, ceil(most_w)]


def _requests(profile: Profile, *, interval: bool) -> list[list[int]]:
    return [list(request) for request in profile.requests(interval=interval)]


def _stale_ms(profile: Profile) -> int:
    update_ms = profile.instrument.update_ms
    return _STALE_MS if update_ms is None else max(_STALE_LEAST_MS, _STALE_UPDATES * update_ms)


def _quantity(
    register: Register, profile: Profile, power_w: Fraction, ratio: Fraction
) -> list[int]:
    place = [register.address, register.registers]
    return [*place, *_counted(register, profile, power_w, ratio)] if register.interval else place


def _form(register: Register) -> int:
    return (
        _FORMS[register.type.rstrip("0123456789")]
        + _LOW_WORD_FIRST * register.layout.low_word_first
        + _LOW_BYTE_FIRST * register.layout.low_byte_first
    )


def _counted(
    register: Register, profile: Profile, power_w: Fraction, ratio: Fraction
) -> tuple[int, int]:
    """The form of an energy's registers, and the most that it can rise by in a second."""
    if not register.is_energy:
        return _OPAQUE, 0
    form = _form(register)
    delay_ms = max(1000, profile.instrument.update_ms or 0)
    counts = max(energy_in(power_w, delay_ms) / ratio, register.quantum) / register.scale
    if register.exponent is not None:
        counts /= Fraction(10) ** _LEAST_EXPONENT
    if register.type in FLOATS:
        return form, ceil(max(counts, Fraction(_FLOAT_STEP)) * _FLOAT_FRACTIONS)
    return form, ceil(counts)
