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

from simulator.electrical import Line, Phases, Value, measured
from simulator.stage import GREATEST_OVERLOAD, PPM, STEP_US, Stage, StageRating

ENERGY_UNITS_PER_WH = 10**8
FEEDER = "feeder"
POWER_FACTOR = 0.97
NO_LOAD_LOSS_PPM = 1_000  # of the rated load, while the site is energised
LOAD_LOSS_PPM = 6_000  # of the rated load, at the rated load
UNBALANCE = 0.01
HEADROOM = 1.06  # above the greatest overload: losses and noise; and of the voltages

Point = int | str  # a stage's id, or FEEDER


def generator(*names: int | str) -> Random:
    """A stream of noise that is the same in every run."""
    return Random("/".join(str(name) for name in names))  # noqa: S311  # no secret


@dataclass(frozen=True, slots=True)
class LoadChange:
    """`power_w` is what the stage draws from `at_s` on, counted from energising."""

    at_s: float
    stage_id: int
    power_w: int


@dataclass(slots=True)
class _Meterable:
    """Power and energy at one point; energies in 1e-8 Wh, varh and VAh since energising."""

    power_milliwatt: int = 0
    reactive_millivar: int = 0
    energy: int = 0
    reactive_energy: int = 0
    apparent_energy: int = 0

    def draw(self, power_milliwatt: int, reactive_millivar: int) -> None:
        self.power_milliwatt = power_milliwatt
        self.reactive_millivar = reactive_millivar

    def count_step(self) -> None:
        self.energy += self.power_milliwatt
        self.reactive_energy += self.reactive_millivar
        self.apparent_energy += math.isqrt(self.power_milliwatt**2 + self.reactive_millivar**2)


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

    def energies(self, point: Point) -> dict[str, Fraction]:
        """The exact energies at a point since energising, in Wh, varh and VAh; all of tariff 1."""
        meter = self._points[point]
        first_tariff = {
            "active_energy_import": Fraction(meter.energy, ENERGY_UNITS_PER_WH),
            "active_energy_export": Fraction(0),
            "reactive_energy_import": Fraction(meter.reactive_energy, ENERGY_UNITS_PER_WH),
            "reactive_energy_export": Fraction(0),
            "apparent_energy": Fraction(meter.apparent_energy, ENERGY_UNITS_PER_WH),
        }
        return first_tariff | {f"{name}_t2": Fraction(0) for name in first_tariff}

    def values(self, point: Point, nominal_phase_v: float) -> dict[str, Value]:
        """Every quantity at a point, by the names of `hardware/meters/README.md`, at the primary.

        Units: Wh, varh, VAh, W, var, VA, V, A, Hz. Energies are exact.
        """
        meter = self._points[point]
        power_w, reactive_var = meter.power_milliwatt / 1000, meter.reactive_millivar / 1000
        shares = self._phase_shares[point]
        return {
            **self.energies(point),
            **measured(power_w, reactive_var, shares, self._line, nominal_phase_v),
        }

    def greatest_values(self, point: Point, nominal_phase_v: float) -> dict[str, Value]:
        """What is read at a point is never greater; energies are those of now."""
        rated_w = self._rated_milliwatt / 1000
        if isinstance(point, int):
            rated_w = self.stages[point].rating.rated_w
        power_w = rated_w * GREATEST_OVERLOAD * HEADROOM**2
        reactive_var = power_w * math.tan(math.acos(POWER_FACTOR))
        line = Line(51.0, (HEADROOM, HEADROOM, HEADROOM))
        shares = self._phase_shares[point]
        return {
            **self.energies(point),
            **measured(power_w, reactive_var, shares, line, nominal_phase_v),
        }

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

    def _shares(self) -> Phases:
        first = (1 + self._rng.uniform(-UNBALANCE, UNBALANCE)) / 3
        second = (1 + self._rng.uniform(-UNBALANCE, UNBALANCE)) / 3
        return first, second, 1 - first - second
