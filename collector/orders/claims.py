"""Which of several orders has a stage, and whose command its gateway obeyed last."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection

from collector.model.order import Step
from collector.model.priorities import PRIORITIES, Fate, meet
from collector.model.records import Authority
from collector.orders import notices, rules, store
from collector.orders.order import Order, Part
from collector.registry.view import View

_OBEYED = (Step.APPLIED, Step.CONTACT_CONFIRMED, Step.VERIFIED, Step.REBOUNDED)


@dataclass(frozen=True)
class Claim:
    """An order that holds a stage open, or may begin to now; until `end_ms`."""

    order: Order
    part: Part
    end_ms: int


@dataclass(frozen=True)
class Gateway:
    """What is claimed of one gateway, within a transaction."""

    connection: Connection
    name: str
    claims: tuple[Claim, ...]
    now_ms: int
    handover_ms: int

    @cached_property
    def movers(self) -> Mapping[int, store.Mover]:
        """By stage whose command was sent for it last: most looks need not know."""
        return store.movers(self.connection, self.name)

    def owner(self, stage: int) -> Claim | None:
        """The strongest; of the same reason the one that ends last; of those the oldest.

        Of setpoints the lowest before that: it keeps the others too. One that is about to end has
        given the stage over, if any other goes on.
        """
        found = [claim for claim in self.claims if stage in claim.part.cut.claims]
        lasting = [claim for claim in found if claim.end_ms > self.now_ms + self.handover_ms]
        return min(lasting or found, key=_precedence, default=None)

    def owned(self, order: Order, part: Part) -> tuple[int, ...]:
        owners = {stage: self.owner(stage) for stage in part.cut.claims}
        return tuple(
            stage
            for stage, claim in owners.items()
            if claim is not None and claim.order.id == order.id
        )

    def is_held(self, stage: int) -> bool:
        """Whether the last command for it was to open it, of an order that still holds."""
        order, holds = self.movers.get(stage, (b"", False))
        return holds and any(claim.order.id == order for claim in self.claims)

    def to_take_over(self, order: Order, part: Part) -> tuple[int, ...]:
        """Stages of an order that holds, which its gateway has for another, or has released."""
        return tuple(
            stage for stage in self.owned(order, part) if self.movers.get(stage) != (order.id, True)
        )

    def free(self, order: Order, part: Part, orders: Iterable[Order]) -> tuple[int, ...]:
        """Stages that no other order claims, or may hold: only these may close."""
        claimed = {
            stage
            for claim in self.claims
            if claim.order.id != order.id
            for stage in claim.part.cut.claims
        }
        for other in orders:
            there = other.at(part.cut.gateway)
            if there is None or other.id == order.id or there.step is not Step.FAILED:
                continue
            if there.may_hold(self.now_ms):
                claimed |= {*there.cut.claims}
        return tuple(stage for stage in part.cut.claims if stage not in claimed)

    def superseded_by(self, order: Order, part: Part) -> Order | None:
        """The order that has all its stages, when by the table this one is then over."""
        owners = [self.owner(stage) for stage in part.cut.claims]
        for claim in owners:
            if claim is None or claim.order.id == order.id or claim.part.step not in _OBEYED:
                return None
            if not self._is_over_by(claim, order, part):
                return None
        return owners[0].order if owners and owners[0] is not None else None

    def _is_over_by(self, claim: Claim, order: Order, part: Part) -> bool:
        """Whether an order is over that does not have what it claims.

        Of one reason a setpoint gives way to a lower one: it is over if it ends no later, too.
        """
        meeting = meet(claim.order.terms.reason, order.terms.reason)
        if part.cut.cap_w is None or meeting.fate is not Fate.MERGED:
            return meeting.fate is not Fate.RESUMED and meeting.owner in (
                None,
                claim.order.terms.reason,
            )
        own = next((each for each in self.claims if each.order.id == order.id), None)
        return own is not None and own.end_ms <= claim.end_ms


def look(
    connection: Connection, view: View, gateway: str, orders: Iterable[Order], now_ms: int
) -> Gateway:
    claims = []
    for order in orders:
        part = order.at(gateway)
        if part is None:
            continue
        if part.holds(now_ms):
            claims.append(Claim(order, part, part.until_ms or now_ms))
        elif part.step is Step.NOTIFIED and is_ready(connection, view, order, part, now_ms):
            claims.append(Claim(order, part, end_ms(view, order, part, now_ms)))
    handover_ms = view.policy.handover_s * 1000
    return Gateway(connection, gateway, tuple(claims), now_ms, handover_ms)


def is_ready(connection: Connection, view: View, order: Order, part: Part, now_ms: int) -> bool:
    """Whether nothing but other orders and its stages' own rest keeps it from being issued."""
    in_force_ms = notices.in_force_ms(order, part)
    if in_force_ms is None or now_ms < in_force_ms:
        return False
    is_void = rules.void(connection, view, order, part, now_ms) is not None
    return not is_void and end_ms(view, order, part, now_ms) > now_ms


def end_ms(view: View, order: Order, part: Part, now_ms: int) -> int:
    """When a part ends whose notice is in force; now, when its authority is gone."""
    authority = view.all(Authority).get(order.terms.authority)
    in_force_ms = notices.in_force_ms(order, part)
    if authority is None or in_force_ms is None:
        return now_ms
    return order.terms.end_ms(in_force_ms, authority.valid_until)


def _precedence(claim: Claim) -> tuple[int, int, int, int]:
    rank = [*PRIORITIES].index(claim.order.terms.reason)
    return claim.part.cut.cap_w or 0, rank, -claim.end_ms, claim.order.row
