"""A site at night: its findings, its gateway's answers, its meters, and the desk."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from collector_world import (
    AUTHORITY,
    BILLING,
    BIN,
    NOW_MS,
    POLICY,
    SITE,
    ZONE,
    World,
    command_event,
    event,
    signer_for,
)
from order_gateway import ModelGateway
from sqlalchemy import Connection

from collector.checks import findings
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.evidence.cose import ContentType, parse
from collector.evidence.downlink import Role, Signer
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import advance
from collector.model.energy import IMPORT
from collector.model.order import Step
from collector.model.records import OrderReason, Record
from collector.orders import acts, commands, store
from collector.orders.desk import Desk
from collector.orders.drafting import Asked, terms_of
from collector.orders.follower import OrderFollower
from collector.orders.order import Order
from collector.series.embedded import EmbeddedSeries
from collector.series.store import Point
from collector.storage import reading
from collector.storage.tables import snapshot

RECEIVED, APPLIED, REFUSED, FAILED, RESTORED = 1, 2, 3, 4, 5
EXPIRED_S = 3 + POLICY.command_ttl_s + int(POLICY.late_s)
"""A command issued at 3 s is given up from here on."""
PERIOD_MS = 20_000
SECOND = 1000
DRAFTER, OTHER = "Айгүл Серік", "Данияр Омаров"
STAGE_W = {"stage-1": 600_000, "stage-2": 300_000}
OTHER_W = 10_000


@dataclass
class Night:
    """A site, its gateway's answers, its meters, and a desk that can be killed at any time."""

    world: World
    directory: Path
    now_ms: int = NOW_MS
    seq: int = 0
    signer: Signer = field(init=False)
    series: EmbeddedSeries = field(init=False)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.signer = signer_for(self.world.root, Role.ORDERS)
        self.series = EmbeddedSeries(self.directory)
        self.restart()

    def restart(self) -> None:
        """The collector is killed and started again: all it has is its database."""
        self.desk = Desk(self.world.engine, self.world.registry, self.series, self.signer)

    def at(self, second: float) -> "Night":
        """Let that many seconds of the night have passed; the desk looks once."""
        self.now_ms = NOW_MS + int(second * SECOND)
        self.desk.run(self.now_ms)
        return self

    def record(self, *records: Record) -> None:
        self.world.registry.record(records, bytes(32), self.now_ms)

    def breach(self, start_s: int) -> None:
        """A period that closed in breach."""
        start_ms = NOW_MS + start_s * SECOND
        details = {"sites": [SITE]}
        finding = Finding(Code.BREACH, f"{BIN}/{ZONE}", start_ms, start_ms + PERIOD_MS, details)
        self.find(finding)

    def unlicensed(self, first_s: float, last_s: float) -> None:
        first_ms, last_ms = (NOW_MS + int(second * SECOND) for second in (first_s, last_s))
        self.find(Finding(Code.UNLICENSED_LOAD, SITE, first_ms, last_ms, {"site": SITE}))

    def find(self, finding: Finding) -> None:
        with self.world.engine.begin() as connection:
            findings.keep(connection, finding)

    def orders(self) -> list[Order]:
        with reading(self.world.engine) as connection:
            return store.load_all(connection)

    def order(self) -> Order:
        [order] = self.orders()
        return order

    def authorise(self, **changes: Any) -> None:
        """A document for every reason, for now and long after."""
        every = {"reasons": tuple(OrderReason), "notice_s": 0}
        self.record(AUTHORITY.model_copy(update=every | changes))

    def draft(
        self,
        reason: OrderReason = OrderReason.MANUAL,
        stages: tuple[int, ...] | None = (1,),
        hold_s: int | None = 600,
        person: str = DRAFTER,
        **more: Any,
    ) -> Order:
        """A person's order for stages of the site."""
        asked = Asked(reason, [(SITE, stages)], person, "as asked", "log 17", hold_s)
        with self.world.engine.begin() as connection:
            terms = terms_of(self.world.registry.view(), replace(asked, **more), self.now_ms)
            return store.draft(connection, terms, self.now_ms)

    def act(self, order: Order, act: Callable[..., Order], *said: Any) -> Order:
        """What a person does with an order, now."""
        with self.world.engine.begin() as connection:
            known = self.loaded(order, connection)
            return act(connection, known, *said, self.now_ms)

    def approve(self, order: Order, person: str = DRAFTER) -> Order:
        view = self.world.registry.view()
        with self.world.engine.begin() as connection:
            known = self.loaded(order, connection)
            return acts.approve(connection, view, known, person, self.now_ms)

    def loaded(self, order: Order, connection: Connection | None = None) -> Order:
        """As it stands now."""
        if connection is None:
            with reading(self.world.engine) as connection:
                return self.loaded(order, connection)
        known = store.load(connection, order.id)
        assert known is not None
        return known

    def issue(self, order: Order) -> Order:
        """From a draft to the command on its way, in this moment."""
        self.approve(order)
        for _ in range(2):
            self.desk.run(self.now_ms)
        return self.loaded(order)

    def hold(self, order: Order) -> Order:
        """And obeyed."""
        self.answer(self.issue(order), APPLIED)
        return self.loaded(order)

    def sent(self) -> list[dict[int, Any]]:
        """The bodies of the commands that reach the broker now; their signatures verify."""
        bodies = []
        for message in self.messages():
            parsed = parse(message, ContentType.COMMAND)
            parsed.verify(self.signer.key.public)
            bodies.append(parsed.payload)
        return bodies

    def messages(self) -> list[bytes]:
        """The commands that reach the broker now, for this gateway."""
        found = []
        for identity, topic, message in commands.unsent(self.world.engine):
            assert topic == f"esep/v1/{self.world.gateway.id.hex()}/command"
            found.append(message)
            commands.mark_sent(self.world.engine, [identity], self.now_ms)
        return found

    def hear(self, gateway: ModelGateway) -> None:
        """All that a gateway has said comes in, each in a frame."""
        for record in gateway.said:
            self.seq += 1
            self.world.append([self.world.gateway.frame(BILLING, self.seq, [record])], self.now_ms)
        gateway.said.clear()
        while advance(self.world.engine, OrderFollower()):
            pass

    def found(self) -> list[Finding]:
        with reading(self.world.engine) as connection:
            return findings.newest(connection, 100)

    def answer(
        self,
        order: Order,
        phase: int,
        *,
        counter: int | None = None,
        at_s: float | None = None,
        **more: Any,
    ) -> None:
        """A signed event of the gateway comes in; its counter is that of the order's command."""
        if counter is None:
            counter = order.parts[0].commands[-1].counter
        at_ms = self.now_ms if at_s is None else NOW_MS + int(at_s * SECOND)
        self.seq += 1
        record = command_event(order.id, counter, phase, at_ms, **more)
        self.world.append([self.world.gateway.frame(BILLING, self.seq, [record])], self.now_ms)
        while advance(self.world.engine, OrderFollower()):
            pass

    def moved(
        self,
        stage: int,
        *,
        is_closed: bool,
        at_s: float | None = None,
        cause: str = "command",
        order: Order | None = None,
    ) -> None:
        """A signed event of a stage's contact comes in."""
        at_ms = self.now_ms if at_s is None else NOW_MS + int(at_s * SECOND)
        self.seq += 1
        whose = {} if order is None else {3: order.id}
        record = event(5, {0: stage, 1: int(is_closed), 2: cause, **whose}, at_ms)
        frame = self.world.gateway.frame(BILLING, self.seq, [record])
        self.world.append([frame], max(self.now_ms, at_ms))
        while advance(self.world.engine, OrderFollower()):
            pass

    def interlocked(self, stage: int, locks: list[str], at_s: float) -> None:
        """A signed event of a stage's interlocks comes in: all that are set from here on."""
        at_ms = NOW_MS + int(at_s * SECOND)
        self.seq += 1
        frame = self.world.gateway.frame(
            BILLING, self.seq, [event(18, {0: stage, 1: locks}, at_ms)]
        )
        self.world.append([frame], max(self.now_ms, at_ms))
        while advance(self.world.engine, IntervalFollower(self.world.configurations)):
            pass

    def measure(
        self,
        from_s: int,
        until_s: int,
        on: tuple[str, ...] = ("stage-1", "stage-2"),
        elsewhere_w: int = 0,
        every_s: int = 1,
    ) -> None:
        """Samples of each meter, one a second if not said otherwise, while these stages are on."""
        for second in range(from_s, until_s, every_s):
            at_ms = NOW_MS + second * SECOND
            loads = {name: STAGE_W[name] * (name in on) for name in STAGE_W}
            loads["feeder"] = sum(loads.values()) + OTHER_W + elsewhere_w
            self.series.write(
                [
                    Point(name, at_ms, {"active_power": float(watts)}, 1, Fraction(0))
                    for name, watts in loads.items()
                ]
            )

    def boundary(self, second: int) -> None:
        """The delivery meter's register stood at nothing at a boundary."""
        row = {
            "meter": "feeder",
            "quantity": IMPORT,
            "at_ms": NOW_MS + second * SECOND,
            "kind": "interval",
            "count": 0,
            "quantum": "1",
            "offset_ms": 0,
            "clock": "S",
            "position": 1,
        }
        with self.world.engine.begin() as connection:
            connection.execute(snapshot.insert().values(row))

    def cut(self, *, on_after: tuple[str, ...] = ("stage-2",), elsewhere_w: int = 0) -> Order:
        """From a breach to the verified order: issued at 3 s, open at 4 s, judged at 15 s."""
        self.breach(-20)
        for second in (0, 0.1, 0.2, 3):
            self.at(second)
        self.sent()
        self.answer(self.order(), RECEIVED, at_s=3.5)
        self.answer(self.order(), APPLIED, at_s=4)
        self.measure(-30, 4)
        self.measure(4, 15, on_after, elsewhere_w)
        self.at(15)
        return self.order()


def steps(order: Order) -> list[Step]:
    return list(order.steps)


def issued(night: Night) -> Order:
    night.breach(-20)
    for second in (0, 0.1, 0.2, 3):
        night.at(second)
    assert len(night.sent()) == 1
    return night.order()
