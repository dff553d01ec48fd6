"""The times of a serial line, as they should be."""

from random import Random

_FAST_BAUD = 19200
_FAST_SILENCE_S = 0.00175


def silence_s(baud: int, bits_per_character: int) -> float:
    """Between two frames, by Serial Line V1.02."""
    return _FAST_SILENCE_S if baud > _FAST_BAUD else 3.5 * bits_per_character / baud


def turnaround_s(
    seed: int, cycle: int, unit: int, address: int, base_s: float, jitter_s: float
) -> float:
    """The same for every client that asks the same in the same cycle."""
    draw = Random(f"{seed}/{cycle}/{unit}/{address}")
    return base_s + draw.uniform(-jitter_s, jitter_s)
