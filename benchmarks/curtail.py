"""From an approved order to the relay, to the collector's knowledge, and to the measured drop."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.collector_process import Ledger, Place, System
from benchmarks.curtail_fleet import SAMPLE_S, CurtailFleet, LightSite, Ramp, sites
from benchmarks.curtail_orders import (
    LightGateways,
    Missing,
    Say,
    Seen,
    Watch,
    approve,
    awaited,
    draft,
)
from benchmarks.curtail_real import RealGateways
from benchmarks.curtail_slope import Slope, slope
from benchmarks.verbs import Verbs
from simulator.link import Link

DELAY_S, LOSS = 0.25, 0.05
"""Of each way: 500 ms of round trip."""
ESP32_SIGN_MS, ESP32_VERIFY_MS = (180.0, 280.0), (570.0, 880.0)
"""What `esep bench sign` estimates."""
_AT_ONCE = ((0.0, 0.0), (0.0, 0.0))
_ESP32 = (ESP32_SIGN_MS, ESP32_VERIFY_MS)
_HALL_W, _SLOPE_W = 1_000_000, 210_000
_SLOPE_SITES, _A_STEP, _STEP_W = 12, 4, 860_000
"""A step has room for four of them, and for the noise of their meters."""
_SAMPLES = 4
"""One more than a verdict needs of the load before."""
_QUICK_SAMPLE_S = 1
"""Of the few gateways that do not wait for a fleet."""
_PATIENCE_S = 120
_RECEIPT_S = 60


@dataclass(frozen=True)
class Given:
    """One order, or orders of one gateway each, and the gateways that they are for.

    `light` None: real ones, whose contacts are known by what they say themselves.
    """

    via: str
    gateways: int
    light: LightGateways | None
    orders: Sequence[str]

    @property
    def parts(self) -> int:
        return self.gateways * len(self.orders)


@dataclass(frozen=True)
class Passed:
    """An order, or orders of one gateway each. Seconds from the approval, of each part."""

    via: str
    gateways: int
    issued_s: Sequence[float]
    relay_s: Sequence[float]
    known_s: Sequence[float]
    verified_s: Sequence[float]
    results: Mapping[str, int]


class Bench:
    """`missing`: what did not come in its time; the figures are then of what did."""

    def __init__(self, *, is_full: bool, zone: int, real: int, seed: int, say: Say) -> None:
        self._number_real = real
        self._singles = 50 if is_full else 5
        self._zones = sorted({100, zone}) if is_full else [zone]
        self._ramp = Ramp("slope", _STEP_W, *((30, 25) if is_full else (12, 7)))
        self._seed, self._say = seed, say
        self._given: list[Given] = []
        self.passed: list[Passed] = []
        self.slope: Slope | None = None
        self.refused: list[str] = []
        self.missing: list[str] = []
        self.phases_s: dict[str, float] = {}

    def run(self) -> None:
        """Raises LinkError where there can be no line, TimeoutError when nobody listens."""
        with ExitStack() as stack:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="esep-bench-"))
            self._verbs = stack.enter_context(Verbs())
            self._link = stack.enter_context(Link(DELAY_S, LOSS, self._seed))
            near = sites("near", self._singles, _HALL_W)
            far = [
                *sites("single", self._singles, _HALL_W),
                *sites(self._ramp.zone, _SLOPE_SITES, _SLOPE_W),
            ]
            real = self._real(stack, Path(scratch)) if self._number_real else None
            zones = [site for n in self._zones for site in sites(f"zone{n}", n, _HALL_W)]
            self._fleet = CurtailFleet(
                [*near, *far, *zones, *(real.sites if real else ())], [self._ramp]
            )
            with self._phase("register", f"a register of {len(self._fleet.sites)} gateways"):
                self._system = self._registered(Path(scratch))
            with self._phase("start", "broker, collector and the first gateways"):
                stack.callback(self._system.stop)
                self._system.start(with_tls=True)
                self._watch = Watch(self._system.directory)
                here = self._light(stack, "loopback", near, _QUICK_SAMPLE_S)
                there = self._light(stack, "link", far, _QUICK_SAMPLE_S)
                if real is not None:
                    real.start(self._system)
                self._connected(here, len(near))
                self._connected(there, len(far))
                self._sampled(_QUICK_SAMPLE_S)
            with self._phase("single", "orders for one gateway each"):
                self._one_by_one("loopback", here, "near")
                self._one_by_one("link", there, "single")
                if real is not None:
                    self._of_real(real)
            with self._phase("ramp", f"{self._ramp.step_w} W each {self._ramp.step_s} s"):
                self._await_ramp(there, lambda: self._light(stack, "zones", zones, SAMPLE_S))
            with self._phase("zone", f"one order each for {self._zones} gateways"):
                for number in self._zones:
                    self._zone(number)
            self.passed = [_passed(each, self._watch) for each in self._given]
            lights = {each.light for each in self._given if each.light is not None}
            self.refused = [reason for each in lights for reason in each.refused]

    @contextmanager
    def _phase(self, name: str, what: str) -> Iterator[None]:
        began_s = time.monotonic()
        self._say(f"{name}: {what}")
        yield
        self.phases_s[name] = round(time.monotonic() - began_s, 1)

    def _registered(self, scratch: Path) -> System:
        office = self._link.office
        return System(
            scratch,
            self._fleet,
            receipt_s=_RECEIPT_S,
            judges=1,
            place=Place(office.host, office.inside),
            verb=self._verbs,
        )

    def _light(
        self, stack: ExitStack, via: str, chosen: Sequence[LightSite], sample_s: float
    ) -> LightGateways:
        """At the broker's end of the line, or at the other; there as slow as an ESP32."""
        is_near = via == "loopback"
        root = (self._system.directory / "root.pub").read_bytes()
        file = self._system.directory.parent / f"{via}.json"
        esp32_ms = _AT_ONCE if is_near else _ESP32
        self._fleet.write_file(
            file, chosen, self._system, root, sample_s=sample_s, esp32_ms=esp32_ms
        )
        end = self._link.office if is_near else self._link.field
        light = LightGateways(file, end.inside)
        stack.callback(light.stop)
        return light

    def _connected(self, light: LightGateways, number: int) -> None:
        self._await(lambda: light.connected, number, "gateways connected")

    def _sampled(self, sample_s: float) -> None:
        self._say(f"waits {_SAMPLES * sample_s} s for samples of the load before")
        time.sleep(_SAMPLES * sample_s)

    def _await(self, have: Callable[[], int], number: int, what: str) -> None:
        try:
            awaited(have, number, what, _PATIENCE_S, self._say)
        except Missing as missing:
            self._say(str(missing))
            self.missing.append(str(missing))

    def _steps(self, given: Given, step: str) -> None:
        """Until every part of the orders has taken it."""
        what = f"parts of {given.via} orders for {given.gateways} {step}"
        self._await(lambda: self._watch.taken(given.orders, step), given.parts, what)

    def _order(self, *scope: str) -> str:
        order = draft(self._verbs, self._system.directory, *scope)
        approve(self._verbs, self._system.directory, order)
        return order

    def _one_by_one(self, via: str, light: LightGateways, zone: str) -> None:
        orders: list[str] = []
        for number in range(self._singles):
            orders.append(self._order("--site", f"{zone}-{number:04}"))
            self._steps(Given(via, 1, light, orders[-1:]), "applied")
        self._given.append(Given(via, 1, light, orders))

    def _real(self, stack: ExitStack, scratch: Path) -> RealGateways:
        self._say(f"{self._number_real} gateways in MicroPython make their keys")
        end, folder = self._link.field, scratch / "real"
        number = self._number_real
        return RealGateways(stack, folder, end, self._verbs, number=number, rated_w=_HALL_W)

    def _of_real(self, real: RealGateways) -> None:
        """Once each has confirmed that it samples: an order for each."""
        ledger = Ledger(self._system.directory)
        wanted = {bytes.fromhex(site.gateway) for site in real.sites}

        def speaking() -> int:
            return len(wanted & {gateway for _, gateway, _ in ledger.names(0)})

        self._await(speaking, len(wanted), "gateways in MicroPython heard")
        self._sampled(SAMPLE_S)
        orders = [self._order("--site", site.name) for site in real.sites]
        self._given.append(Given("MicroPython", 1, None, orders))
        self._steps(self._given[-1], "applied")

    def _await_ramp(self, light: LightGateways, join: Callable[[], LightGateways]) -> None:
        """Once its first step is over others join; they have their samples when it ends."""
        ramp = self._ramp
        given = Given("link", _SLOPE_SITES, light, [self._order("--zone", ramp.zone)])
        [order] = given.orders
        self._await(lambda: len(light.opened[order]), _A_STEP, "gateways of the first step open")
        self._joined = join()
        self._connected(self._joined, sum(self._zones))
        connected_s = time.monotonic()
        self._steps(given, "applied")
        moves = [(at_ms, _SLOPE_W) for at_ms in [*light.opened[order].values()]]
        if moves:
            ordered_w = _SLOPE_SITES * _SLOPE_W
            self.slope = slope(moves, ordered_w, ramp.step_w, ramp.step_s, ramp.within_s)
        left_s = connected_s + _SAMPLES * SAMPLE_S - time.monotonic()
        self._sampled(max(0.0, left_s) / _SAMPLES)

    def _zone(self, number: int) -> None:
        given = Given("link", number, self._joined, [self._order("--zone", f"zone{number}")])
        self._given.append(given)
        for step in ("applied", "verified"):
            self._steps(given, step)
        for each in self._given:
            self._steps(each, "verified")


def _passed(given: Given, watch: Watch) -> Passed:
    seen = []
    for order in given.orders:
        said = watch.orders[order]
        opened = said.opened if given.light is None else given.light.opened[order]
        seen.append((said, [*opened.values()]))
    results = [result for each, _ in seen for result in each.results.values()]
    return Passed(
        given.via,
        given.gateways,
        _since([each for each, _ in seen], "issued"),
        [(at_ms - each.approved_ms) / 1000 for each, opened in seen for at_ms in opened],
        _since([each for each, _ in seen], "applied"),
        _since([each for each, _ in seen], "verified"),
        {result: results.count(result) for result in sorted(set(results))},
    )


def _since(seen: Sequence[Seen], step: str) -> list[float]:
    return [
        (at_ms - each.approved_ms) / 1000 for each in seen for at_ms in each.steps[step].values()
    ]
