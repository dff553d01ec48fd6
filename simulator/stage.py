"""One hall of miners behind one breaker. Power moves in whole milliwatts, step by step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

STEP_US = 36_000
PPM = 1_000_000
MINER_GROUPS = 24
GREATEST_OVERLOAD = 1.5


@dataclass(frozen=True, slots=True)
class StageRating:
    """One hall behind one breaker."""

    stage_id: int
    rated_w: int
    ramp_s: float  # from closing the breaker to full power
    run_down_s: float = 0.0  # from being asked to stop to none


class Stage:
    """Miners that come back group by group after their breaker closes.

    While `may_run` is not so their own control stops them, or keeps them from starting.
    """

    def __init__(self, rating: StageRating, rng: Random, noise: float) -> None:
        self.rating = rating
        self.closed = False
        self.power_milliwatt = 0
        self._rng = rng
        self._noise = noise
        self._swing = 0.0
        self._target_milliwatt = self._drawn_milliwatt = rating.rated_w * 1000
        ramp_steps = max(1, math.ceil(rating.ramp_s * 1_000_000 / STEP_US))
        self._slew_milliwatt = max(1, rating.rated_w * 1000 // ramp_steps)
        self._ramp_ppm = _ramp(ramp_steps, rng)
        self._steps_on = 0
        self.may_run = True
        self._running_down_ppm = PPM
        run_down_steps = max(1, math.ceil(rating.run_down_s * 1_000_000 / STEP_US))
        self._run_down_step_ppm = math.ceil(PPM / run_down_steps)

    def set_load(self, power_w: int) -> None:
        """What the miners shall draw when they run; they move to it at the rate of their ramp."""
        self._target_milliwatt = power_w * 1000

    def step(self, *, supplied: bool) -> None:
        move = self._target_milliwatt - self._drawn_milliwatt
        self._drawn_milliwatt += max(-self._slew_milliwatt, min(self._slew_milliwatt, move))
        self._swing += 0.05 * (self._rng.uniform(-4, 4) * self._noise - self._swing)
        if not (supplied and self.closed):
            self._steps_on = 0
            self.power_milliwatt = 0
            return
        if self.may_run and self._running_down_ppm < PPM:
            self._steps_on = 0  # they begin anew
            self._running_down_ppm = PPM
        running_ppm = self._ramp_ppm[min(self._steps_on, len(self._ramp_ppm) - 1)]
        if self.may_run:
            self._steps_on += 1
        else:
            self._running_down_ppm = max(0, self._running_down_ppm - self._run_down_step_ppm)
            running_ppm = running_ppm * self._running_down_ppm // PPM
        steady = self._drawn_milliwatt * running_ppm // PPM
        self.power_milliwatt = steady + round(steady * self._swing)


def _ramp(steps: int, rng: Random) -> list[int]:
    """Share of full power, in ppm, at each step after closing: never falls, ends at all of it.

    Each group starts after its own delay and then follows a smooth curve of its own.
    """
    rise = max(1.0, steps * 0.4)
    delays = sorted(rng.uniform(0, steps - rise) for _ in range(MINER_GROUPS - 1))
    delays.append(steps - rise)
    ramp = []
    for step in range(1, steps + 1):
        progress = (max(0.0, min(1.0, (step - delay) / rise)) for delay in delays)
        running = sum(x * x * (3 - 2 * x) for x in progress)
        ramp.append(round(running * PPM / MINER_GROUPS))
    return ramp
