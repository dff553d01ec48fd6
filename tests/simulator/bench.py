"""Any instrument of `hardware/meters/` at a load that suits it, and what its registers must say."""

from fractions import Fraction
from typing import Any

import pytest
from profile_reader import PROFILES, Entry, document, quantities

from simulator.instrument import METERS_DIR, load_profile
from simulator.meter import Meter, Values
from simulator.plant import SitePlant, generator
from simulator.scenario import MeterSpec
from simulator.stage import StageRating

STAGE = 1
LOAD_W = {"direct": 6_000, "either": 6_000, "transformer": 900_000}
CT = {"direct": (1, 1), "either": (1, 1), "transformer": (100, 5)}
VT = {"direct": (1, 1), "either": (1, 1), "transformer": (10_000, 100)}
EXPONENTS = {"A": -1, "V": 0, "W": -1, "VA": -1, "var": -1, "Wh": 1, "varh": 1, "VAh": 1}
SERIAL = "26010001"

AT_WIRINGS = [
    pytest.param(profile, wiring, id=f"{profile}-{wiring}")
    for profile in PROFILES
    for wiring in document(profile)["instrument"]["wiring"]
]


def first_wiring(profile: str) -> str:
    return str(document(profile)["instrument"]["wiring"][0])


def connection(profile: str) -> str:
    return str(document(profile)["instrument"]["connection"])


def spec(profile: str, wiring: str, **changes: Any) -> dict[str, Any]:
    """A meter of a scenario."""
    kind = connection(profile)
    return {
        "slot": 0,
        "serial": SERIAL,
        "profile": profile,
        "unit": 1,
        "point": STAGE,
        "ct": CT[kind],
        "vt": VT[kind],
        "wiring": wiring,
        "register_base_wh": "5123456.7",
        "exponents": {
            each.field["exponent"]: _exponent(each)
            for each in quantities(profile)
            if "exponent" in each.field
        },
    } | changes


def meter(profile: str, wiring: str, **changes: Any) -> Meter:
    """At a stage that has not begun to draw."""
    rating = StageRating(STAGE, LOAD_W[connection(profile)], 1.0)
    plant = SitePlant("A", [rating], 0, seed=1, start_s=0.0)
    loaded = load_profile(METERS_DIR / f"{profile}.toml")
    described = MeterSpec.model_validate(spec(profile, wiring, **changes))
    return Meter(described, loaded, plant, generator("bench"))


def run(meter: Meter, until_s: float) -> None:
    meter.plant.energise(0.0)
    meter.plant.set_breaker(STAGE, closed=True)
    meter.plant.advance(until_s)


def reads(entry: Entry, words: list[int], meter: Meter) -> Fraction | str | None:
    """What a technician with the profile and the ratios makes of registers."""
    count = entry.count(words)
    if not isinstance(count, Fraction):
        return count
    return count * _scale(entry) * _ratio(entry, meter)


def quantity_agrees(entry: Entry, words: list[int], meter: Meter, values: Values) -> bool:
    """An energy is cut to its step, the rest rounded; without a value 0 is as good as a code."""
    seen, true = reads(entry, words, meter), values[entry.name]
    if true is None:
        return not seen
    if not isinstance(seen, Fraction):
        return False
    finest = _finest(entry, seen, meter)
    if entry.field["unit"] not in ("Wh", "varh", "VAh"):
        return abs(Fraction(true) - seen) <= finest / 2
    quantum = Fraction(entry.field["quantum"]) * _ratio(entry, meter)
    step = max(finest, quantum)
    return 0 <= Fraction(true) - round(seen / step) * step < step


def identity_agrees(entry: Entry, words: list[int], meter: Meter) -> bool:
    seen, spec = reads(entry, words, meter), meter.spec
    if entry.name == "serial":
        return str(seen) == meter.serial
    if entry.name in ("model", "firmware"):
        return bool(seen)
    held = {
        "ct_primary": Fraction(spec.ct[0]),
        "ct_secondary": Fraction(spec.ct[1]),
        "ct_ratio": Fraction(*spec.ct),
        "vt_primary": Fraction(spec.vt[0]),
        "vt_secondary": Fraction(spec.vt[1]),
        "vt_ratio": Fraction(*spec.vt),
        "vt_in_use": Fraction(Fraction(*spec.vt) != 1),
    }
    return seen == held[entry.name]


def _ratio(entry: Entry, meter: Meter) -> Fraction:
    return entry.ratio(Fraction(*meter.spec.ct), Fraction(*meter.spec.vt))


def _exponent(entry: Entry) -> int:
    return EXPONENTS[entry.field["unit"]] if "exponent" in entry.field else 0


def _scale(entry: Entry) -> Fraction:
    return Fraction(entry.field.get("scale", "1")) * Fraction(10) ** _exponent(entry)


def _finest(entry: Entry, seen: Fraction, meter: Meter) -> Fraction:
    """By how much the register could show more, at the primary."""
    unit = _scale(entry) * _ratio(entry, meter)
    if not entry.is_float:
        return unit
    held, bits = abs(seen / unit), {"float32": 24, "float64": 53}[entry.field["type"]]
    spacing = Fraction(1)
    while held and held / spacing >= 2**bits:
        spacing *= 2
    while held and held / spacing < 2 ** (bits - 1):
        spacing /= 2
    return spacing * unit
