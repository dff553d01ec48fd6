"""Moves orders on at each look: drafts what rules want, then each order's parts."""

from collections.abc import Mapping, Sequence, Set
from contextlib import suppress

import structlog
from sqlalchemy import Connection, Engine

from collector.evidence.downlink import Signer
from collector.model.order import Step
from collector.orders import notices, peaks, renewals, rules, store, timers, zone_orders
from collector.orders.drop.verifying import Looks
from collector.orders.fleet import Fleet
from collector.orders.move import Move
from collector.orders.order import Order, StepRecord
from collector.orders.sending import Sender
from collector.orders.turns import IN_A_TURN, Turns
from collector.registry.store import Registry
from collector.registry.view import View
from collector.series.store import SeriesStore
from collector.storage import deciding, reading

log = structlog.get_logger()

_STUCK = (LookupError, ValueError, ArithmeticError)
_AT_ONCE = 50
"""Parts in one transaction: while it writes others wait."""


class Desk:
    """Stateless but for the database: killed at any step, it goes on from the last one kept."""

    def __init__(
        self, engine: Engine, registry: Registry, series: SeriesStore, signer: Signer
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._series = series
        self._signer = signer
        self._looks = Looks()
        self._turns = Turns()
        self._newest = 0
        self._wakes_ms: int | None = None

    def is_awaited(self, now_ms: int) -> bool:
        """Whether a step of a ramp has its moment now."""
        return self._wakes_ms is not None and now_ms >= self._wakes_ms

    def has_news(self) -> bool:
        """Whether anybody took a step since the last run began: cheap, to be asked often."""
        with reading(self._engine) as connection:
            return store.newest_step(connection) > self._newest

    def run(self, now_ms: int, *, is_for_news: bool = False) -> None:
        """`is_for_news`: what is not concerned by any is left for another run."""
        view = self._registry.view()
        if not is_for_news:
            self._wakes_ms = None  # who waits is looked at now, and says so again
        with reading(self._engine) as connection:
            self._newest = store.newest_step(connection)
        orders = deciding(self._engine, lambda open_: self._draft(open_, view, now_ms))
        current = {order.id: order for order in orders}
        fleet = Fleet(view, self._series, orders, now_ms)
        others = 0 if is_for_news else IN_A_TURN
        for identity, numbers in self._turns.due(view, orders, others).items():
            order = current[identity]
            try:
                current[identity] = self._moved(view, fleet, order, current, now_ms, numbers)
            except _STUCK as error:
                # one order that cannot be moved must not hold up the others
                log.exception("order.stuck", order=identity.hex(), error=str(error))
        wakes_ms = [each for each in (self._wakes_ms, fleet.wakes_ms) if each is not None]
        self._wakes_ms = min(wakes_ms, default=None)
        self._looks.keep_only(current)
        deciding(self._engine, lambda open_: timers.run(open_, view, current.values(), now_ms))

    def _draft(self, connection: Connection, view: View, now_ms: int) -> list[Order]:
        """Those that are wanted now, and all that are remembered."""
        remembered_ms = 2 * view.market.period_ms + view.policy.hold_s * 1000
        orders = store.load_recent(connection, now_ms - remembered_ms)
        of_peaks = peaks.unauthorised(view, self._series, now_ms)
        rules.note_unauthorised(connection, view, now_ms, of_peaks)
        for terms in rules.wanted(connection, view, orders, now_ms):
            orders.append(store.draft(connection, terms, now_ms))
        for terms in peaks.wanted(connection, view, orders, now_ms):
            orders.append(store.draft(connection, terms, now_ms))
        for terms in renewals.wanted(connection, view, orders, now_ms):
            orders.append(store.draft(connection, terms, now_ms))
        return orders

    def _moved(
        self,
        view: View,
        fleet: Fleet,
        order: Order,
        current: Mapping[bytes, Order],
        now_ms: int,
        numbers: Set[int],
    ) -> Order:
        """Some parts in one transaction; if one of them cannot be moved, each in its own."""
        told: Set[int] = set()
        with suppress(*_STUCK):  # each part says for itself what is in the way
            order, told = self._told_together(view, fleet, order, current, now_ms, numbers)
        left = [part.number for part in order.parts if part.number in numbers - told]
        for start in range(0, len(left), _AT_ONCE):
            these = left[start : start + _AT_ONCE]
            try:
                order = self._moved_parts(view, fleet, order, current, now_ms, these)
                continue
            except _STUCK:
                if len(order.parts) == 1:
                    raise
            for number in these:
                try:
                    order = self._moved_parts(view, fleet, order, current, now_ms, [number])
                except _STUCK as error:
                    log.exception(
                        "order.stuck", order=order.id.hex(), part=number, error=str(error)
                    )
        return order

    def _told_together(
        self,
        view: View,
        fleet: Fleet,
        order: Order,
        current: Mapping[bytes, Order],
        now_ms: int,
        numbers: Set[int],
    ) -> tuple[Order, set[int]]:
        """What is said of many parts at once: their notice, a zone's command. Their numbers."""
        steps = {part.step for part in order.parts if part.number in numbers}
        is_issued_by_zone = order.terms.is_by_zone and Step.NOTIFIED in steps
        if len(order.parts) < 2 or not (Step.APPROVED in steps or is_issued_by_zone):
            return order, set()

        def tell(connection: Connection) -> tuple[Order, set[int]]:
            now = store.load(connection, order.id) or order
            sender = Sender(connection, view, self._signer, now_ms)
            now, told = _notified_together(sender, now, numbers)
            if now.terms.is_by_zone and not told:
                gateways = {part.cut.gateway for part in now.parts}
                others = store.load_at(connection, gateways, now_ms)
                there = {**{other.id: other for other in others}, **current, now.id: now}
                now, told = zone_orders.issue(sender, fleet, now, list(there.values()))
            return now, told

        return deciding(self._engine, tell)

    def _moved_parts(
        self,
        view: View,
        fleet: Fleet,
        order: Order,
        current: Mapping[bytes, Order],
        now_ms: int,
        numbers: Sequence[int],
    ) -> Order:
        def move(connection: Connection) -> Order:
            # its gateway's answer may have come since, to another process
            now = store.load_numbers(connection, order.id, numbers) or order
            gateways = {now.part(number).cut.gateway for number in numbers}
            others = store.load_at(connection, gateways, now_ms)
            sender = Sender(connection, view, self._signer, now_ms)
            there = {**{other.id: other for other in others}, **current}
            for number in numbers:
                if not now.part(number).is_over:
                    look = Move(
                        sender,
                        self._series,
                        self._looks,
                        fleet,
                        now,
                        number,
                        others,
                        there.values(),
                    )
                    now = look.made()
            return now

        moved = deciding(self._engine, move)
        self._looks.note(order.id, numbers, view.policy.drop.look_s, now_ms)
        return order.with_parts(moved)


def _notified_together(sender: Sender, order: Order, numbers: Set[int]) -> tuple[Order, set[int]]:
    """Give the notice of many parts; return their numbers."""
    parts = [p for p in order.parts if p.step is Step.APPROVED and p.number in numbers]
    if len(parts) < 2:
        return order, set()
    now_ms = sender.now_ms
    told = {
        part.number: (
            StepRecord(Step.NOTIFIED, now_ms, now_ms, None, notices.notice(order, part, now_ms)),
            None,
        )
        for part in parts
    }
    return store.take_together(sender.connection, order, Step.NOTIFIED, told), {*told}
