"""Which parts of orders a look of the desk is for: those with news, and some of the others."""

from collections.abc import Collection
from itertools import islice
from typing import Any

from collector.orders.order import Order, Part
from collector.registry.view import View

IN_A_TURN = 100
"""Parts without news at one look: of very many, what only time brings comes some looks later."""

_Name = tuple[bytes, int]


class Turns:
    """There is news of a part when the register, or any order at its gateway, is not as it was at
    the last look at it. Lost with the process, which then looks at all.
    """

    def __init__(self) -> None:
        self._view: View | None = None
        self._seen: dict[_Name, Any] = {}
        """How its gateway was at the last look; who was looked at last, last."""

    def due(
        self, view: View, orders: Collection[Order], without_news: int = IN_A_TURN
    ) -> dict[bytes, set[int]]:
        """By order the numbers of the parts to look at now."""
        if view is not self._view:
            self._view, self._seen = view, {}
        known = _known(orders)
        waiting = {
            (order.id, part.number): tuple(known[part.cut.gateway])
            for order in orders
            if not order.is_over
            for part in order.parts
            if not part.is_over
        }
        news = [name for name, state in waiting.items() if self._seen.get(name) != state]
        is_new = {*news}
        others = (name for name in self._seen if name in waiting and name not in is_new)
        due: dict[bytes, set[int]] = {}
        for name in [*news, *islice(others, without_news)]:
            due.setdefault(name[0], set()).add(name[1])
            self._seen.pop(name, None)
            self._seen[name] = waiting[name]
        self._seen = {name: state for name, state in self._seen.items() if name in waiting}
        return due


def _known(orders: Collection[Order]) -> dict[str, list[Any]]:
    """All that is known of the orders at each gateway."""
    known: dict[str, list[Any]] = {}
    for order in orders:
        for part in order.parts:
            known.setdefault(part.cut.gateway, []).append((order.id, len(order.own), *_of(part)))
    return known


def _of(part: Part) -> tuple[Any, ...]:
    last = part.commands[-1] if part.commands else None
    answer = None if last is None else (last.counter, last.answer, last.reason)
    return part.step, len(part.history), answer
