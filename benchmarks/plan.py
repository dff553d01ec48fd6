"""The bus that is measured: eight meters by their profiles, and what is asked of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import wire
from collector.model.profile import Profile
from simulator import rtu

METERS_DIR = Path(__file__).resolve().parent.parent / "hardware" / "meters"
INSTRUMENTS = (
    "eastron-sdm630",
    "eastron-sdm630",
    "carlo-gavazzi-em340",
    "carlo-gavazzi-em340",
    "schneider-pm5560",
    "schneider-pm5560",
    "carlo-gavazzi-em24",
    "eastron-sdm120",
)
BITS_PER_CHARACTER = 10  # eight data bits, no parity, one stop bit
BAUDS = (9600, 19200, 38400, 115200)


@dataclass(frozen=True)
class Ask:
    """A request of the benchmark: one answer, every cycle."""

    unit: int
    function: int
    address: int
    count: int
    timeout_ms: int
    gap_ms: int


@dataclass(frozen=True)
class BusMeter:
    unit: int
    profile: Profile

    @property
    def asks(self) -> list[Ask]:
        """A whole sample of the instrument."""
        profile = self.profile
        return [
            Ask(self.unit, profile.function, address, count, profile.timeout_ms, profile.gap_ms)
            for address, count in profile.requests(interval=False)
        ]


def meters() -> list[BusMeter]:
    return [
        BusMeter(unit, Profile.parse((METERS_DIR / f"{name}.toml").read_bytes()))
        for unit, name in enumerate(INSTRUMENTS, 1)
    ]


def least_s(
    asks: Sequence[Ask],
    turnarounds_s: Mapping[tuple[int, int], float],
    baud: int,
    *,
    with_gaps: bool = False,
) -> float:
    """What the wire needs for these requests, one after another, by a client that needs nothing.

    The silence stands between them, none before the first; `with_gaps`: the instruments' own.
    """
    character_s = BITS_PER_CHARACTER / baud
    silence_s = wire.silence_s(baud, BITS_PER_CHARACTER)
    total_s = 0.0
    for at, ask in enumerate(asks):
        characters = rtu.REQUEST_BYTES + rtu.answer_bytes(ask.count)
        total_s += characters * character_s + turnarounds_s[ask.unit, ask.address]
        if at:
            total_s += max(silence_s, ask.gap_ms / 1000 if with_gaps else 0)
    return total_s
