"""Simulated instruments on a bench: wired as one likes, read by their registers."""

from collections.abc import Callable, Mapping
from fractions import Fraction
from random import Random

from pymodbus.constants import ExcCodes
from rs485 import Answer

from collector.model.profile import Profile
from collector.model.profile_files import METERS
from simulator import rtu
from simulator.electrical import Value
from simulator.instrument import METERS_DIR, load_profile
from simulator.meter import Meter
from simulator.plant import Point, SitePlant
from simulator.scenario import MeterSpec
from simulator.stage import StageRating
from technician.meter_reading import MeterReading

CT, VT = Fraction(1000, 5), Fraction(1)

Values = Mapping[str, Value]
Wires = Callable[[Values], Values]
_GOOD, _EXCEPTION = 0, 3


class Bench(SitePlant):
    """Ten seconds under load; `wires`: what the meter's terminals get of what there is."""

    def __init__(self, load_w: int = 400_000, wires: Wires = dict) -> None:
        super().__init__("A", [StageRating(1, 500_000, 1.0)], 4_000, seed=1, start_s=0.0)
        self._wires = wires
        self.energise(0.0)
        if load_w:
            self.set_load(1, load_w)
            self.set_breaker(1, closed=True)
        self.advance(10.0)

    def values(self, point: Point, nominal_phase_v: float) -> dict[str, Value]:
        return dict(self._wires(super().values(point, nominal_phase_v)))


def profile(name: str) -> Profile:
    return Profile.parse((METERS / f"{name}.toml").read_bytes())


def meter(name: str, plant: SitePlant | None = None, **spec: object) -> Meter:
    """Behind CTs 1000/5 where it can be."""
    loaded = profile(name)
    is_direct = loaded.instrument.connection == "direct"
    described = {
        "slot": 0,
        "serial": "26010001",
        "profile": name,
        "unit": 1,
        "point": 1,
        "ct": (1, 1) if is_direct else (1000, 5),
        "wiring": loaded.instrument.wiring[-1],
        "register_base_wh": "5123000",
    } | spec
    site = plant or Bench(20_000 if is_direct else 400_000)
    simulated = load_profile(METERS_DIR / f"{name}.toml")
    return Meter(MeterSpec.model_validate(described), simulated, site, Random(1))


def on_bus(played: Meter) -> Answer:
    def answer(function: int, address: int, count: int) -> bytes:
        found = played.answer(function, address, count)
        if isinstance(found, ExcCodes):
            return rtu.exception_frame(played.spec.unit, function, found)
        return rtu.answer_frame(played.spec.unit, function, _bytes(found))

    return answer


def reading(played: Meter, by: Profile | str | None = None) -> MeterReading:
    """What its registers hold, asked for by a profile, one quantity after another."""
    asked = by if isinstance(by, Profile) else profile(by or played.profile.name)
    raw, quality = _read(
        played, [(asked.function, each.address, each.registers) for each in asked.registers]
    )
    identity = _read(played, [(each.function, *each.request) for each in asked.identity])
    return MeterReading(asked, raw, quality, *identity)


def _read(played: Meter, requests: list[tuple[int, int, int]]) -> tuple[bytes, bytes]:
    raw, quality = b"", b""
    for request in requests:
        found = played.answer(*request)
        if isinstance(found, ExcCodes):
            quality += bytes([_EXCEPTION])
        else:
            raw += _bytes(found)
            quality += bytes([_GOOD])
    return raw, quality


def _bytes(words: list[int]) -> bytes:
    return b"".join(word.to_bytes(2, "big") for word in words)
