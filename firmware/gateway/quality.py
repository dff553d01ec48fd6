"""Quality of a quantity in a reading (docs/wire-format.md §4.1)."""

from micropython import const

GOOD = const(0)
STALE = const(1)
NO_ANSWER = const(2)
EXCEPTION = const(3)
OUT_OF_RANGE = const(4)
DOUBTFUL = const(5)


def has_bytes(quality: int) -> bool:
    return quality not in (NO_ANSWER, EXCEPTION)


def packed(qualities):
    """As a record has them: None when every quantity is good."""
    return bytes(qualities) if any(qualities) else None


def answered(quality) -> bool:
    """Whether a reading of this packed quality shows that the meter is there."""
    return quality is None or any(each != NO_ANSWER for each in quality)
