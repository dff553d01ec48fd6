"""Measures clients of a Modbus bus against what its wire needs (benchmarks/README.md)."""

import statistics
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks import plan, wire
from benchmarks.plan import BITS_PER_CHARACTER, Ask, BusMeter
from benchmarks.workers import Worker, micropython, python
from simulator import rtu

Say = Callable[[str], None]

REFERENCE = "reference"
WITH_GAPS = "esep-gaps"
CLIENTS: dict[str, Callable[[str, str], Worker]] = {
    "esep": lambda path, baud: micropython("bus_cycles", path, baud, "silence"),
    "pymodbus": lambda path, baud: python("benchmarks.pymodbus_client", path, baud),
    "minimalmodbus": lambda path, baud: python("benchmarks.minimalmodbus_client", path, baud),
    REFERENCE: lambda path, baud: python("benchmarks.reference_client", path, baud),
    WITH_GAPS: lambda path, baud: micropython("bus_cycles", path, baud, "gaps"),
}
QUICK_CLIENTS = tuple(name for name in CLIENTS if name != WITH_GAPS)
_REFERENCE_SHARE = 4  # it reads every so many requests, not to take time from the others


@dataclass
class Cycle:
    """One client's reading of all requests; idle is the line's, between answer and request."""

    requests: int
    least_s: float
    elapsed_s: float
    errors: list[str]
    wrong_values: int
    repetitions: int
    collisions: int
    idles_s: list[float]
    latest_slices_s: list[float]
    longest_stall_ms: float | None

    @property
    def ratio_to_wire(self) -> float:
        return self.least_s / self.elapsed_s


@dataclass
class Result:
    """What a client did at a baud rate, over all its cycles."""

    baud: int
    client: str
    cycles: int
    requests_per_cycle: int
    ratio_to_wire: float
    ratio_by_cycle: list[float]
    cycle_median_s: float
    cycle_p95_s: float
    least_median_s: float
    lost_per_request_ms: float
    errors: int
    first_errors: list[str]
    wrong_values: int
    repetitions: int
    collisions: int
    silence_broken: int
    idle_beyond_silence_median_ms: float
    idle_beyond_silence_p95_ms: float
    line_late_median_ms: float
    line_late_max_ms: float
    longest_stall_ms: float | None


@dataclass
class Bench:
    """`rounds`: cycles of each client at a baud rate, one client after another."""

    seed: int
    rounds: int
    bauds: tuple[int, ...] = plan.BAUDS
    clients: tuple[str, ...] = QUICK_CLIENTS
    meters: list[BusMeter] = field(default_factory=plan.meters)
    say: Say = print

    def run(self) -> list[Result]:
        return [result for baud in self.bauds for result in self._at(baud)]

    def _at(self, baud: int) -> list[Result]:
        asks = [ask for meter in self.meters for ask in meter.asks]
        with ExitStack() as stack:
            line = stack.enter_context(python("benchmarks.line"))
            paths = line.ask(self._settings(baud))
            workers = {
                name: stack.enter_context(CLIENTS[name](path, str(baud)))
                for name, path in zip(self.clients, paths, strict=True)
            }
            for worker in workers.values():  # what is imported and opened late is not timed
                _measure(line, worker, asks[:1], 0, baud, False)
            cycles: dict[str, list[Cycle]] = {name: [] for name in self.clients}
            for number in range(1, self.rounds + 1):
                for name in self._order(number):
                    asked = asks[::_REFERENCE_SHARE] if name == REFERENCE else asks
                    cycle = _measure(line, workers[name], asked, number, baud, name == WITH_GAPS)
                    cycles[name].append(cycle)
                    self.say(f"{baud} baud, round {number}, {name}: {cycle.ratio_to_wire:.3f}")
        return [_result(baud, name, of) for name, of in cycles.items()]

    def _order(self, number: int) -> list[str]:
        at = number % len(self.clients)
        return [*self.clients[at:], *self.clients[:at]]

    def _settings(self, baud: int) -> dict[str, Any]:
        return {
            "baud": baud,
            "bits_per_character": BITS_PER_CHARACTER,
            "seed": self.seed,
            "ports": len(self.clients),
            "units": [
                (
                    meter.unit,
                    meter.profile.function,
                    meter.profile.turnaround_ms / 1000,
                    meter.profile.jitter_ms / 1000,
                )
                for meter in self.meters
            ],
        }


def _measure(
    line: Worker, worker: Worker, asks: list[Ask], number: int, baud: int, with_gaps: bool
) -> Cycle:
    line.ask(number)
    told = worker.ask(["read", [list(asdict(ask).values()) for ask in asks]])
    time.sleep(0.01)  # an answer that came twice shows
    log = line.ask(number)
    exchanges = log["exchanges"]
    turnarounds_s = {(each["unit"], each["address"]): each["turnaround_s"] for each in exchanges}
    answers = dict(zip(asks, told["answers"], strict=True))
    errors = [answer for answer in answers.values() if not _is_hex(answer)]
    right = sum(
        answer == rtu.telling_registers(ask.unit, ask.address, ask.count, number).hex()
        for ask, answer in answers.items()
    )
    return Cycle(
        requests=len(asks),
        least_s=plan.least_s(asks, turnarounds_s, baud, with_gaps=with_gaps),
        elapsed_s=told["elapsed_s"],
        errors=errors,
        wrong_values=len(asks) - right - len(errors),
        repetitions=len(exchanges) - len(asks),
        collisions=log["collisions"],
        idles_s=[each["silence_before_s"] for each in exchanges[1:]],
        latest_slices_s=[each["latest_slice_s"] for each in exchanges],
        longest_stall_ms=told.get("longest_stall_ms"),
    )


def _is_hex(answer: str) -> bool:
    return all(digit in "0123456789abcdef" for digit in answer)


def _result(baud: int, client: str, cycles: list[Cycle]) -> Result:
    silence_s = wire.silence_s(baud, BITS_PER_CHARACTER)
    beyond_ms = [1000 * (idle - silence_s) for cycle in cycles for idle in cycle.idles_s]
    elapsed_s = [cycle.elapsed_s for cycle in cycles]
    least_s = sum(cycle.least_s for cycle in cycles)
    requests = cycles[0].requests
    errors = [error for cycle in cycles for error in cycle.errors]
    late_ms = [1000 * late for cycle in cycles for late in cycle.latest_slices_s]
    stalls_ms = [each.longest_stall_ms for each in cycles if each.longest_stall_ms is not None]
    return Result(
        baud=baud,
        client=client,
        cycles=len(cycles),
        requests_per_cycle=requests,
        ratio_to_wire=least_s / sum(elapsed_s),
        ratio_by_cycle=[round(cycle.ratio_to_wire, 4) for cycle in cycles],
        cycle_median_s=statistics.median(elapsed_s),
        cycle_p95_s=percentile(elapsed_s, 95),
        least_median_s=statistics.median(cycle.least_s for cycle in cycles),
        lost_per_request_ms=1000 * (sum(elapsed_s) - least_s) / (len(cycles) * requests),
        errors=len(errors),
        first_errors=errors[:5],
        wrong_values=sum(cycle.wrong_values for cycle in cycles),
        repetitions=sum(cycle.repetitions for cycle in cycles),
        collisions=sum(cycle.collisions for cycle in cycles),
        silence_broken=sum(each < 0 for each in beyond_ms),
        idle_beyond_silence_median_ms=statistics.median(beyond_ms),
        idle_beyond_silence_p95_ms=percentile(beyond_ms, 95),
        line_late_median_ms=statistics.median(late_ms),
        line_late_max_ms=max(late_ms),
        longest_stall_ms=max(stalls_ms, default=None),
    )


def percentile(values: Iterable[float], percent: int) -> float:
    """The least value that so many of them do not exceed."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * percent // 100) - 1]
