"""How long, and how much, each licensee was cut: by closed orders, so that others come next."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from collector.model.order import Step
from collector.model.records import OrderReason
from collector.orders.drop.compensation import not_supplied_wh
from collector.orders.order import Order, Part

_MS_IN_HOUR = 3_600_000
_OF_THE_GRID = frozenset(
    (OrderReason.EMERGENCY, OrderReason.SYSTEM_DEFICIT, OrderReason.PEAK, OrderReason.MANUAL)
)
"""Cuts that somebody had to bear; who is cut for what he did himself has earned nothing by it."""


@dataclass(frozen=True)
class Fairness:
    """Of one licensee. `hours`: in which anything of his stood open, at however many sites.

    `energy_wh`: the measured drop, held flat; `unmeasured`: so many cuts of which none was.
    """

    licensee: str
    cuts: int
    hours: Fraction
    energy_wh: Fraction
    unmeasured: int


def ledger(orders: Iterable[Order], *, all_reasons: bool = False) -> dict[str, Fairness]:
    """By licensee, from parts that were carried out and are restored.

    Only of orders for the grid's sake, if not said otherwise.
    """
    found: dict[str, list[Part]] = {}
    for order in orders:
        if all_reasons or order.terms.reason in _OF_THE_GRID:
            for part in order.parts:
                if _open_span(part) is not None:
                    found.setdefault(part.cut.licensee, []).append(part)
    return {licensee: _of(licensee, parts) for licensee, parts in sorted(found.items())}


def _of(licensee: str, parts: list[Part]) -> Fairness:
    energies = [not_supplied_wh(part) for part in parts]
    spans = sorted(span for part in parts if (span := _open_span(part)) is not None)
    open_ms, until_ms = 0, 0
    for start_ms, end_ms in spans:
        open_ms += max(end_ms - max(start_ms, until_ms), 0)
        until_ms = max(until_ms, end_ms)
    return Fairness(
        licensee,
        len(parts),
        Fraction(open_ms, _MS_IN_HOUR),
        sum((energy for energy in energies if energy is not None), Fraction(0)),
        sum(energy is None for energy in energies),
    )


def _open_span(part: Part) -> tuple[int, int] | None:
    """From contact to return, Unix ms; of a setpoint that took something off."""
    if part.cut.cap_w is not None and part.measured is not None and not not_supplied_wh(part):
        return None
    opened = part.steps.get(Step.CONTACT_CONFIRMED) or part.steps.get(Step.APPLIED)
    restored = part.steps.get(Step.RESTORED)
    if opened is None or restored is None:
        return None
    return opened.at_ms, max(restored.at_ms, opened.at_ms)
