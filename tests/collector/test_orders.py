"""The whole life of an order, with the clock in the test's hand and no socket."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from collector_world import (
    AUTHORITY,
    BILLING,
    BIN,
    LICENCE,
    NOW_MS,
    POLICY,
    SITE,
    ZONE,
    World,
    allocation,
    command_event,
    signer_for,
)

from collector.checks import findings
from collector.checks.findings import Code, Finding
from collector.evidence.cose import ContentType, parse
from collector.evidence.downlink import Role, Signer
from collector.intervals.energy import IMPORT
from collector.ledger.followers import advance
from collector.model.order import DropResult, Step
from collector.model.records import OrderReason, Record
from collector.orders import commands, store
from collector.orders.desk import Desk
from collector.orders.follower import OrderFollower
from collector.orders.store import Order
from collector.series.embedded import EmbeddedSeries
from collector.series.store import Point
from collector.storage import reading
from collector.storage.tables import snapshot

RECEIVED, APPLIED, REFUSED, FAILED, RESTORED = 1, 2, 3, 4, 5
PERIOD_MS = 20_000
SECOND = 1000
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

    def sent(self) -> list[dict[int, Any]]:
        """The bodies of the commands that reach the broker now; their signatures verify."""
        bodies = []
        for identity, topic, message in commands.unsent(self.world.engine):
            assert topic == f"esep/v1/{self.world.gateway.id.hex()}/command"
            parsed = parse(message, ContentType.COMMAND)
            parsed.verify(self.signer.key.public)
            bodies.append(parsed.payload)
            commands.mark_sent(self.world.engine, identity, self.now_ms)
        return bodies

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
            step = Step.RELEASED if Step.RELEASED in order.steps else Step.ISSUED
            counter = order.steps[step].details["counter"]
        at_ms = self.now_ms if at_s is None else NOW_MS + int(at_s * SECOND)
        self.seq += 1
        record = command_event(order.id, counter, phase, at_ms, **more)
        self.world.append([self.world.gateway.frame(BILLING, self.seq, [record])], self.now_ms)
        while advance(self.world.engine, OrderFollower()):
            pass

    def measure(
        self,
        from_s: int,
        until_s: int,
        on: tuple[str, ...] = ("stage-1", "stage-2"),
        elsewhere_w: int = 0,
    ) -> None:
        """A sample a second of each meter while these stages are on."""
        for second in range(from_s, until_s):
            at_ms = NOW_MS + second * SECOND
            loads = {name: STAGE_W[name] * (name in on) for name in STAGE_W}
            loads["feeder"] = sum(loads.values()) + OTHER_W + elsewhere_w
            self.series.write(
                [
                    Point(name, at_ms, {"active_power": float(watts), IMPORT: 0.0}, 1)
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


@pytest.fixture
def night(world: World, tmp_path: Path) -> Night:
    return Night(world, tmp_path)


def steps(order: Order) -> list[Step]:
    return list(order.steps)


# --- from a finding to an order


def test_without_an_authority_nothing_is_ordered(night: Night) -> None:
    night.record(AUTHORITY.model_copy(update={"valid_until": NOW_MS}))
    night.breach(-20)
    night.unlicensed(-20, 0)
    for second in range(30):
        night.at(second)
    assert night.orders() == []
    assert night.sent() == []


def test_an_authority_orders_only_for_the_reasons_it_names(night: Night) -> None:
    night.record(AUTHORITY.model_copy(update={"reasons": (OrderReason.LICENCE,)}))
    night.breach(-20)
    assert night.at(1).orders() == []
    night.unlicensed(0, 1)
    assert night.at(1).order().terms.reason is OrderReason.LICENCE


def test_a_warning_orders_nothing(night: Night) -> None:
    night.find(Finding(Code.WILL_EXCEED, f"{BIN}/{ZONE}", NOW_MS, NOW_MS, {"sites": [SITE]}))
    assert night.at(1).orders() == []


def test_what_was_found_long_ago_calls_for_nothing(night: Night) -> None:
    """However late an authority is loaded or the collector comes back."""
    night.breach(-3600)
    night.unlicensed(-3600, -1800)
    assert night.at(0).orders() == []


def test_a_breach_takes_the_first_stage_and_a_licence_all(night: Night) -> None:
    night.breach(-20)
    assert night.at(0).order().terms.stages == (1,)
    night.unlicensed(-1, 1)
    assert [order.terms.stages for order in night.at(1).orders()] == [(1,), (1, 2)]


def test_one_finding_leads_to_one_order(night: Night) -> None:
    night.breach(-20)
    for second in range(5):
        night.at(second)
        night.breach(-20)
    assert len(night.orders()) == 1


def test_notice_runs_before_the_command(night: Night) -> None:
    night.breach(-20)
    for second in (0, 0.1, 0.2, 1.9, 2.0):
        night.at(second)
        assert night.order().step in (Step.DRAFTED, Step.APPROVED, Step.NOTIFIED)
        assert night.sent() == []
    night.at(2.2)
    assert steps(night.order()) == [Step.DRAFTED, Step.APPROVED, Step.NOTIFIED, Step.ISSUED]
    [body] = night.sent()
    assert body[1] == night.world.gateway.id
    assert body[5] == night.order().id
    assert (body[6], body[7]) == (1, [1])
    assert (body[3], body[4]) == (night.now_ms, night.now_ms + 60_000)
    assert body[8] == night.now_ms + POLICY.hold_s * SECOND
    assert body[10] == bytes.fromhex(AUTHORITY.document_sha256)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (AUTHORITY.model_copy(update={"valid_until": NOW_MS + 1000}), "authority"),
        (AUTHORITY.model_copy(update={"reasons": ()}), "authority"),
        (LICENCE.model_copy(update={"valid_until": NOW_MS + 10**9}), "licensed again"),
    ],
)
def test_an_order_whose_ground_is_gone_before_its_notice_ends_is_cancelled(
    night: Night, change: Record, why: str
) -> None:
    night.record(LICENCE.model_copy(update={"valid_until": NOW_MS - 1}))
    night.unlicensed(0, 0)
    for second in (0, 0.1, 0.2):
        night.at(second)
    night.record(change)
    night.at(3)
    assert night.order().step is Step.CANCELLED
    assert why in night.order().steps[Step.CANCELLED].details["reason"]
    assert night.sent() == []


# --- answers


def issued(night: Night) -> Order:
    night.breach(-20)
    for second in (0, 0.1, 0.2, 3):
        night.at(second)
    assert len(night.sent()) == 1
    return night.order()


def test_no_answer_is_asked_again_with_the_same_bytes_and_then_given_up(night: Night) -> None:
    order = issued(night)
    with reading(night.world.engine) as connection:
        first = store.load(connection, order.id)
    assert first is not None
    counters = []
    for second in (7.9, 8.1, 12.9, 13.1, 17.9):
        night.at(second)
        counters.append([body[2] for body in night.sent()])
    assert counters == [[], [1], [], [1], []]
    night.at(18.1)
    assert night.order().step is Step.FAILED
    assert night.order().steps[Step.FAILED].details["reason"] == "no answer"
    assert night.at(100).sent() == []


def test_while_the_broker_is_away_nothing_is_repeated_and_nothing_given_up(night: Night) -> None:
    night.breach(-20)
    for second in (0, 0.1, 0.2, 3, 8, 13, 18, 60):
        night.at(second)
    assert night.order().step is Step.ISSUED
    assert len(night.sent()) == 1


def test_a_refusal_ends_the_order_and_teaches_the_counter(night: Night) -> None:
    order = issued(night)
    night.answer(order, REFUSED, reason="replayed", last=41)
    assert night.order().step is Step.REJECTED
    assert night.order().steps[Step.REJECTED].details["reason"] == "replayed"
    night.breach(0)
    for second in (20, 20.1, 20.2, 23):
        night.at(second)
    assert [body[2] for body in night.sent()] == [42]


@pytest.mark.parametrize("last", [0, 2**32 - 1, 2**64 - 1])
def test_a_counter_that_cannot_be_is_not_learnt(night: Night, last: int) -> None:
    night.answer(issued(night), REFUSED, reason="replayed", last=last)
    night.breach(0)
    for second in (20, 20.1, 20.2, 23):
        night.at(second)
    assert [body[2] for body in night.sent()] == [2]


def test_a_contact_that_did_not_follow_fails_the_order(night: Night) -> None:
    order = issued(night)
    night.answer(order, RECEIVED)
    night.answer(order, FAILED, reason="contact", stages=[1])
    assert night.order().step is Step.FAILED


def test_received_and_never_applied_fails(night: Night) -> None:
    night.answer(issued(night), RECEIVED)
    assert night.at(32.9).order().step is Step.RECEIVED
    assert night.at(33.1).order().step is Step.FAILED


def test_events_for_another_counter_or_of_another_gateway_move_nothing(night: Night) -> None:
    order = issued(night)
    night.answer(order, APPLIED, counter=7)
    assert night.order().step is Step.ISSUED
    night.answer(order, RESTORED, counter=7)
    assert night.order().step is Step.ISSUED


def test_applied_alone_means_received_too(night: Night) -> None:
    night.answer(issued(night), APPLIED)
    assert steps(night.order())[-2:] == [Step.RECEIVED, Step.APPLIED]


# --- the drop


@pytest.mark.parametrize(
    ("on_after", "elsewhere_w", "result"),
    [
        (("stage-2",), 0, DropResult.FULL),
        (("stage-1", "stage-2"), 0, DropResult.NONE),
        (("stage-2",), 600_000, DropResult.NONE),  # the load moved to another feeder
        (("stage-2",), 300_000, DropResult.PARTIAL),
    ],
)
def test_the_drop_is_measured_at_the_stage_and_at_the_boundary(
    night: Night, on_after: tuple[str, ...], elsewhere_w: int, result: DropResult
) -> None:
    order = night.cut(on_after=on_after, elsewhere_w=elsewhere_w)
    assert order.step is Step.VERIFIED
    assert order.result is result
    details = order.steps[Step.VERIFIED].details
    assert details["stage_before_w"] == 600_000
    assert details["stage_after_w"] == (600_000 if "stage-1" in on_after else 0)
    assert details["site_before_w"] == 910_000


def test_without_samples_the_drop_is_unverifiable_after_its_time(night: Night) -> None:
    night.answer(issued(night), APPLIED)
    night.measure(-30, 4)
    assert night.at(32.9).order().step is Step.APPLIED
    order = night.at(33.1).order()
    assert (order.step, order.result) == (Step.VERIFIED, DropResult.UNVERIFIABLE)


def test_a_stage_that_drew_nothing_before_proves_nothing(night: Night) -> None:
    night.answer(issued(night), APPLIED, at_s=4)
    night.measure(-30, 15, on=("stage-2",))
    assert night.at(15).order().result is DropResult.UNVERIFIABLE


def test_samples_before_the_contact_settled_do_not_count(night: Night) -> None:
    night.answer(issued(night), APPLIED, at_s=4)
    night.measure(-30, 7)  # still running, within settle_s of the contact
    assert night.at(8).order().step is Step.APPLIED
    night.measure(7, 10, on=("stage-2",))
    assert night.at(10).order().result is DropResult.FULL


def test_a_gateway_whose_clock_is_behind_is_judged_by_its_own_clock(night: Night) -> None:
    """Its samples and its events are 20 s behind; the window before must not reach the cut."""
    order = issued(night)
    night.answer(order, RECEIVED, at_s=-17)
    night.answer(order, APPLIED, at_s=-16)
    night.measure(-60, -16)
    night.measure(-16, -4, on=("stage-2",))
    assert night.at(16).order().result is DropResult.FULL


# --- release and restoration


def test_a_cut_holds_to_the_end_of_its_period_and_ends_when_the_load_may_return(
    night: Night,
) -> None:
    night.record(allocation(NOW_MS + 20_000, "1"), allocation(NOW_MS + 40_000, "1"))
    night.cut()
    night.boundary(20)
    night.measure(15, 25, on=("stage-2",))
    assert night.at(19.9).order().step is Step.VERIFIED
    order = night.at(24).order()
    assert order.step is Step.RELEASED
    [body] = night.sent()
    assert (body[2], body[6], body[7], body[9]) == (2, 2, [1], [2000, 1000])
    night.answer(order, APPLIED)
    assert night.order().step is Step.RELEASED
    night.answer(order, RESTORED)
    assert steps(night.order())[-2:] == [Step.RELEASED, Step.RESTORED]
    assert night.order().is_over


# 910 kW for 20 s are 5055.6 Wh, with a margin of 1.2: 6066.7 Wh
@pytest.mark.parametrize(
    ("this_mwh", "next_mwh", "is_released"),
    [
        ("0.006", "0.007", True),
        ("0.004", "0.007", False),
        ("0.007", "0.006066", False),
        ("0.007", "0.006067", True),
        ("0.007", None, False),
    ],
)
def test_release_needs_room_with_margin_in_this_period_and_the_next(
    night: Night, this_mwh: str, next_mwh: str | None, is_released: bool
) -> None:
    night.record(allocation(NOW_MS + 20_000, this_mwh))
    if next_mwh is not None:
        night.record(allocation(NOW_MS + 40_000, next_mwh))
    night.cut()
    night.boundary(20)
    night.measure(15, 25, on=("stage-2",))
    assert (night.at(24).order().step is Step.RELEASED) is is_released


def test_a_licence_order_is_released_when_a_licence_is_in_force_again(night: Night) -> None:
    night.record(LICENCE.model_copy(update={"valid_until": NOW_MS - 1}))
    night.unlicensed(0, 0)
    for second in (0, 0.1, 0.2, 3):
        night.at(second)
    night.answer(night.order(), APPLIED, at_s=4)
    night.measure(-30, 4)
    night.measure(4, 15, on=())
    assert night.at(15).order().result is DropResult.FULL
    assert night.at(500).order().step is Step.VERIFIED
    night.record(LICENCE)
    assert night.at(501).order().step is Step.RELEASED


def test_the_gateways_own_expiry_restores_the_order(night: Night) -> None:
    order = night.cut()
    night.at(603)
    night.answer(order, RESTORED, counter=1)
    assert steps(night.order())[-2:] == [Step.RELEASED, Step.RESTORED]
    assert night.sent() == []


def test_a_release_without_an_answer_is_repeated_and_not_doubled(night: Night) -> None:
    night.record(allocation(NOW_MS + 20_000, "1"), allocation(NOW_MS + 40_000, "1"))
    night.cut()
    night.boundary(20)
    night.measure(15, 25, on=("stage-2",))
    sent = []
    for second in range(24, 60):
        night.at(second)
        sent += [body[2] for body in night.sent()]
    assert sent == [2, 2, 2]  # the command and its two repeats: the same counter, the same bytes


def test_a_licence_found_again_after_its_order_ended_is_ordered_again(night: Night) -> None:
    """The gateway's hold ran out and the site mines on without a licence."""
    night.record(LICENCE.model_copy(update={"valid_until": NOW_MS - 1}))
    night.unlicensed(0, 0)
    for second in (0, 0.1, 0.2, 3):
        night.at(second)
    order = night.order()
    night.answer(order, APPLIED)
    night.at(603)
    night.answer(order, RESTORED)
    night.unlicensed(0, 604)
    assert len(night.at(604).orders()) == 1
    night.unlicensed(0, 634)
    assert [entry.step for entry in night.at(634).orders()] == [Step.RESTORED, Step.APPROVED]


# --- several orders


def test_a_breach_before_the_cut_took_effect_calls_for_no_second_one_ever(night: Night) -> None:
    night.breach(-20)
    for second in (0, 0.1, 0.2, 3):
        night.at(second)
    night.answer(night.order(), APPLIED, at_s=4)
    night.breach(0)  # 0 to 20 s: open only from 4 s on
    night.at(20)
    night.answer(night.order(), RESTORED)
    for second in range(20, 60):
        night.at(second)
    assert len(night.orders()) == 1


def test_a_breach_in_spite_of_the_cut_takes_the_next_stage(night: Night) -> None:
    night.cut()
    night.breach(20)
    assert [order.terms.stages for order in night.at(40).orders()] == [(1,), (2,)]


def test_a_breach_after_an_order_failed_is_ordered(night: Night) -> None:
    night.answer(issued(night), FAILED, reason="contact")
    night.breach(0)
    assert [order.terms.stages for order in night.at(20).orders()] == [(1,), (1,)]


def test_two_breaches_found_at_once_are_one_order(night: Night) -> None:
    night.breach(-20)
    night.breach(-40)
    for second in range(4):
        night.at(second)
    assert len(night.orders()) == 1


def test_a_stage_that_another_order_holds_is_not_closed(night: Night) -> None:
    """The allocation permits the return of a stage that the licence order holds open."""
    night.record(allocation(NOW_MS + 20_000, "1"), allocation(NOW_MS + 40_000, "1"))
    night.cut()
    night.record(LICENCE.model_copy(update={"valid_until": NOW_MS + 14_000}))
    night.unlicensed(14, 15)
    for second in (15, 15.1, 15.2, 18):
        night.at(second)
    over, licence = night.orders()
    assert licence.step is Step.ISSUED
    night.answer(licence, APPLIED, at_s=18.5)
    night.sent()
    night.boundary(20)
    night.measure(15, 25, on=())
    night.at(24)
    over, licence = night.orders()
    assert (over.step, licence.step) == (Step.RESTORED, Step.VERIFIED)
    assert night.sent() == []
    night.record(LICENCE)
    night.at(25)
    assert [(body[5], body[6], body[7]) for body in night.sent()] == [(licence.id, 2, [1, 2])]


def test_two_cuts_do_not_return_at_once(night: Night) -> None:
    """Each alone fits into the allowance, both together do not."""
    night.cut()
    night.breach(20)
    for second in (40, 40.1, 40.2, 43):
        night.at(second)
    first, second_order = night.orders()
    night.answer(second_order, APPLIED, at_s=44)
    night.measure(15, 44, on=("stage-2",))
    night.measure(44, 65, on=())
    night.at(55)
    night.sent()
    assert [order.step for order in night.orders()] == [Step.VERIFIED, Step.VERIFIED]
    for start_s in range(60, 200, 20):
        night.record(allocation(NOW_MS + start_s * SECOND, "0.005"))
        night.boundary(start_s)
    night.at(64)
    assert [order.step for order in night.orders()] == [Step.RELEASED, Step.VERIFIED]
    night.answer(first, RESTORED, counter=3)
    night.measure(65, 125, on=("stage-1",))
    for second in range(65, 125):
        night.at(second)
    # with the first load back there is no room for the second: 910 kW for 20 s
    assert [order.step for order in night.orders()] == [Step.RESTORED, Step.VERIFIED]


# --- killed at any step


@pytest.mark.parametrize("killed_after", range(11))
def test_killed_after_any_step_the_same_commands_are_sent_once(
    night: Night, killed_after: int
) -> None:
    night.record(allocation(NOW_MS + 20_000, "1"), allocation(NOW_MS + 40_000, "1"))
    night.breach(-20)
    night.boundary(20)
    night.measure(-30, 4)
    night.measure(4, 25, on=("stage-2",))
    script: list[Any] = [
        lambda: night.at(0),
        lambda: night.at(0.1),
        lambda: night.at(0.2),
        lambda: night.at(3),
        lambda: night.answer(night.order(), RECEIVED, at_s=3.5),
        lambda: night.answer(night.order(), APPLIED, at_s=4),
        lambda: night.at(15),
        lambda: night.at(24),
        lambda: night.answer(night.order(), APPLIED, at_s=24),
        lambda: night.answer(night.order(), RESTORED, at_s=24.5),
        lambda: night.at(25),
    ]
    bodies = []
    for number, act in enumerate(script):
        act()
        bodies += night.sent()
        if number == killed_after:
            night.restart()
            night.desk.run(night.now_ms)
    assert [(body[2], body[6]) for body in bodies] == [(1, 1), (2, 2)]
    assert night.order().step is Step.RESTORED
    assert night.order().result is DropResult.FULL


def test_killed_between_sending_and_noting_it_the_same_bytes_go_again(night: Night) -> None:
    night.breach(-20)
    for second in (0, 0.1, 0.2, 3):
        night.at(second)
    [(_, _, first)] = commands.unsent(night.world.engine)
    night.restart()
    [(_, _, again)] = commands.unsent(night.world.engine)
    assert first == again
