"""A site put together from its description: plant, meters on a bus, relays."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from pymodbus import FramerType

from simulator.encoding import DoesNotFitError
from simulator.instrument import METERS_DIR, load_profile
from simulator.meter import Meter
from simulator.meters_server import LOOPBACK, MeterBus, SerialMeterBus
from simulator.plant import LoadChange, SitePlant, generator
from simulator.relays import KINDS, Relay
from simulator.scenario import MeterSpec, RtuBus, Scenario, ScenarioError, SiteSpec
from simulator.stage import StageRating


class Site:
    """One running site. `clock` gives monotonic seconds."""

    def __init__(self, spec: SiteSpec, scenario: Scenario, clock: Callable[[], float]) -> None:
        self.spec = spec
        self.plant = SitePlant(
            spec.name,
            [
                StageRating(stage.id, stage.rated_w, stage.ramp_s, stage.run_down_s)
                for stage in spec.stages
            ],
            spec.auxiliary_w,
            seed=scenario.seed,
            start_s=clock(),
            schedule=[
                LoadChange(change.at_s, change.stage, change.power_w) for change in spec.schedule
            ],
            noise=scenario.noise,
        )
        self.meters = [_meter(meter, spec, self.plant, scenario.seed) for meter in spec.meters]
        self._clock = clock
        rng = generator(scenario.seed, spec.name, "relays")
        self._relays = {
            stage.id: KINDS[stage.actuator](
                self.plant,
                stage.id,
                stage.output,
                stage.contact,
                rng,
                closed=stage.closed,
                soft_stop=stage.soft_stop,
            )
            for stage in spec.stages
        }
        self._bus: MeterBus | SerialMeterBus
        if isinstance(spec.bus, RtuBus):
            self._bus = SerialMeterBus(
                self.meters,
                clock,
                baud=spec.bus.baud,
                bits_per_character=spec.bus.bits_per_character,
            )
        else:
            self._bus = MeterBus(self.meters, clock, FramerType.SOCKET)

    async def start(self) -> dict[str, Any]:
        """Start answering; returns what a gateway must know to read the meters."""
        where = await self._bus.start()
        bus = self.spec.bus.model_dump()
        bus |= {"path": where} if isinstance(where, str) else {"host": LOOPBACK, "port": where}
        return {
            "name": self.spec.name,
            "bus": bus,
            "meters": [meter.model_dump(mode="json") for meter in self.spec.meters],
        }

    async def stop(self) -> None:
        await self._bus.stop()

    def tick(self) -> None:
        """Let time pass: to be called more often than relays move."""
        now = self._clock()
        for relay in self._relays.values():
            relay.poll(now)
        self.plant.advance(now)

    def relay(self, stage_id: int) -> Relay:
        """ValueError when the site has no such stage."""
        return self._relays[self.spec.stage(stage_id).id]

    def operate_by_hand(self, stage_id: int, *, closed: bool) -> None:
        """A person opens or closes; ValueError when it does not obey."""
        self.relay(stage_id).operate_by_hand(self._clock(), closed=closed)

    def meter(self, slot: int) -> Meter:
        """ValueError when the site has no such slot."""
        for meter in self.meters:
            if meter.spec.slot == slot:
                return meter
        known = ", ".join(str(meter.spec.slot) for meter in self.meters)
        raise ValueError(f"there is no meter in slot {slot}; slots of this site: {known}")

    def energy(self) -> list[dict[str, Any]]:
        """For each meter its point's own integral since energising, exact decimals in Wh.

        The integral goes on when an instrument is swapped or set wrong; `register_wh` does not.
        """
        self.plant.advance(self._clock())
        return [
            {
                "slot": meter.spec.slot,
                "serial": meter.serial,
                "point": meter.spec.point,
                "energy_wh": exact_decimal(self.plant.energy_wh(meter.spec.point)),
                "register_wh": exact_decimal(meter.register_wh),
                "quantum_wh": exact_decimal(meter.quantum_wh),
                "power_w": self.plant.power_milliwatt(meter.spec.point) / 1000,
            }
            for meter in self.meters
        ]


def exact_decimal(value: Fraction) -> str:
    """Every digit of a value that has finitely many; ValueError when it has not."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        if digits == 64:
            raise ValueError(f"{value} is no finite decimal")
        digits += 1
    whole, part = divmod(abs(value.numerator) * 10**digits // value.denominator, 10**digits)
    sign = "-" if value < 0 else ""
    return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"


def _meter(spec: MeterSpec, site: SiteSpec, plant: SitePlant, seed: int) -> Meter:
    where = f"site {site.name}, meter {spec.serial}"
    profile = load_profile(METERS_DIR / f"{spec.profile}.toml")
    if spec.wiring not in profile.wirings:
        raise ScenarioError(
            f"{where}: wiring: {profile.name} cannot be wired {spec.wiring}; "
            f"use {' or '.join(profile.wirings)}"
        )
    try:
        return Meter(spec, profile, plant, generator(seed, site.name, "meter", spec.slot))
    except DoesNotFitError as error:
        raise ScenarioError(f"{where}: {error}") from None
