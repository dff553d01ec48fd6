"""What goes into a feeder against what its children and its losses account for."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from collector.model.accuracy import PointLimit, combined_wh


class BalanceOutcome(StrEnum):
    """`missing`: more goes in than comes out; `surplus`: more comes out than goes in."""

    BALANCED = "balanced"
    MISSING = "missing"
    SURPLUS = "surplus"
    UNMEASURED = "unmeasured"


@dataclass(frozen=True)
class Part:
    """Energy at one metering point in the period; None: not measured.

    `error_wh`: steps of the register and readings off the boundary, which are bounded linearly.
    """

    name: str
    energy_wh: Fraction | None
    limit: PointLimit
    error_wh: Fraction = Fraction(0)
    positions: tuple[int, ...] = ()
    document: bytes | None = None


@dataclass(frozen=True)
class Balance:
    """All in Wh. `unaccounted_wh` is what is beyond losses and errors: at least so much."""

    feeder: str
    start_ms: int
    end_ms: int
    head_wh: Fraction | None
    children_wh: Fraction | None
    loss_wh: Fraction
    error_wh: Fraction
    outcome: BalanceOutcome
    unaccounted_wh: Fraction
    unmeasured: tuple[str, ...] = ()
    positions: tuple[int, ...] = ()
    documents: tuple[bytes, ...] = ()

    @property
    def difference_wh(self) -> Fraction | None:
        if self.head_wh is None or self.children_wh is None:
            return None
        return self.head_wh - self.children_wh


def balance(
    feeder: str,
    start_ms: int,
    end_ms: int,
    heads: Sequence[Part],
    children: Sequence[Part],
    loss_permille: int,
) -> Balance:
    """Of the energy at the head up to `loss_permille` may be lost on the way; nothing need be."""
    parts = [*heads, *children]
    unmeasured = tuple(part.name for part in parts if part.energy_wh is None)
    positions = tuple(sorted({position for part in parts for position in part.positions}))
    documents = tuple(sorted({part.document for part in parts if part.document is not None}))
    evidence = (positions, documents)
    if unmeasured or not heads:
        nothing = Fraction(0)
        outcome = BalanceOutcome.UNMEASURED
        return Balance(
            feeder, start_ms, end_ms, None, None, nothing, nothing, outcome, nothing,
            unmeasured, *evidence,
        )  # fmt: skip
    head_wh, children_wh = _sum(heads), _sum(children)
    loss_wh = max(head_wh, Fraction(0)) * loss_permille / 1000
    error_wh = combined_wh([(part.energy_wh or Fraction(0), part.limit) for part in parts])
    error_wh += sum((part.error_wh for part in parts), Fraction(0))
    difference_wh = head_wh - children_wh
    outcome, unaccounted_wh = BalanceOutcome.BALANCED, Fraction(0)
    if difference_wh > loss_wh + error_wh:
        outcome, unaccounted_wh = BalanceOutcome.MISSING, difference_wh - loss_wh - error_wh
    elif difference_wh < -error_wh:
        outcome, unaccounted_wh = BalanceOutcome.SURPLUS, -difference_wh - error_wh
    return Balance(
        feeder, start_ms, end_ms, head_wh, children_wh, loss_wh, error_wh, outcome,
        unaccounted_wh, (), *evidence,
    )  # fmt: skip


def _sum(parts: Sequence[Part]) -> Fraction:
    return sum((part.energy_wh for part in parts if part.energy_wh is not None), Fraction(0))
