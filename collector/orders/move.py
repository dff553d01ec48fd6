"""What one part of an order needs at one look: notice, command, repeat, verdict, release."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from collector.model.order import HOLDING, DropResult, Step
from collector.model.records import Authority
from collector.orders import blocks, claims, notices, opened, release, rest, rules, store
from collector.orders.blocks import Block
from collector.orders.claims import Gateway
from collector.orders.drop.verifying import Judge, Judged, Looks
from collector.orders.fleet import LOADS, SHED, STEP, Fleet, Loads
from collector.orders.order import Order, Part, Sent, StepRecord
from collector.orders.sending import Sender, is_overtaken, is_stale
from collector.registry.view import View
from collector.series.store import SeriesStore


@dataclass(frozen=True)
class Move:
    """One part, one look. `others`: the orders at its gateway; `remembered`: all there are."""

    sender: Sender
    series: SeriesStore
    looks: Looks
    fleet: Fleet
    order: Order
    number: int
    others: Collection[Order]
    remembered: Collection[Order]

    @property
    def part(self) -> Part:
        return self.order.part(self.number)

    @property
    def view(self) -> View:
        return self.sender.view

    @property
    def now_ms(self) -> int:
        return self.sender.now_ms

    def made(self) -> Order:
        """The order as it stands after this look."""
        step = self.part.step
        if step in HOLDING and self.part.until_ms is not None:
            if self.now_ms >= self.part.until_ms:
                if step is Step.ISSUED:
                    return self._step(Step.FAILED, {"reason": "no answer until its end"})
                return self._step(Step.LAPSED, {"until_ms": self.part.until_ms})
            if (by := self._here().superseded_by(self.order, self.part)) is not None:
                return self._step(Step.SUPERSEDED, {"by": by.id.hex()})
            if rules.authority_of(self.view, self.order, self.now_ms) is None:
                return self._release()
        ways: dict[Step, Callable[[], Order]] = {
            Step.DRAFTED: self._approve,
            Step.APPROVED: self._notify,
            Step.NOTIFIED: self._issue,
            Step.ISSUED: self._await_receipt,
            Step.RECEIVED: self._await_effect,
            Step.APPLIED: self._verify,
            Step.CONTACT_CONFIRMED: self._verify,
            Step.VERIFIED: self._hold,
            Step.REBOUNDED: self._hold,
            Step.RELEASED: self._await_return,
            Step.LAPSED: self._await_return,
        }
        return ways[step]()

    def _step(
        self, step: Step, details: Mapping[str, object], result: DropResult | None = None
    ) -> Order:
        record = StepRecord(step, self.now_ms, self.now_ms, None, details)
        return store.take_step(self.sender.connection, self.order, record, self.number, result)

    def _here(self) -> Gateway:
        orders = {**{each.id: each for each in self.others}, self.order.id: self.order}
        return claims.look(
            self.sender.connection, self.view, self.part.cut.gateway, orders.values(), self.now_ms
        )

    def _approve(self) -> Order:
        """A rule's order; a person's waits for a person."""
        terms = self.order.terms
        if not terms.is_automatic:
            return self.order
        approved = {"by": terms.official, "rule": terms.rule}
        record = StepRecord(Step.APPROVED, self.now_ms, self.now_ms, None, approved)
        return store.take_step(self.sender.connection, self.order, record)

    def _notify(self) -> Order:
        return self._step(Step.NOTIFIED, notices.notice(self.order, self.part, self.now_ms))

    def _issue(self) -> Order:
        """When the notice is in force, no stronger order has its stages, and they have rested."""
        in_force_ms = notices.in_force_ms(self.order, self.part)
        if in_force_ms is None or self.now_ms < in_force_ms:
            return self.order
        if why := self._void():
            return self._step(Step.CANCELLED, {"reason": why})
        end_ms = claims.end_ms(self.view, self.order, self.part, self.now_ms)
        if end_ms <= self.now_ms:
            return self._step(Step.EXPIRED, {"reason": "its end came before it could be issued"})
        here = self._here()
        if (by := here.superseded_by(self.order, self.part)) is not None:
            return self._step(Step.SUPERSEDED, {"by": by.id.hex()})
        stages = here.owned(self.order, self.part)
        moving = opened.moving(self.sender.connection, self.part.cut, stages, here)
        if not stages or self._must_rest(moving):
            return self.order
        loads = opened.loads_w(self.sender.connection, self.fleet, self.part.cut, moving)
        said = self.fleet.said(self.part.cut.site, loads, moving)
        if moving and not self.fleet.may_shed(self.order, self.part, said.get(SHED)):
            return self.order  # in the next step of the ramp
        end_ms = self._ramped_end_ms(loads, end_ms, in_force_ms)
        return self.sender.issue(self.order, self.number, stages, end_ms, said)

    def _ramped_end_ms(self, loads: Loads, end_ms: int, in_force_ms: int) -> int:
        """Its end, or as long after it as its turn in the return of the zone's load is."""
        terms = self.order.terms
        authority = self.view.one(Authority, terms.authority)
        latest_ms = authority.valid_until
        if authority.max_hold_s is not None:
            latest_ms = min(latest_ms, in_force_ms + authority.max_hold_s * 1000)
        return self.fleet.end_ms(self.order, self.part, loads, end_ms, latest_ms)

    def _void(self) -> str | None:
        return rules.void(self.sender.connection, self.view, self.order, self.part, self.now_ms)

    def _must_rest(self, moving: Sequence[int]) -> bool:
        opens_ms = rest.opens_ms(
            self.sender.connection,
            self.view,
            self.part.cut.site,
            moving,
            self.order.terms.reason,
            self.now_ms,
        )
        return opens_ms > self.now_ms

    def _await_receipt(self) -> Order:
        """Queue the same command again while its gateway is silent, as long as it can be obeyed.

        One that lay here for the broker until it could not, or that came behind a newer one, is
        issued anew; else it has failed.
        """
        sent = self.part.newest_hold
        if sent is None:
            return self.order
        if is_stale(sent) or is_overtaken(sent):
            return self._issue_anew(sent)
        if not self.sender.is_given_up(sent):
            self.sender.repeat(self.part, sent)
            return self.order
        why = self._void()
        if why is None and self.sender.was_sent(self.part, sent):
            why = "no answer"
        if why is not None:
            return self._step(Step.FAILED, {"reason": why})
        return self._issue_anew(sent)

    def _issue_anew(self, sent: Sent) -> Order:
        """Unless a stronger order has its stages: then when that has ended."""
        tried = [each for each in self.part.commands if is_stale(each)]
        if len(tried) > self.view.policy.max_repeats:
            return self._step(Step.REJECTED, {"reason": sent.reason})
        stages = self._here().owned(self.order, self.part)
        if not stages:
            return self.order
        end_ms = self.part.until_ms or self.now_ms
        issued = self.part.steps[Step.ISSUED].details
        said = {name: issued[name] for name in (LOADS, SHED, STEP) if name in issued}
        if not self.fleet.may_shed(self.order, self.part, said.get(SHED)):
            return self.order
        return self.sender.issue(self.order, self.number, stages, end_ms, said)

    def _await_effect(self) -> Order:
        sent = self.part.newest_hold
        stages = self._here().owned(self.order, self.part)
        if not stages:
            return self.order  # they are a stronger order's
        if sent is not None and is_overtaken(sent):
            return self.sender.take_over(self.order, self.number, stages)
        received_ms = self.part.steps[Step.RECEIVED].recorded_ms
        if self.now_ms >= received_ms + self.view.policy.verify_timeout_s * 1000:
            return self._step(Step.FAILED, {"reason": "never applied"})
        return self.order

    def _verify(self) -> Order:
        judged = self._judge().first(self.part)
        return self._keep_stages() if judged is None else self._judged(judged)

    def _judge(self) -> Judge:
        return Judge(self.sender.connection, self.view, self.series, self.order.id, self.now_ms)

    def _judged(self, judged: Judged) -> Order:
        return self._step(judged.step, judged.details, judged.verdict.result)

    def _hold(self) -> Order:
        """Its drop is judged again and again, until it is released."""
        look_s = self.view.policy.drop.look_s
        if self.looks.are_due(self.order.id, self.number, look_s, self.now_ms):
            judged = self._judge().again(self.part)
            if judged is not None:
                return self._judged(judged)
        connection = self.sender.connection
        due = release.is_due(
            connection, self.view, self.series, self.order, self.part, self.remembered, self.now_ms
        )
        return self._release() if due and self._block() is None else self._keep_stages()

    def _block(self) -> Block | None:
        """What keeps load from returning here, as long as the cut is lawful."""
        if rules.authority_of(self.view, self.order, self.now_ms) is None:
            return None
        standing = blocks.standing(self.sender.connection)
        return blocks.of_site(standing, self.view, self.part.cut.site)

    def _keep_stages(self) -> Order:
        """Take over, or ask again for, the stages of which its gateway does not know."""
        here, sent = self._here(), self.part.newest_hold
        stages = here.to_take_over(self.order, self.part)
        if sent is not None and not sent.is_answered:
            if not self.sender.is_given_up(sent):
                self.sender.repeat(self.part, sent)
                return self.order
            stages = (*stages, *sent.stages)
        elif sent is not None and is_stale(sent):
            stages = (*stages, *sent.stages)
        wanted = tuple(s for s in here.owned(self.order, self.part) if s in stages)
        return self.sender.take_over(self.order, self.number, wanted) if wanted else self.order

    def _release(self) -> Order:
        stages = self._here().free(self.order, self.part, self.others)
        if stages:
            if self._block() is not None:
                return self.order
            if not self.fleet.may_return(self.order, self.part):
                return self.order  # when its turn in the ramp has come
            return self.sender.release(self.order, self.number, stages)
        order = self.order
        if self.part.step is not Step.RELEASED:
            order = self._step(Step.RELEASED, _HELD)
        record = StepRecord(Step.RESTORED, self.now_ms, self.now_ms, None, _HELD)
        return store.take_step(self.sender.connection, order, record, self.number)

    def _await_return(self) -> Order:
        """A release is sent until it is carried out; a cut that lapsed the gateway ends itself."""
        if self.part.step is Step.LAPSED:
            return self.order if self._may_return() else self._step(Step.RESTORED, _NOT_ITS_OWN)
        sent = self.part.newest_release
        if sent is None or is_stale(sent) or is_overtaken(sent):
            return self._release()
        if not sent.is_obeyed:
            if self.sender.is_given_up(sent):
                return self._release()
            if self._block() is None:
                self.sender.repeat(self.part, sent)
        return self.order

    def _may_return(self) -> bool:
        """Whether its gateway has a stage for this order, or may still obey it, and will say so.

        By what it answered: a command that was sent and lost makes no stage this order's.
        """
        sent = self.part.newest_hold
        if sent is not None and not sent.is_answered and not self.sender.is_given_up(sent):
            return True
        obeyed = store.obeyed(self.sender.connection, self.part.cut.gateway)
        return any(obeyed.get(claim) == (self.order.id, True) for claim in self.part.cut.claims)


_HELD = {"reason": "another order holds its stages open"}
_NOT_ITS_OWN = {"reason": "its gateway has no stage open for it"}
