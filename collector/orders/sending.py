"""The signed commands of an order's parts: open, take over, release; again while unanswered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import Connection

from collector.evidence.downlink import Action, Command, Signer
from collector.evidence.frame import CommandPhase
from collector.model.order import Step
from collector.model.records import Site
from collector.orders import commands, store
from collector.orders.fleet import STEP
from collector.orders.order import ZONE, Cut, Order, Part, Sent, StepRecord
from collector.registry.view import View

log = structlog.get_logger()

NOT_FOR_ME = "not_for_me"
STALE = ("replayed", "expired", NOT_FOR_ME)
"""Refusals of a command that came behind a newer one, or whose counter had fallen behind, or that
came too late, or of a message for a zone that the gateway does not know as its own: by which it
says nothing against the order.
"""


@dataclass(frozen=True)
class Sender:
    """Within one transaction, at one moment."""

    connection: Connection
    view: View
    signer: Signer
    now_ms: int

    def issue(
        self,
        order: Order,
        number: int,
        stages: tuple[int, ...],
        until_ms: int,
        said: Mapping[str, Any],
    ) -> Order:
        """The command to open, or to cap, for the first time or anew; `said`: what the fleet says
        of it.
        """
        part = order.part(number)
        action = _holding(part.cut)
        order, sent = self._send(order, part, action, stages, until_ms, said.get(STEP))
        return self._step(order, number, Step.ISSUED, sent, said)

    def issue_to_zone(
        self, order: Order, zone: str, said: Mapping[int, Mapping[str, Any]], until_ms: int
    ) -> Order:
        """One message that each of the parts' gateways verifies for itself: open every stage.

        `said`: what the fleet says of each part, by its number.
        """
        parts = [order.part(number) for number in said]
        gateways = sorted(
            {part.cut.gateway for part in parts}
            | {site.gateway for site in self.view.all(Site).values() if site.zone == zone}
        )
        counter = commands.next_of_zone(self.connection, zone, gateways)
        command = self._command(order, None, zone, counter, Action.OPEN, (), until_ms)
        target = commands.zone_target(zone)
        digest = commands.send(self.connection, self.signer, target, command, self.now_ms)
        issued = {}
        for part in parts:
            sent = _sent(command, part.cut.stages, digest)
            known = {ZONE: zone, **said[part.number]}
            issued[part.number] = self._record(Step.ISSUED, sent, known), sent
        return store.take_together(self.connection, order, Step.ISSUED, issued)

    def take_over(self, order: Order, number: int, stages: tuple[int, ...]) -> Order:
        """Stages, or a setpoint, that an order goes on holding, of which its gateway does not
        know.
        """
        part = order.part(number)
        action = _holding(part.cut)
        order, sent = self._send(order, part, action, stages, part.until_ms, _step_ms(part))
        log.info("order.took_over", order=order.id.hex(), part=number, stages=list(sent.stages))
        return order

    def release(self, order: Order, number: int, stages: tuple[int, ...]) -> Order:
        """A setpoint is ended by another whose time is over already."""
        part = order.part(number)
        if part.cut.cap_w is None:
            order, sent = self._send(order, part, Action.RELEASE, stages, None, _step_ms(part))
        else:
            order, sent = self._send(order, part, Action.LIMIT, stages, self.now_ms)
        asked = part.steps.get(Step.RELEASED)
        return self._step(
            order, number, Step.RELEASED, sent, None if asked is None else dict(asked.details)
        )

    def repeat(self, part: Part, sent: Sent) -> None:
        """The same bytes again, when it is time: while a copy waits for the broker it is not."""
        policy = self.view.policy
        times = commands.times_sent(self.connection, sent.digest, part.cut.gateway)
        is_due = self.now_ms >= sent.issued_ms + times * policy.repeat_s * 1000
        if 0 < times <= policy.max_repeats and is_due:
            commands.queue(self.connection, part.cut.gateway, sent.digest, self.now_ms)
            log.warning("order.repeated", command=sent.digest.hex(), step=part.step, times=times)

    def is_given_up(self, sent: Sent) -> bool:
        """Whether it can no longer be obeyed, nor its answer be on its way."""
        return self.now_ms >= sent.expires_ms + int(self.view.policy.late_s * 1000)

    def was_sent(self, part: Part, sent: Sent) -> bool:
        return commands.times_sent(self.connection, sent.digest, part.cut.gateway) > 0

    def _send(
        self,
        order: Order,
        part: Part,
        action: Action,
        stages: tuple[int, ...],
        until_ms: int | None,
        step_ms: int | None = None,
    ) -> tuple[Order, Sent]:
        gateway = part.cut.gateway
        counter = commands.next_counter(self.connection, gateway)
        target = bytes.fromhex(gateway)
        command = self._command(order, part.cut, target, counter, action, stages, until_ms, step_ms)
        digest = commands.send(self.connection, self.signer, gateway, command, self.now_ms)
        sent = _sent(command, stages, digest)
        return store.keep_command(self.connection, order, part.number, sent), sent

    def _command(
        self,
        order: Order,
        cut: Cut | None,
        target: bytes | str,
        counter: int,
        action: Action,
        stages: tuple[int, ...],
        until_ms: int | None,
        step_ms: int | None = None,
    ) -> Command:
        """`step_ms`: how far apart stages return; None: as the policy says."""
        policy = self.view.policy
        cap_w = None if cut is None else cut.cap_w
        return Command(
            target=target,
            counter=counter,
            issued_ms=self.now_ms,
            expires_ms=self.now_ms + policy.command_ttl_s * 1000,
            order=order.id,
            action=action,
            stages=stages if cut is None or cap_w is None else cut.stages,
            until_ms=until_ms,
            ramp_ms=(policy.ramp_offset_ms, step_ms or policy.ramp_step_ms)
            if cap_w is None
            else None,
            authority=bytes.fromhex(order.terms.document_sha256),
            reason=order.terms.reason,
            power_w=cap_w,
        )

    def _step(
        self,
        order: Order,
        number: int,
        step: Step,
        sent: Sent,
        before: Mapping[str, object] | None = None,
    ) -> Order:
        return store.take_step(self.connection, order, self._record(step, sent, before), number)

    def _record(
        self, step: Step, sent: Sent, before: Mapping[str, object] | None = None
    ) -> StepRecord:
        details: dict[str, object] = {
            **(before or {}),
            "counter": sent.counter,
            "command": sent.digest.hex(),
            "stages": list(sent.stages),
            "sent_ms": sent.issued_ms,
            "expires_ms": sent.expires_ms,
        }
        if sent.is_hold:
            details["until_ms"] = sent.until_ms
        return StepRecord(step, self.now_ms, self.now_ms, None, details)


def _holding(cut: Cut) -> Action:
    return Action.OPEN if cut.cap_w is None else Action.LIMIT


def _sent(command: Command, stages: tuple[int, ...], digest: bytes) -> Sent:
    return Sent(
        command.counter,
        command.action,
        stages,
        command.until_ms,
        digest,
        command.issued_ms,
        command.expires_ms,
    )


def _step_ms(part: Part) -> int | None:
    issued = part.steps.get(Step.ISSUED)
    return None if issued is None else issued.details.get(STEP)


def is_stale(sent: Sent) -> bool:
    """Refused, and to be sent anew."""
    return sent.answer is CommandPhase.REFUSED and sent.reason in STALE


def is_overtaken(sent: Sent) -> bool:
    """A newer command, of whatever order, moved its stages before it was done."""
    return sent.answer is CommandPhase.FAILED and sent.reason == "superseded"
