"""Whether a meter is wired as it must be: voltages, load, phases, power factor, and the rest."""

from collections.abc import Mapping
from fractions import Fraction

from collector.model.energy import Quantity
from collector.model.limits import Pair, greatest_current_a
from collector.model.plausibility import POWER, DoubtCode, judge
from technician.checks.limits import limits
from technician.checks.outcome import Outcome
from technician.checks.phase_angles import Connection, explanations
from technician.checks.words import shown
from technician.meter_reading import MeterReading

VOLTAGES, LOAD, PHASES, FACTOR, REST = (
    "phase-voltages",
    "load",
    "phase-order",
    "power-factor",
    "plausible",
)

_PHASES = ("l1", "l2", "l3")
_LINES = ("l12", "l23", "l31")
_JUDGED_APART = {DoubtCode.DEAD_PHASE, DoubtCode.REVERSED, DoubtCode.VOLTAGE}

_CURES = {
    DoubtCode.PHASES: "the profile's registers are others than the meter's: run identify",
    DoubtCode.OVER_APPARENT: "the profile's registers are others than the meter's: run identify",
    DoubtCode.POWER_FACTOR: "the profile's registers are others than the meter's: run identify",
    DoubtCode.FREQUENCY: "no grid has this frequency: run the word order's check, then identify",
    DoubtCode.CURRENT: "no such current can flow there: compare the ratio with the CT's plate, and"
    " a current with a clamp meter",
    DoubtCode.NEGATIVE: "an energy never reads less than nothing: run the word order's check",
}

Values = Mapping[str, Quantity]


def judged(reading: MeterReading, ct: Pair, vt: Fraction) -> list[Outcome]:
    """Five outcomes; without load those that need one are not judged."""
    values = reading.values(Fraction(*ct), vt)
    least_a = greatest_current_a(reading.profile, ct) * limits().least_load_permille / 1000
    load = _load(values, least_a)
    has_load = load.passed is True
    return [
        _voltages(values, least_a),
        load,
        _phases(reading, values) if has_load else _unloaded(PHASES),
        _factor(values) if has_load else _unloaded(FACTOR),
        _rest(reading, values, ct, vt),
    ]


def _unloaded(check: str) -> Outcome:
    return Outcome(
        check, None, "needs a load that is large enough", "switch miners on, and do it again", {}
    )


def _voltages(values: Values, least_a: Fraction) -> Outcome:
    """Of the phases that this wiring measures: with three wires those between lines."""
    phases = _PHASES if any(_value(values, f"voltage_{each}") for each in _PHASES) else _LINES
    read = {each: values[f"voltage_{each}"].value for each in phases if f"voltage_{each}" in values}
    facts: dict[str, str | int] = {f"voltage_{each}": str(value) for each, value in read.items()}
    if not read:
        return Outcome(VOLTAGES, None, "the meter tells no voltages", None, facts)
    dead = [each for each, value in read.items() if not value]
    for each in dead:
        current_a = abs(_value(values, f"current_{each}"))
        if current_a > least_a:
            return Outcome(
                VOLTAGES,
                False,
                f"{each.upper()} has {shown(current_a, 'A')} and no voltage: its energy is not"
                " counted",
                f"look at the fuse and the terminal of {each.upper()}'s voltage; if that voltage is"
                " not there at all, the CT hangs on another phase",
                facts | {f"current_{each}": str(current_a)},
            )
    if dead and not (len(read) == 3 and len(dead) == 2):
        named = " and ".join(each.upper() for each in dead)
        return Outcome(
            VOLTAGES,
            False,
            f"{named}: no voltage",
            f"look at the fuse, the terminal and the wire of {named}",
            facts,
        )
    nominal = {
        each: limits().nominal_v(f"voltage_{each}", value) for each, value in read.items() if value
    }
    odd = [each for each, nominal_v in nominal.items() if nominal_v is None]
    if odd or len(set(nominal.values())) > 1:
        said = ", ".join(f"{each.upper()} {shown(value, 'V')}" for each, value in read.items())
        return Outcome(
            VOLTAGES,
            False,
            f"{said}: not one nominal voltage on all",
            "measure at the terminals: a loose neutral, a phase on the neutral's terminal, or a VT"
            " with another ratio",
            facts,
        )
    (nominal_v,) = set(nominal.values())
    said = ", ".join(f"{each.upper()} {shown(read[each], 'V')}" for each in nominal)
    return Outcome(
        VOLTAGES, True, f"{said}, near {shown(nominal_v or Fraction(0), 'V')}", None, facts
    )


def _load(values: Values, least_a: Fraction) -> Outcome:
    currents = {
        each: abs(values[f"current_{each}"].value)
        for each in _PHASES
        if f"current_{each}" in values
    }
    facts: dict[str, str | int] = {
        f"current_{each}": str(value) for each, value in currents.items()
    }
    facts["least_a"] = str(least_a)
    said = ", ".join(f"{each.upper()} {shown(value, 'A')}" for each, value in currents.items())
    alive = [each for each, current_a in currents.items() if current_a > least_a]
    if not alive:
        return Outcome(
            LOAD,
            None,
            f"{said or 'no current was read'}; to judge, {shown(least_a, 'A')} are needed",
            "switch miners on, and do it again",
            facts,
        )
    missing = [each for each in currents if each not in alive and _value(values, f"voltage_{each}")]
    if missing and len(alive) > 1:
        named = " and ".join(each.upper() for each in missing)
        return Outcome(
            LOAD,
            False,
            f"{said}: {named} has voltage and hardly a current",
            f"look at {named}'s CT: is its short-circuiting link open, its wire in the terminal,"
            " the conductor through it? If the load is on other phases, do it again with more",
            facts,
        )
    return Outcome(LOAD, True, said, None, facts)


def _phases(reading: MeterReading, values: Values) -> Outcome:
    if reading.profile.instrument.wiring == ("1P2W",):
        return Outcome(PHASES, True, "a meter of one phase", None, {})
    names = [
        f"{what}_{each}" for each in _PHASES for what in ("active_power", "voltage", "current")
    ]
    if not all(_value(values, name) for name in names):
        return Outcome(
            PHASES,
            None,
            "this meter tells no power of each phase",
            "look at the power factor, and at the meter's own phasor diagram",
            {},
        )
    factors = [
        _value(values, f"active_power_{each}")
        / (_value(values, f"voltage_{each}") * abs(_value(values, f"current_{each}")))
        for each in _PHASES
    ]
    facts: dict[str, str | int] = {
        f"factor_{each}": str(factor) for each, factor in zip(_PHASES, factors, strict=True)
    }
    said = ", ".join(
        f"{each.upper()} {shown(factor)}" for each, factor in zip(_PHASES, factors, strict=True)
    )
    found = explanations([float(factor) for factor in factors])
    if any(each.is_right for each in found):
        return Outcome(
            PHASES, True, f"each current is with its own voltage: factors {said}", None, facts
        )
    if not found:
        return Outcome(
            PHASES,
            False,
            f"factors {said}: no exchange of phases explains them",
            "compare each phase's current and power with a clamp meter; the load may be unbalanced"
            " or too small",
            facts,
        )
    return Outcome(
        PHASES,
        False,
        f"factors {said}",
        "; or ".join(_exchange(each) for each in found[:3])
        + ". With the CT's short-circuiting link closed while you do it",
        facts | {"explanations": len(found)},
    )


def _exchange(connection: Connection) -> str:
    moved = [
        f"the CT at {_PHASES[place].upper()}'s terminals is {_PHASES[own].upper()}'s"
        for place, own in enumerate(connection.currents)
        if place != own
    ]
    if len(connection.reversed_) == 3:
        turned = ["all CTs are turned round, or power flows out of the site: exchange S1 and S2"]
    else:
        turned = [
            f"{_PHASES[place].upper()}'s CT is turned round: exchange its S1 and S2 (k and l)"
            for place in sorted(connection.reversed_)
        ]
    return ", ".join([*moved, *turned])


def _factor(values: Values) -> Outcome:
    power, apparent = values.get(POWER), values.get("apparent_power")
    told = values.get("power_factor")
    if power is not None and apparent is not None and apparent.count:
        factor = power.value / abs(apparent.value)
    elif told is not None:
        factor = told.value
    else:
        return Outcome(FACTOR, None, "the meter tells no power factor", None, {})
    facts: dict[str, str | int] = {"power_factor": str(factor)}
    least = limits().least_power_factor
    if factor < 0:
        return Outcome(
            FACTOR,
            False,
            f"power factor {shown(factor)}: power flows out of the site",
            "the CTs are turned round as a whole (P1 to the grid?), or the meter was set to export",
            facts,
        )
    if factor < least:
        return Outcome(
            FACTOR,
            False,
            f"power factor {shown(factor)}; a mining site has more than {shown(least)}",
            "a current is with another phase's voltage: compare the wiring with its diagram; if the"
            " load is really so, have it written into the act",
            facts,
        )
    return Outcome(FACTOR, True, f"power factor {shown(factor)}", None, facts)


def _rest(reading: MeterReading, values: Values, ct: Pair, vt: Fraction) -> Outcome:
    doubts = [
        doubt for doubt in judge(values, reading.profile, ct, vt) if doubt.code not in _JUDGED_APART
    ]
    if not values:
        return Outcome(REST, None, "nothing was read", None, {})
    if not doubts:
        return Outcome(REST, True, "what is read agrees with itself", None, {})
    facts: dict[str, str | int] = {
        f"{doubt.code}.{name}": figure for doubt in doubts for name, figure in doubt.figures.items()
    }
    why = "; ".join(
        f"{doubt.code.replace('_', ' ')} ({', '.join(doubt.quantities)})" for doubt in doubts
    )
    cures = dict.fromkeys(_CURES[doubt.code] for doubt in doubts)
    return Outcome(REST, False, why, "; ".join(cures), facts)


def _value(values: Values, name: str) -> Fraction:
    return values[name].value if name in values else Fraction(0)
