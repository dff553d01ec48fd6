"""The physics of one mining site: miners behind breakers, auxiliaries, losses, the feeder.

Power moves on a fixed grid of steps, in whole milliwatts, so that what a site does depends on the
seed and on the order of events alone, and energy is a sum of integers. A step of 36 ms is 1e-5
hours: one milliwatt for one step is exactly 1e-8 Wh.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from random import Random

STEP_US = 36_000
ENERGY_UNITS_PER_WH = 10**8
PPM = 1_000_000
FEEDER = "feeder"
POWER_FACTOR = 0.97
MINER_GROUPS = 24
NO_LOAD_LOSS_PPM = 1_000  # of the rated load, while the site is energised
LOAD_LOSS_PPM = 6_000  # of the rated load, at the rated load
UNBALANCE = 0.01

Point = int | str  # a stage's id, or FEEDER


def generator(*names: int | str) -> Random:
    """A stream of noise that is the same in every run."""
    return Random("/".join(str(name) for name in names))  # noqa: S311  # no secret


@dataclass(frozen=True, slots=True)
class StageRating:
    """One hall behind one breaker."""

    stage_id: int
    rated_w: int
    ramp_s: float  # from closing the breaker to full power


@dataclass(frozen=True, slots=True)
class LoadChange:
    """`power_w` is what the stage draws from `at_s` on, counted from energising."""

    at_s: float
    stage_id: int
    power_w: int


@dataclass(frozen=True, slots=True)
class Line:
    """What the three phases are like now; voltages are fractions of the nominal."""

    frequency_hz: float
    voltages: tuple[float, float, float]


class Stage:
    """Miners that come back group by group after their breaker closes."""

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
        running_ppm = self._ramp_ppm[min(self._steps_on, len(self._ramp_ppm) - 1)]
        self._steps_on += 1
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


@dataclass(slots=True)
class _Meterable:
    """Power and energy at one point; energies in 1e-8 Wh and 1e-8 varh since energising."""

    power_milliwatt: int = 0
    reactive_millivar: int = 0
    energy: int = 0
    reactive_energy: int = 0

    def draw(self, power_milliwatt: int, reactive_millivar: int) -> None:
        self.power_milliwatt = power_milliwatt
        self.reactive_millivar = reactive_millivar

    def count_step(self) -> None:
        self.energy += self.power_milliwatt
        self.reactive_energy += self.reactive_millivar


class SitePlant:
    """One site. Times are seconds of the caller's monotonic clock."""

    def __init__(
        self,
        name: str,
        stages: Iterable[StageRating],
        auxiliary_w: int,
        *,
        seed: int,
        start_s: float,
        schedule: Iterable[LoadChange] = (),
        noise: float = 0.002,
    ) -> None:
        self.stages = {
            rating.stage_id: Stage(rating, generator(seed, name, rating.stage_id), noise)
            for rating in stages
        }
        self.energised = False
        self.frozen = False
        self._start_s = start_s
        self._steps = 0
        self._energised_at = 0
        self._schedule = sorted(schedule, key=lambda change: change.at_s)
        self._auxiliary_milliwatt = auxiliary_w * 1000
        self._rated_milliwatt = sum(each.rating.rated_w for each in self.stages.values()) * 1000
        self._rated_milliwatt += self._auxiliary_milliwatt
        self._noise = noise
        self._rng = generator(seed, name)
        self._grid_rng = generator(seed)  # one grid: the same frequency at every site of the seed
        self._line = Line(50.0, (1.0, 1.0, 1.0))
        self._points: dict[Point, _Meterable] = {FEEDER: _Meterable()}
        self._points.update((stage_id, _Meterable()) for stage_id in self.stages)
        self._phase_shares = {point: self._shares() for point in self._points}
        self.auxiliary = _Meterable()
        self.losses = _Meterable()

    @property
    def time_s(self) -> float:
        """How far the site has come."""
        return self._start_s + self._steps * STEP_US / 1_000_000

    def advance(self, to_s: float) -> None:
        """Bring the site to `to_s`; the part of a step that is left over waits."""
        if self.frozen:
            return
        until = math.floor((to_s - self._start_s) * 1_000_000) // STEP_US
        while self._steps < until:
            self._step()

    def energise(self, at_s: float) -> None:
        """Switch the site on: power flows from the next step."""
        self.advance(at_s)
        if not self.energised:
            self.energised = True
            self._energised_at = self._steps

    def freeze(self, at_s: float) -> None:
        """Stop time for this site; what was last true stays readable."""
        self.advance(at_s)
        self.frozen = True

    def set_breaker(self, stage_id: int, *, closed: bool) -> None:
        """Opened, the load is gone at once; closed, it comes back by its ramp."""
        stage = self.stages[stage_id]
        stage.closed = closed
        if not closed and not self.frozen:
            stage.power_milliwatt = 0
            self._settle()

    def set_load(self, stage_id: int, power_w: int) -> None:
        self.stages[stage_id].set_load(power_w)

    def power_milliwatt(self, point: Point) -> int:
        return self._points[point].power_milliwatt

    def energy_wh(self, point: Point) -> Fraction:
        """The exact integral of the power at a point since energising."""
        return Fraction(self._points[point].energy, ENERGY_UNITS_PER_WH)

    def values(self, point: Point, nominal_phase_v: float) -> dict[str, Fraction | float]:
        """Every quantity at a point, by the names of `hardware/meters/README.md`, at the primary.

        Units: Wh, varh, W, var, VA, V, A, Hz. Energies are exact.
        """
        meter = self._points[point]
        power_w = meter.power_milliwatt / 1000
        reactive_var = meter.reactive_millivar / 1000
        apparent_va = math.hypot(power_w, reactive_var)
        values: dict[str, Fraction | float] = {
            "active_energy_import": Fraction(meter.energy, ENERGY_UNITS_PER_WH),
            "active_energy_export": Fraction(0),
            "reactive_energy_import": Fraction(meter.reactive_energy, ENERGY_UNITS_PER_WH),
            "active_power": power_w,
            "reactive_power": reactive_var,
            "apparent_power": apparent_va,
            "power_factor": power_w / apparent_va if apparent_va else 1.0,
            "frequency": self._line.frequency_hz,
        }
        for phase, share in enumerate(self._phase_shares[point]):
            voltage_v = nominal_phase_v * self._line.voltages[phase]
            values[f"voltage_l{phase + 1}"] = voltage_v
            values[f"current_l{phase + 1}"] = apparent_va * share / voltage_v
            values[f"active_power_l{phase + 1}"] = power_w * share
        return values

    def _step(self) -> None:
        self._steps += 1
        self._apply_schedule()
        self._line = self._next_line()
        for stage in self.stages.values():
            stage.step(supplied=self.energised)
        self._settle()
        for part in (self.auxiliary, self.losses, *self._points.values()):
            part.count_step()

    def _settle(self) -> None:
        """Let every point draw what its stages, the auxiliaries and the losses take now."""
        for stage_id, stage in self.stages.items():
            power = stage.power_milliwatt
            self._points[stage_id].draw(power, self._reactive(power))
        wobble = 1 + self._rng.uniform(-1, 1) * self._noise
        auxiliary = round(self._auxiliary_milliwatt * wobble) if self.energised else 0
        self.auxiliary.draw(auxiliary, self._reactive(auxiliary))
        load = auxiliary + sum(stage.power_milliwatt for stage in self.stages.values())
        losses = self._loss_milliwatt(load)
        self.losses.draw(losses, self._reactive(losses))
        parts = [self.auxiliary, self.losses, *(self._points[stage_id] for stage_id in self.stages)]
        self._points[FEEDER].draw(
            sum(part.power_milliwatt for part in parts),
            sum(part.reactive_millivar for part in parts),
        )

    def _apply_schedule(self) -> None:
        if not self.energised:
            return
        since_us = (self._steps - self._energised_at) * STEP_US
        while self._schedule and self._schedule[0].at_s * 1_000_000 <= since_us:
            change = self._schedule.pop(0)
            self.set_load(change.stage_id, change.power_w)

    def _loss_milliwatt(self, load_milliwatt: int) -> int:
        if not self.energised:
            return 0
        no_load = self._rated_milliwatt * NO_LOAD_LOSS_PPM // PPM
        return no_load + load_milliwatt**2 * LOAD_LOSS_PPM // (PPM * self._rated_milliwatt)

    def _reactive(self, power_milliwatt: int) -> int:
        wobble = self._rng.uniform(-1, 1) * 0.002
        return round(power_milliwatt * (math.tan(math.acos(POWER_FACTOR)) + wobble))

    def _next_line(self) -> Line:
        drift = self._grid_rng.uniform(-0.002, 0.002)
        frequency = 50 + 0.995 * (self._line.frequency_hz - 50) + drift
        voltages = tuple(
            1 + 0.98 * (voltage - 1) + self._rng.uniform(-0.0006, 0.0006)
            for voltage in self._line.voltages
        )
        return Line(frequency, (voltages[0], voltages[1], voltages[2]))

    def _shares(self) -> tuple[float, float, float]:
        first = (1 + self._rng.uniform(-UNBALANCE, UNBALANCE)) / 3
        second = (1 + self._rng.uniform(-UNBALANCE, UNBALANCE)) / 3
        return first, second, 1 - first - second
