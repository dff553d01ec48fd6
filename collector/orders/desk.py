"""Moves orders on: drafts, gives notice, issues, repeats, verifies, releases."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from fractions import Fraction

import structlog
from sqlalchemy import Connection, Engine

from collector.checks.meters import POWER
from collector.evidence.downlink import Action, Command, Signer
from collector.model.order import DropResult, Step
from collector.model.records import Meter
from collector.orders import commands, release, rules, store, verification
from collector.orders.store import Order, StepRecord
from collector.orders.verification import Samples
from collector.registry.store import Registry
from collector.registry.view import View
from collector.series.store import SeriesStore
from collector.storage import deciding

log = structlog.get_logger()


class Desk:
    """Stateless but for the database: killed at any step, it goes on from the last one kept."""

    def __init__(
        self, engine: Engine, registry: Registry, series: SeriesStore, signer: Signer
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._series = series
        self._signer = signer

    def run(self, now_ms: int) -> None:
        view = self._registry.view()
        orders = deciding(self._engine, lambda open_: self._draft(open_, view, now_ms))
        current = {order.id: order for order in orders}
        for identity, order in current.items():
            if order.is_over:
                continue
            try:
                current[identity] = self._moved(view, order, current, now_ms)
            except (LookupError, ValueError, ArithmeticError) as error:
                # one order that cannot be moved must not hold up the others
                log.exception("order.stuck", order=identity.hex(), error=str(error))

    def _moved(
        self, view: View, order: Order, current: Mapping[bytes, Order], now_ms: int
    ) -> Order:
        def move(connection: Connection) -> Order:
            # its gateway's answer may have come since, to another process
            now = store.load(connection, order.id) or order
            return self._move(connection, view, now, current, now_ms)

        return deciding(self._engine, move)

    @staticmethod
    def _draft(connection: Connection, view: View, now_ms: int) -> list[Order]:
        """Those that are wanted now, and all that are remembered."""
        remembered_ms = 2 * view.market.period_ms + view.policy.hold_s * 1000
        orders = store.load_recent(connection, now_ms - remembered_ms)
        for terms in rules.wanted(connection, view, orders, now_ms):
            orders.append(store.draft(connection, terms, now_ms))
        return orders

    def _move(
        self,
        connection: Connection,
        view: View,
        order: Order,
        current: Mapping[bytes, Order],
        now_ms: int,
    ) -> Order:
        """The order as it stands after this run."""
        match order.step:
            case Step.DRAFTED:
                approved = {"by": order.terms.official, "rule": order.terms.rule}
                return self._step(connection, order, Step.APPROVED, now_ms, approved)
            case Step.APPROVED:
                return self._notify(connection, order, now_ms)
            case Step.NOTIFIED:
                due_ms = order.steps[Step.NOTIFIED].at_ms + order.terms.notice_s * 1000
                if now_ms >= due_ms:
                    return self._issue(connection, view, order, now_ms)
            case Step.ISSUED | Step.RELEASED as step:
                return self._repeat(connection, view, order, step, now_ms)
            case Step.RECEIVED:
                return self._give_up(connection, view, order, now_ms)
            case Step.APPLIED:
                return self._verify(connection, view, order, now_ms)
            case Step.VERIFIED:
                others = current.values()
                if release.is_due(connection, view, self._series, order, others, now_ms):
                    return self._release(connection, view, order, others, now_ms)
        return order

    def _step(
        self,
        connection: Connection,
        order: Order,
        step: Step,
        now_ms: int,
        details: Mapping[str, object],
        result: DropResult | None = None,
    ) -> Order:
        record = StepRecord(step, now_ms, now_ms, None, details)
        return store.take_step(connection, order, record, result)

    def _notify(self, connection: Connection, order: Order, now_ms: int) -> Order:
        notice: dict[str, object] = {
            "to": order.terms.licensee,
            "channel": "control room page",
            "authority": order.terms.authority,
            "in_force_ms": now_ms + order.terms.notice_s * 1000,
        }
        return self._step(connection, order, Step.NOTIFIED, now_ms, notice)

    def _issue(self, connection: Connection, view: View, order: Order, now_ms: int) -> Order:
        if why := rules.void(view, order, now_ms):
            return self._step(connection, order, Step.CANCELLED, now_ms, {"reason": why})
        sent = self._send_open(connection, view, order, now_ms)
        return self._step(connection, order, Step.ISSUED, now_ms, sent)

    def _send_open(
        self, connection: Connection, view: View, order: Order, now_ms: int
    ) -> dict[str, object]:
        until_ms = now_ms + order.terms.hold_s * 1000
        sent = self._send(connection, view, order, Action.OPEN, now_ms, until_ms=until_ms)
        return sent | {"until_ms": until_ms}

    def _release(
        self,
        connection: Connection,
        view: View,
        order: Order,
        orders: Collection[Order],
        now_ms: int,
    ) -> Order:
        stages = release.own_stages(order, orders, now_ms)
        if not stages:
            held = {"reason": "another order holds its stages open"}
            order = self._step(connection, order, Step.RELEASED, now_ms, held)
            return self._step(connection, order, Step.RESTORED, now_ms, held)
        sent = self._send_release(connection, view, order, stages, now_ms)
        return self._step(connection, order, Step.RELEASED, now_ms, sent)

    def _send_release(
        self,
        connection: Connection,
        view: View,
        order: Order,
        stages: tuple[int, ...],
        now_ms: int,
    ) -> dict[str, object]:
        ramp = (view.policy.ramp_offset_ms, view.policy.ramp_step_ms)
        sent = self._send(
            connection, view, order, Action.RELEASE, now_ms, stages=stages, ramp_ms=ramp
        )
        return sent | {"stages": list(stages)}

    def _send(
        self,
        connection: Connection,
        view: View,
        order: Order,
        action: Action,
        now_ms: int,
        *,
        stages: tuple[int, ...] | None = None,
        until_ms: int | None = None,
        ramp_ms: tuple[int, int] | None = None,
    ) -> dict[str, object]:
        gateway = order.terms.gateway
        command = Command(
            target=bytes.fromhex(gateway),
            counter=commands.next_counter(connection, gateway),
            issued_ms=now_ms,
            expires_ms=now_ms + view.policy.command_ttl_s * 1000,
            order=order.id,
            action=action,
            stages=order.terms.stages if stages is None else stages,
            until_ms=until_ms,
            ramp_ms=ramp_ms,
            authority=bytes.fromhex(order.terms.document_sha256),
            reason=order.terms.reason,
        )
        digest = commands.send(connection, self._signer, gateway, command, now_ms)
        return {
            "counter": command.counter,
            "command": digest.hex(),
            "sent_ms": now_ms,
            "expires_ms": command.expires_ms,
        }

    def _repeat(
        self, connection: Connection, view: View, order: Order, step: Step, now_ms: int
    ) -> Order:
        """Queue the same command again while its gateway has not answered.

        A command that can no longer be obeyed is issued anew when it is a release, or waited
        here for the broker; else the order has failed.
        """
        details = order.steps[step].details
        if "command" not in details:
            return order  # the gateway released by itself when the hold ran out
        digest = bytes.fromhex(details["command"])
        sent = commands.times_sent(connection, digest)
        if now_ms >= details["expires_ms"] + _ms(view.policy.late_s):
            return self._expired(connection, view, order, step, sent, now_ms)
        is_due = now_ms >= details["sent_ms"] + sent * view.policy.repeat_s * 1000
        if 0 < sent <= view.policy.max_repeats and is_due:
            commands.queue(connection, order.terms.gateway, digest, now_ms)
            log.warning("order.repeated", order=order.id.hex(), step=step, times=sent)
        return order

    def _expired(
        self,
        connection: Connection,
        view: View,
        order: Order,
        step: Step,
        sent: int,
        now_ms: int,
    ) -> Order:
        if step is Step.RELEASED:
            stages = tuple(order.steps[step].details["stages"])
            anew = self._send_release(connection, view, order, stages, now_ms)
            return store.renew(connection, order, step, anew)
        why = rules.void(view, order, now_ms) or ("no answer" if sent else None)
        if why is not None:
            return self._step(connection, order, Step.FAILED, now_ms, {"reason": why})
        anew = self._send_open(connection, view, order, now_ms)
        return store.renew(connection, order, step, anew)

    def _give_up(self, connection: Connection, view: View, order: Order, now_ms: int) -> Order:
        received_ms = order.steps[Step.RECEIVED].recorded_ms
        if now_ms >= received_ms + view.policy.verify_timeout_s * 1000:
            return self._step(connection, order, Step.FAILED, now_ms, {"reason": "never applied"})
        return order

    def _verify(self, connection: Connection, view: View, order: Order, now_ms: int) -> Order:
        policy = view.policy
        metered = view.meters_of(order.terms.site, now_ms)
        stage = self._samples(
            view, order, [meter for meter in metered if meter.point in order.terms.stages]
        )
        boundary = self._samples(
            view, order, [meter for meter in metered if meter.point == "delivery"]
        )
        if verification.enough([*stage, *boundary], policy):
            drop = verification.judge(stage, boundary, policy)
            watts = {
                name: round(value, 1) for name, value in asdict(drop).items() if name != "result"
            }
            return self._verified(connection, order, now_ms, watts, drop.result)
        if now_ms >= order.steps[Step.APPLIED].recorded_ms + policy.verify_timeout_s * 1000:
            reason = {"reason": "too few fresh samples"}
            return self._verified(connection, order, now_ms, reason, DropResult.UNVERIFIABLE)
        return order

    def _verified(
        self,
        connection: Connection,
        order: Order,
        now_ms: int,
        details: Mapping[str, object],
        result: DropResult,
    ) -> Order:
        return self._step(
            connection, order, Step.VERIFIED, now_ms, {**details, "result": result}, result
        )

    def _samples(self, view: View, order: Order, meters: Sequence[Meter]) -> list[Samples]:
        # the gateway's clock, which times the samples, may be behind ours
        issued_ms = min(order.steps[step].at_ms for step in (Step.ISSUED, Step.RECEIVED))
        settled_ms = order.steps[Step.APPLIED].at_ms + _ms(view.policy.settle_s)
        before_ms = issued_ms - view.policy.before_window_s * 1000
        far_ms = settled_ms + view.policy.verify_timeout_s * 1000
        return [
            Samples(
                self._power(meter, before_ms, issued_ms), self._power(meter, settled_ms, far_ms)
            )
            for meter in meters
        ]

    def _power(self, meter: Meter, from_ms: int, until_ms: int) -> list[float]:
        window = self._series.window(meter.serial, from_ms, until_ms)
        powers = (point.believed(POWER) for point in window)
        return [power_w for power_w in powers if power_w is not None]


def _ms(seconds: Decimal) -> int:
    return int(Fraction(seconds) * 1000)
