"""Which meter profiles fit a device: by what it calls itself, and whether what is read can be."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from collector.model.energy import IMPORT, Quantity
from collector.model.identity import ratios_of
from collector.model.plausibility import DoubtCode, judge
from collector.model.profile import Profile
from technician.checks.limits import limits
from technician.checks.outcome import Outcome
from technician.checks.words import shown
from technician.meter_reading import MeterReading

CHECK = "profile"

_VOLTAGES = ("voltage_l1", "voltage_l2", "voltage_l3", "voltage_l12", "voltage_l23", "voltage_l31")
_NAME = re.compile(r"(?=\w*[a-z])(?=\w*\d)\w{3,}")
"""A model's name: letters and digits in one word."""
_UNJUDGED = (DoubtCode.CURRENT, DoubtCode.VOLTAGE, DoubtCode.FREQUENCY)
"""By limits of transformers that are not known yet; the others are judged here."""


@dataclass(frozen=True)
class Fit:
    """`rank`: what of two that fit fits better is greater."""

    profile: str
    fits: bool
    reasons: tuple[str, ...]
    against: tuple[str, ...]
    rank: tuple[int, int, int]


def fit(reading: MeterReading) -> Fit:
    profile, identity = reading.profile, reading.identity()
    ratios = ratios_of(identity)
    ct, vt = ratios.ct or Fraction(1), ratios.vt or Fraction(1)
    values = reading.values(ct, vt)
    reasons, against = list[str](), list[str]()
    calls_itself = _model(profile, identity)
    if calls_itself is not None:
        said, is_it = calls_itself
        (reasons if is_it else against).append(f"it calls itself {said}")
    electric = _electric(values, reasons, against)
    energy = values.get(IMPORT)
    if energy is None:
        against.append(f"its import register gives no number{_because(reading)}")
    elif energy.count < 0:
        against.append(f"its import reads {shown(energy.value, 'Wh')}, less than nothing")
    else:
        reasons.append(f"import {shown(energy.value / 1000, 'kWh')}")
    whole = len(profile.registers)
    reasons.append(f"{reading.answered} of {whole} quantities answered")
    doubts = [
        doubt
        for doubt in judge(values, profile, ct.as_integer_ratio(), vt)
        if doubt.code not in _UNJUDGED
    ]
    reasons += [f"but {doubt.code.replace('_', ' ')}" for doubt in doubts]
    return Fit(
        profile.name,
        bool(electric) and not against,
        tuple(reasons),
        tuple(against),
        (
            2 if calls_itself is not None and calls_itself[1] else 0,
            electric - len(doubts),
            1000 * reading.answered // whole,
        ),
    )


def judged(fits: Sequence[Fit], expected: str | None) -> Outcome:
    """`expected`: the profile of the work order, if there is one yet."""
    fitting = sorted((each for each in fits if each.fits), key=lambda each: each.rank, reverse=True)
    facts: dict[str, str | int] = {
        "fitting_profiles": " ".join(each.profile for each in fitting),
        "tried_profiles": len(fits),
    }
    if expected is not None:
        facts["expected_profile"] = expected
    if not fitting:
        nearest = sorted(fits, key=lambda each: (len(each.against), [-n for n in each.rank]))
        said = "; ".join(f"{each.profile}: {_some(each.against)}" for each in nearest[:3])
        return Outcome(
            CHECK,
            False,
            f"no profile fits. {said}",
            "read the meter's type from its plate: a profile for it must be written first"
            " (hardware/meters/README.md); if there is one, check the meter's voltage and its order"
            " of words",
            facts,
        )
    best = [each for each in fitting if each.rank == fitting[0].rank]
    named = {each.profile: each for each in fitting}
    if expected is not None:
        return _against_the_order(fitting, best, named.get(expected), expected, facts)
    if len(best) == 1:
        return Outcome(CHECK, True, f"{best[0].profile}: {_some(best[0].reasons)}", None, facts)
    return Outcome(
        CHECK,
        None,
        f"{' and '.join(each.profile for each in best)} fit alike: {_some(best[0].reasons)}",
        "read the meter's type from its plate, and name its profile",
        facts,
    )


def _against_the_order(
    fitting: list[Fit],
    best: list[Fit],
    found: Fit | None,
    expected: str,
    facts: dict[str, str | int],
) -> Outcome:
    if found is not None and (found in best or not best[0].rank[0]):
        return Outcome(CHECK, True, f"{expected} fits: {_some(found.reasons)}", None, facts)
    others = ", ".join(each.profile for each in fitting)
    return Outcome(
        CHECK,
        False,
        f"{expected} was ordered; what answers is rather {others}: {_some(best[0].reasons)}",
        "look at the plate: hang the ordered meter there, or have the work order changed",
        facts,
    )


def _some(reasons: Sequence[str]) -> str:
    return ", ".join(reasons) or "nothing speaks against it"


def _because(reading: MeterReading) -> str:
    return f" ({reading.fault})" if reading.fault else ""


def _model(profile: Profile, identity: dict[str, str | Fraction]) -> tuple[str, bool] | None:
    """What its register of text calls it, and whether the profile's model is called so."""
    register = next((each for each in profile.identity if each.name == "model"), None)
    said = identity.get("model")
    if register is None or register.layout.type != "ascii" or not isinstance(said, str):
        return None
    plain = said.casefold()
    return said, any(name in plain for name in _NAME.findall(profile.model.casefold()))


def _electric(values: dict[str, Quantity], reasons: list[str], against: list[str]) -> int:
    """How many voltages and frequencies are near what there is; zero says nothing."""
    near = 0
    for name, value_v in _read(values, _VOLTAGES):
        nominal_v = limits().nominal_v(name, value_v)
        if nominal_v is None:
            against.append(f"{name} reads {shown(value_v, 'V')}, near no nominal voltage")
        else:
            near += 1
            if near == 1:
                reasons.append(f"{name} {shown(value_v, 'V')}")
    for _, value_hz in _read(values, ("frequency",)):
        if limits().is_frequency(value_hz):
            near += 1
            reasons.append(f"frequency {shown(value_hz, 'Hz')}")
        else:
            against.append(f"frequency reads {shown(value_hz, 'Hz')}")
    if not near and not against:
        against.append("neither voltage nor frequency was read")
    return near


def _read(values: dict[str, Quantity], names: Sequence[str]) -> Iterator[tuple[str, Fraction]]:
    yield from (
        (name, values[name].value) for name in names if name in values and values[name].count
    )
