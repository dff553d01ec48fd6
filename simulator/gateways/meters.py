"""A light gateway's meters: one at the delivery point, one for each stage; samples of their power.

Every quantity of an SDM630 as docs/wire-format.md §4.1 has it in a sample. Nothing counts energy.
"""

import struct
from collections.abc import Iterable
from random import Random
from typing import Any

from simulator.gateways.stages import Stage

PROFILE = "eastron-sdm630"
CT = (2500, 5)
NOISE = 0.002
"""Of a load, one standard deviation from sample to sample."""
_VOLTS = 230.0
_SAMPLE = 2


def samples(stages: Iterable[Stage], auxiliary_w: int, rng: Random, at_ms: int) -> list[list[Any]]:
    """One of each meter: slot 0 at the delivery point, a stage's slot is its number."""
    loads_w = {
        stage.id: stage.rated_w * (1 + NOISE * rng.gauss(0, 1)) if stage.is_closed else 0.0
        for stage in stages
    }
    drawn_w = {0: sum(loads_w.values()) + auxiliary_w} | loads_w
    return [[_SAMPLE, slot, at_ms, None, _raw(power_w)] for slot, power_w in drawn_w.items()]


def _raw(power_w: float) -> bytes:
    """In the profile's order: energies, powers, factor, frequency, voltages, currents, by phase."""
    phase_w, volts = power_w / 3, [_VOLTS] * 3 + [_VOLTS * 3**0.5] * 3
    amperes = [phase_w / _VOLTS] * 3
    values = [1000.0, 0.0, 0.0, 0.0, 1000.0, power_w, 0.0, power_w, 1.0, 50.0]
    values += [*volts, *amperes, 0.0, *[phase_w] * 3]
    return struct.pack(f">{len(values)}f", *values)
