"""From an approved order to the relay, to the collector's knowledge, and to the measured drop."""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.collector_process import Place, System
from benchmarks.curtail_fleet import CurtailFleet, LightSite, Ramp, sites
from benchmarks.curtail_orders import LightGateways, Seen, Watch, approve, draft
from benchmarks.curtail_slope import Slope, slope
from benchmarks.verbs import Verbs
from simulator.link import Link

Say = Callable[[str], None]

DELAY_S, LOSS = 0.25, 0.05
"""Of each way: 500 ms of round trip."""
ESP32_SIGN_MS, ESP32_VERIFY_MS = (180.0, 280.0), (570.0, 880.0)
"""What `esep bench sign` estimates."""
_AT_ONCE = ((0.0, 0.0), (0.0, 0.0))
_ESP32 = (ESP32_SIGN_MS, ESP32_VERIFY_MS)
_HALL_W, _SLOPE_W = 1_000_000, 210_000
_SLOPE_SITES, _A_STEP = 12, 4
_SAMPLES_S = 24
_PATIENCE_S = 120
_RECEIPT_S = 60


@dataclass(frozen=True)
class Passed:
    """An order, or orders of one gateway each. Seconds from the approval, of each part."""

    via: str
    gateways: int
    relay_s: Sequence[float]
    known_s: Sequence[float]
    verified_s: Sequence[float]
    results: Mapping[str, int]


class Bench:
    def __init__(self, *, is_full: bool, zone: int, seed: int, say: Say) -> None:
        self._singles = 50 if is_full else 5
        self._zones = sorted({100, zone}) if is_full else [zone]
        self._step_s = 30 if is_full else 15
        self._seed, self._say = seed, say
        self.passed: list[Passed] = []
        self.slope: Slope | None = None
        self.refused: list[str] = []

    def run(self) -> None:
        """Raises LinkError where there can be no line."""
        with (
            tempfile.TemporaryDirectory(prefix="esep-bench-") as scratch,
            Verbs() as verbs,
            Link(DELAY_S, LOSS, self._seed) as link,
        ):
            self._say("making gateways, their register and configurations")
            step = Ramp("slope", _A_STEP * _SLOPE_W, self._step_s)
            places = {
                "loopback": sites("near", self._singles, _HALL_W),
                "link": [
                    *sites("single", self._singles, _HALL_W),
                    *sites("slope", _SLOPE_SITES, _SLOPE_W),
                    *(site for n in self._zones for site in sites(f"zone{n}", n, _HALL_W)),
                ],
            }
            fleet = CurtailFleet([site for each in places.values() for site in each], [step])
            system = System(Path(scratch), fleet, receipt_s=_RECEIPT_S, judges=1)
            with self._running(system, fleet, places["loopback"], None) as parts:
                self._one_by_one("loopback", verbs, system, parts, "near")
            with self._running(system, fleet, places["link"], link) as parts:
                self._one_by_one("link", verbs, system, parts, "single")
                self._slope(verbs, system, parts, step)
                for number in self._zones:
                    self._zone(verbs, system, parts, number)

    @contextmanager
    def _running(
        self,
        system: System,
        fleet: CurtailFleet,
        chosen: Sequence[LightSite],
        link: Link | None,
    ) -> Iterator[tuple[LightGateways, Watch]]:
        """Broker and collector at the office, these gateways at the other end."""
        via = "loopback" if link is None else "link"
        system.place = Place() if link is None else Place(link.office.host, link.office.inside)
        self._say(f"{via}: until the collector listens, and {len(chosen)} gateways are connected")
        system.start(with_tls=True)
        light = None
        try:
            file = system.directory.parent / f"{via}.json"
            root = (system.directory / "root.pub").read_bytes()
            speed = _AT_ONCE if link is None else _ESP32
            fleet.write_file(file, chosen, system, root, esp32_ms=speed)
            light = LightGateways(file, () if link is None else link.field.inside)
            light.wait(_PATIENCE_S)
            time.sleep(_SAMPLES_S)
            yield light, Watch(system.directory)
            self.refused += light.refused
        finally:
            system.stop()
            if light is not None:
                light.stop()

    def _one_by_one(
        self,
        via: str,
        verbs: Verbs,
        system: System,
        parts: tuple[LightGateways, Watch],
        zone: str,
    ) -> None:
        light, watch = parts
        orders = []
        for number in range(self._singles):
            self._say(f"{via}: order {number + 1} of {self._singles} for one gateway")
            orders.append(draft(verbs, system.directory, "--site", f"{zone}-{number:04}"))
            approve(verbs, system.directory, orders[-1])
            watch.until(orders[-1:], "applied", 1, _PATIENCE_S)
        watch.until(orders, "verified", 1, _PATIENCE_S)
        self.passed.append(_passed(via, 1, light, watch, orders))

    def _zone(
        self, verbs: Verbs, system: System, parts: tuple[LightGateways, Watch], number: int
    ) -> None:
        light, watch = parts
        self._say(f"link: one order for {number} gateways")
        order = draft(verbs, system.directory, "--zone", f"zone{number}")
        approve(verbs, system.directory, order)
        watch.until([order], "verified", number, _PATIENCE_S)
        self.passed.append(_passed("link", number, light, watch, [order]))

    def _slope(
        self, verbs: Verbs, system: System, parts: tuple[LightGateways, Watch], step: Ramp
    ) -> None:
        light, watch = parts
        self._say(f"link: a ramp of {step.step_w} W in {step.step_s} s")
        order = draft(verbs, system.directory, "--zone", step.zone)
        approve(verbs, system.directory, order)
        watch.until([order], "applied", _SLOPE_SITES, _PATIENCE_S * 2)
        moves = [(at_ms, _SLOPE_W) for at_ms in light.opened[order].values()]
        self.slope = slope(moves, _SLOPE_SITES * _SLOPE_W, step.step_w, step.step_s)


def _passed(
    via: str, gateways: int, light: LightGateways, watch: Watch, orders: Sequence[str]
) -> Passed:
    seen = [(watch.orders[order], light.opened[order]) for order in orders]
    results = [result for each, _ in seen for result in each.results.values()]
    return Passed(
        via,
        gateways,
        [(at_ms - each.approved_ms) / 1000 for each, opened in seen for at_ms in opened.values()],
        _since([each for each, _ in seen], "applied"),
        _since([each for each, _ in seen], "verified"),
        {result: results.count(result) for result in sorted(set(results))},
    )


def _since(seen: Sequence[Seen], step: str) -> list[float]:
    return [
        (at_ms - each.approved_ms) / 1000 for each in seen for at_ms in each.steps[step].values()
    ]
