"""Which order has a stage when several want it. docs/orders.md prints the tables from here."""

from dataclasses import dataclass
from enum import StrEnum

from collector.model.records import OrderReason


class Fate(StrEnum):
    """What becomes of the order that does not have the stage.

    `resumed`: it goes on; its stage is open for the other, and is its own again when that ends.
    `superseded`: it is over, and somebody must order it again. `merged`: one cut by two orders of
    the same reason: the later end holds, and the order that ends sooner is superseded.
    """

    RESUMED = "resumed"
    SUPERSEDED = "superseded"
    MERGED = "merged"


@dataclass(frozen=True)
class Priority:
    """`overrides_min_on`: it does not wait until a stage has been on for its minimum time; for the
    minimum off time everyone waits. `is_limited`: so many operations in an hour, and no more.
    `needs_reference`: a person's order names the call or letter that asked for it.
    """

    reason: OrderReason
    ends: str
    overridden: Fate
    overrides_min_on: bool = False
    is_limited: bool = False
    needs_reference: bool = False


PRIORITIES = {
    row.reason: row
    for row in (
        Priority(
            OrderReason.EMERGENCY,
            "when a person releases it, or at its end",
            Fate.RESUMED,
            overrides_min_on=True,
            needs_reference=True,
        ),
        Priority(
            OrderReason.SYSTEM_DEFICIT,
            "when a person releases it, or at its end",
            Fate.RESUMED,
            needs_reference=True,
        ),
        Priority(
            OrderReason.LICENCE,
            "when the site is licensed again, or at its end",
            Fate.RESUMED,
        ),
        Priority(
            OrderReason.OVER_ALLOCATION,
            "with the hour, or sooner when the energy still allowed permits a return with margin",
            Fate.RESUMED,
            is_limited=True,
        ),
        Priority(
            OrderReason.PERMITTED_HOURS,
            "when drawing is permitted again, or at its end",
            Fate.RESUMED,
            is_limited=True,
        ),
        Priority(
            OrderReason.PEAK,
            "with its window of the calendar, or when a person releases it",
            Fate.RESUMED,
            is_limited=True,
        ),
        Priority(
            OrderReason.MANUAL,
            "when a person releases it, or at its end",
            Fate.SUPERSEDED,
            is_limited=True,
        ),
    )
}
"""One row a reason, the strongest first."""

_RANKS = {reason: rank for rank, reason in enumerate(PRIORITIES)}


def is_stronger(reason: OrderReason, other: OrderReason) -> bool:
    return _RANKS[reason] < _RANKS[other]


@dataclass(frozen=True)
class Meeting:
    """Of two orders for one stage: whose it is (None: of the one that ends later), and what
    becomes of the other.
    """

    owner: OrderReason | None
    fate: Fate


def meet(one: OrderReason, other: OrderReason) -> Meeting:
    """The cell of the table of preemption; the order of the two does not matter."""
    if one is other:
        return Meeting(None, Fate.MERGED)
    owner, weaker = (one, other) if is_stronger(one, other) else (other, one)
    return Meeting(owner, PRIORITIES[weaker].overridden)
