"""The Modbus master on a bus that does everything a bad line does: is anything wrong believed?"""

import shlex
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from benchmarks.chance import CRC_PASSES, bound
from benchmarks.workers import FIRMWARE, micropython
from simulator.hostile_line import (
    COUNTS,
    UNITS,
    Asked,
    HostileLine,
    Mode,
    Script,
    whose,
)

_FUNCTION = 3
_ADDRESSES = range(200)
_TIMEOUT_MS = 25
_GAP_MS = 2
_BATCH = 100
_TWIN_MODES = (Mode.TWINS, Mode.TWINS_LATE, Mode.MIXED)

Ask = tuple[int, int, int, int]
"""Unit, function, address, number of registers."""


@dataclass
class Outcome:
    """What became of a mode's requests. `wrong_bound`: as many may be, by the CRC alone."""

    mode: str
    seed: int
    requests: int = 0
    frames_sent: int = 0
    frames_heard: int = 0
    attacked: int = 0
    garbled: int = 0
    right: int = 0
    wrong: int = 0
    no_answer: int = 0
    exceptions: int = 0
    units_answered_twice: int = 0
    wrong_bound: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        heard = self.frames_heard == self.frames_sent  # or moments are not what they seem
        return heard and self.right > 0 and self.wrong <= self.wrong_bound

    @property
    def replay(self) -> str:
        """The command that plays the same script again."""
        options = ["--mode", self.mode, "--requests", str(self.requests), "--seed", str(self.seed)]
        options += ["--strings", "0", "--json", "hostile.json"]
        return shlex.join(["esep", "bench", "hostile", *options])


def run(
    modes: Sequence[Mode],
    requests_per_mode: int,
    seed: int,
    firmware: Path = FIRMWARE,
    *,
    at_once: int = 6,
) -> list[Outcome]:
    """Each mode on a bus of its own, with a MicroPython of its own; mostly they wait."""
    with ThreadPoolExecutor(at_once) as pool:
        played = [pool.submit(play, mode, requests_per_mode, seed, firmware) for mode in modes]
        return [each.result() for each in played]


def play(mode: Mode, requests: int, seed: int, firmware: Path = FIRMWARE) -> Outcome:
    outcome = Outcome(mode, seed)
    rng = Random(f"{seed}/asked/{mode}")
    script = Script(mode, seed, _TIMEOUT_MS / 1000)
    with (
        closing(HostileLine(script)) as line,
        micropython("hostile_reader", line.path, firmware=firmware) as master,
    ):
        master.ask(["register", UNITS, COUNTS])
        last_asks: dict[int, Asked] = {}
        while outcome.requests < requests:
            asks = [_ask(rng) for _ in range(min(_BATCH, requests - outcome.requests))]
            for ask, told in zip(
                asks, master.ask(["read", asks, _TIMEOUT_MS, _GAP_MS]), strict=True
            ):
                _judge(outcome, mode, ask, told, last_asks)
            outcome.units_answered_twice += len(master.ask(["twice", UNITS]))
        outcome.frames_heard = line.heard
        outcome.attacked = sum(line.told.values())
        outcome.garbled = line.garbled
    outcome.wrong_bound = bound(outcome.garbled * CRC_PASSES)
    return outcome


def _ask(rng: Random) -> Ask:
    return rng.choice(UNITS), _FUNCTION, rng.choice(_ADDRESSES), rng.choice(COUNTS)


def _judge(
    outcome: Outcome, mode: Mode, ask: Ask, told: tuple[str, int, int], last_asks: dict[int, Asked]
) -> None:
    unit, _, address, count = ask
    answer, first, last = told
    outcome.requests += 1
    outcome.frames_sent = last
    # Of the same registers, asked for twice in a row, nothing in a frame tells when they were read.
    before = last_asks.get(unit)
    if before is not None and (before.address, before.count) != (address, count):
        before = None
    last_asks[unit] = Asked(unit, address, count, before.first if before else first, last)
    if answer == "exception":
        outcome.exceptions += 1
    elif answer == "no answer":
        outcome.no_answer += 1
    else:
        registers = bytes.fromhex(answer)
        asked = Asked(unit, address, count, first, last)
        twins = mode in (Mode.TWINS, Mode.MIXED)
        if asked.is_answered_by(registers, or_twin=twins) or (
            before is not None and before.is_answered_by(registers, or_twin=mode in _TWIN_MODES)
        ):
            outcome.right += 1
        else:
            outcome.wrong += 1
            if len(outcome.findings) < 5:
                origin = next(whose(registers, last, _ADDRESSES), None)
                outcome.findings.append(f"{asked} took {answer}, {_told(origin)}")


def _told(origin: tuple[int, int, int] | None) -> str:
    if origin is None:
        return "which no unit said"
    return "of unit {}, address {}, request {}".format(*origin)
