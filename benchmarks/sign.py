"""Signatures in MicroPython: ours, a textbook's, and what an ESP32 would take."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.workers import micropython

Say = Callable[[str], None]
Span = tuple[float, float]

_HEAP = "96wk"
"""As many words as the whole application has in its tests."""
_WITHOUT_COLLECTION = "2048wk"
_DIGITS = 65
ESP32_PIDIGITS = 664.40 * 240 / 160 * 1.08
"""The score of bm_pidigits on an ESP32 at 240 MHz (README.md has the sources)."""
ESP32_BEYOND: Span = (1.3, 2.0)
"""What a signature takes there beyond what the score says."""


@dataclass
class Times:
    """The quickest of all rounds: what the others took more was the computer's."""

    sign_ms: float
    verify_ms: float


@dataclass
class Slices:
    """The longest time that another task waits for its turn, ms.

    `longest`: each slice at its quickest, without the collector. `with_collection`: the least of
    the rounds' longest, in a heap half of which is alive.
    """

    number: int
    longest_ms: float
    with_collection_ms: float


@dataclass
class Result:
    rounds: int
    ours: Times
    textbook: Times
    sign_slices: Slices
    verify_slices: Slices
    collection_ms: float
    pidigits_score: float

    @property
    def sign_ratio(self) -> float:
        return self.textbook.sign_ms / self.ours.sign_ms

    @property
    def verify_ratio(self) -> float:
        return self.textbook.verify_ms / self.ours.verify_ms

    @property
    def esp32_factor(self) -> Span:
        """How much longer an ESP32 takes than this computer."""
        by_score = self.pidigits_score / ESP32_PIDIGITS
        return by_score * ESP32_BEYOND[0], by_score * ESP32_BEYOND[1]

    def on_esp32(self, here_ms: float) -> Span:
        low, high = self.esp32_factor
        return here_ms * low, here_ms * high


def run(rounds: int, say: Say) -> Result:
    with (
        micropython("signing_times", heap=_HEAP) as device,
        micropython("signing_times", heap=_WITHOUT_COLLECTION) as roomy,
    ):
        times, alone, collecting, pi_us = [], [], [], []
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            times += device.ask(["times", 1])
            pi_us += device.ask(["pi", 1])
            alone.append(roomy.ask(["slices", False]))
            collecting.append(device.ask(["slices", True]))
        collection_us = device.ask(["collection", 10])
    sign, verify, textbook_sign, textbook_verify = (
        min(column) / 1000 for column in zip(*times, strict=True)
    )
    return Result(
        rounds=rounds,
        ours=Times(sign, verify),
        textbook=Times(textbook_sign, textbook_verify),
        sign_slices=_slices(alone, collecting, 0),
        verify_slices=_slices(alone, collecting, 1),
        collection_ms=min(collection_us) / 1000,
        pidigits_score=_DIGITS * 1e6 / min(pi_us),
    )


def _slices(alone: list[Any], collecting: list[Any], which: int) -> Slices:
    turns = [each[which] for each in alone]
    quickest = [min(same) for same in zip(*turns, strict=True)]
    longest_us = [max(each[which]) for each in collecting]
    return Slices(len(quickest), max(quickest) / 1000, min(longest_us) / 1000)
