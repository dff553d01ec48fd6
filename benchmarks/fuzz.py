"""Random strings for the firmware's parsers of Modbus answers, in MicroPython."""

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.chance import CRC_PASSES, bound
from benchmarks.workers import FIRMWARE, micropython

MOST_KEPT_BYTES = 1024
_LONGEST = 300
# Unit, exception function and CRC by chance, at every place of a string.
_EXCEPTION_PASSES = _LONGEST * 2**-16 * CRC_PASSES
_SHARES = {"pure": 40, "headed": 25, "mutated": 25, "tcp": 10}
_CHANCES = {"pure": 0.0, "headed": CRC_PASSES, "mutated": CRC_PASSES, "tcp": 0.0}


@dataclass
class Fuzzed:
    """What became of a kind's strings. `wrong`: believed, and not what was sent."""

    kind: str
    seed: int
    all_strings: int
    strings: int
    accepted: int
    wrong: int
    wrong_bound: int
    exceptions: int
    kept_bytes: int
    escaped: list[Any]

    @property
    def holds(self) -> bool:
        return (
            not self.escaped
            and self.wrong <= self.wrong_bound
            and self.kept_bytes <= MOST_KEPT_BYTES
            and (self.kind != "pure" or self.accepted + self.exceptions <= self.wrong_bound)
        )

    @property
    def replay(self) -> str:
        options = ["--seed", str(self.seed), "--strings", str(self.all_strings), "--requests", "0"]
        return shlex.join(["esep", "bench", "hostile", *options, "--json", "hostile.json"])


def run(strings: int, seed: int, firmware: Path = FIRMWARE) -> list[Fuzzed]:
    """All strings, in the shares of their kinds."""
    return [_fuzz(kind, strings, seed, firmware) for kind in _SHARES]


def _fuzz(kind: str, all_strings: int, seed: int, firmware: Path) -> Fuzzed:
    strings = all_strings * _SHARES[kind] // 100
    with micropython("fuzz_frames", firmware=firmware) as device:
        told = device.ask(["fuzz", kind, strings, seed])
    passes = _CHANCES[kind] + (_EXCEPTION_PASSES if kind != "tcp" else 0)
    wrong_bound = bound(strings * passes)
    return Fuzzed(kind=kind, seed=seed, all_strings=all_strings, wrong_bound=wrong_bound, **told)
