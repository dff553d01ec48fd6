"""Currents and voltages of three phases, and what of them an instrument's wiring gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

Phases = tuple[float, float, float]
Value = Fraction | float

_ABSENT = {
    "3P4W": (),
    "3P3W": (
        *("voltage_l1", "voltage_l2", "voltage_l3", "current_n"),
        *("active_power_l1", "active_power_l2", "active_power_l3"),
    ),
    "1P2W": (
        *("voltage_l2", "voltage_l3", "voltage_l12", "voltage_l23", "voltage_l31"),
        *("current_l2", "current_l3", "current_n", "active_power_l2", "active_power_l3"),
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """What the three phases are like now; voltages are fractions of the nominal."""

    frequency_hz: float
    voltages: Phases


def measured(
    power_w: float, reactive_var: float, shares: Phases, line: Line, nominal_phase_v: float
) -> dict[str, float]:
    """What can be measured of a load at the primary, by the names of the meters' README.

    `shares`: how the load falls on the phases. They stand 120° apart, their power factors are one.
    """
    apparent_va = math.hypot(power_w, reactive_var)
    voltages = [nominal_phase_v * fraction for fraction in line.voltages]
    currents = [
        apparent_va * share / voltage_v for share, voltage_v in zip(shares, voltages, strict=True)
    ]
    values = {
        "active_power": power_w,
        "reactive_power": reactive_var,
        "apparent_power": apparent_va,
        "power_factor": power_w / apparent_va if apparent_va else 1.0,
        "frequency": line.frequency_hz,
        "voltage_l12": _difference(voltages[0], voltages[1]),
        "voltage_l23": _difference(voltages[1], voltages[2]),
        "voltage_l31": _difference(voltages[2], voltages[0]),
        "current_n": _neutral(currents),
    }
    for phase, share in enumerate(shares):
        values[f"voltage_l{phase + 1}"] = voltages[phase]
        values[f"current_l{phase + 1}"] = currents[phase]
        values[f"active_power_l{phase + 1}"] = power_w * share
    return values


def wired(wiring: str, values: Mapping[str, Value]) -> dict[str, Value | None]:
    """The values as an instrument so wired has them; None is what the wiring does not give."""
    seen: dict[str, Value | None] = {**values}
    if wiring == "3P3W":
        seen["current_l2"] = _sum(float(values["current_l1"]), float(values["current_l3"]))
    elif wiring == "1P2W":
        seen["active_power_l1"] = values["active_power"]
        seen["current_l1"] = float(values["apparent_power"]) / float(values["voltage_l1"])
    return seen | dict.fromkeys(_ABSENT[wiring])


def _difference(one: float, other: float) -> float:
    """Of two phasors 120° apart, the magnitude."""
    return math.sqrt(one * one + other * other + one * other)


def _sum(one: float, other: float) -> float:
    """Of two phasors 120° apart, the magnitude."""
    return math.sqrt(one * one + other * other - one * other)


def _neutral(currents: Sequence[float]) -> float:
    one, two, three = currents
    unbalance = (one - two) ** 2 + (two - three) ** 2 + (three - one) ** 2
    return math.sqrt(unbalance / 2)
