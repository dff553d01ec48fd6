"""Orders by persons: authority before force, four eyes, notice and its proof, an end, a wrong."""

from fractions import Fraction
from typing import Any

import pytest
from collector_world import AUTHORITY, BIN, LICENCE, NOW_MS, POLICY, SITE, World, site_record
from order_night import APPLIED, DRAFTER, OTHER, RESTORED, Night, steps

from collector.model.order import Step
from collector.model.records import (
    DataCentre,
    Feeder,
    Licensee,
    NoticeChannel,
    OrderReason,
    Policy,
    Stage,
    Tenancy,
)
from collector.orders import acts
from collector.orders.drafting import ActError, DraftError

LINE = "line-7"


@pytest.fixture
def night(night: Night) -> Night:
    night.authorise()
    return night


# --- authority before force


@pytest.mark.parametrize(
    "changes",
    [
        {"reasons": (OrderReason.LICENCE,)},
        {"valid_until": NOW_MS},
        {"valid_from": NOW_MS + 1},
    ],
)
def test_without_a_valid_authority_for_the_reason_nothing_can_be_drafted(
    night: Night, changes: dict[str, Any]
) -> None:
    night.authorise(**changes)
    with pytest.raises(DraftError, match="no authority that is loaded and valid allows"):
        night.draft(OrderReason.EMERGENCY)
    assert night.orders() == []


def test_an_order_names_who_drafted_and_approved_it_why_and_by_what(night: Night) -> None:
    order = night.draft(OrderReason.EMERGENCY)
    night.approve(order, OTHER)
    order = night.order()
    assert order.terms.drafted_by == DRAFTER
    assert order.steps[Step.APPROVED].details == {"by": OTHER, "official": AUTHORITY.official}
    assert (order.terms.why, order.terms.reference) == ("as asked", "log 17")
    assert order.terms.document_sha256 == AUTHORITY.document_sha256
    [body] = night.sent() if night.at(0).at(0.1) and night.at(0.2) else []
    assert (body[10], body[11]) == (bytes.fromhex(AUTHORITY.document_sha256), "emergency")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"person": " "}, "nobody's name"),
        ({"person": "007"}, "nobody's name"),
        ({"why": ""}, "reason in words"),
        ({"reference": None}, "names the call or letter"),
        ({"hold_s": None}, "every cut has an end"),
        ({"hold_s": 0}, "longer than nothing"),
        ({"hold_s": None, "until_ms": NOW_MS}, "is past"),
        ({"cuts": []}, "name a site"),
        ({"cuts": [(SITE, (1,)), (SITE, (2,))]}, "named twice"),
        ({"cuts": [("nowhere", None)]}, "no site 'nowhere'"),
        ({"cuts": [(SITE, (1, 9))]}, "no stage 9; its stages are: 1, 2"),
        ({"authority": "of-another"}, "these do: authority-1"),
        ({"hold_s": 901}, "at most 900 s, and 901 s are asked for"),
        ({"hold_s": None, "until_ms": NOW_MS + 900_001}, "at most 900 s"),
    ],
)
def test_what_cannot_be_ordered_is_said_and_nothing_is_kept(
    night: Night, asked: dict[str, Any], said: str
) -> None:
    night.authorise(max_hold_s=900)
    with pytest.raises(DraftError, match=said):
        night.draft(OrderReason.SYSTEM_DEFICIT, **asked)
    assert night.orders() == []


def test_all_stages_are_meant_where_none_is_named_in_the_order_they_are_shed(night: Night) -> None:
    assert night.draft(stages=None).parts[0].cut.stages == (1, 2)
    assert night.draft(stages=(2, 1)).parts[0].cut.stages == (1, 2)


def test_a_draft_does_nothing_before_it_is_approved(night: Night) -> None:
    night.draft()
    for second in range(60):
        night.at(second)
    assert night.order().step is Step.DRAFTED
    assert night.sent() == []


def test_an_authority_that_ended_meanwhile_approves_nothing(night: Night) -> None:
    order = night.draft()
    night.authorise(valid_until=NOW_MS + 1)
    night.now_ms += 1000
    with pytest.raises(ActError, match="not valid any more"):
        night.approve(order)


def test_an_authority_that_is_withdrawn_ends_the_cut(night: Night) -> None:
    night.hold(night.draft())
    night.sent()
    night.authorise(reasons=())
    night.at(5)
    assert [(body[6], body[7]) for body in night.sent()] == [(2, [1])]


def test_a_cut_ends_with_its_authority_at_the_latest(night: Night) -> None:
    night.authorise(valid_until=NOW_MS + 60_000)
    order = night.issue(night.draft(hold_s=600))
    assert order.parts[0].until_ms == NOW_MS + 60_000
    assert night.sent()[0][8] == NOW_MS + 60_000


def test_a_cut_ends_when_a_person_said_though_it_was_issued_late(night: Night) -> None:
    order = night.draft(hold_s=600, until_ms=NOW_MS + 30_000)
    night.now_ms += 20_000
    assert night.issue(order).parts[0].until_ms == NOW_MS + 30_000


def test_an_order_whose_end_came_before_it_was_approved_cuts_nothing(night: Night) -> None:
    order = night.draft(hold_s=600, until_ms=NOW_MS + 30_000)
    night.now_ms += 30_000
    assert night.issue(order).step is Step.EXPIRED
    assert night.sent() == []


# --- four eyes


def several(night: Night, count: int) -> list[tuple[str, None]]:
    names = [f"site-{number}" for number in range(count)]
    night.record(*(site_record(night.world.gateway, name) for name in names))
    return [(name, None) for name in names]


def test_an_order_for_many_sites_needs_another_person(night: Night) -> None:
    cuts = several(night, 4)
    few = night.draft(cuts=cuts[:3])
    assert not few.terms.two_persons
    many = night.draft(cuts=cuts)
    with pytest.raises(ActError, match="for many sites: another person must approve it"):
        night.approve(many, DRAFTER.upper())
    assert night.loaded(many).step is Step.DRAFTED
    assert night.approve(many, OTHER).step is Step.APPROVED


def line(night: Night, world: World) -> None:
    """A switch of the site opens a line, on whose branch hangs a site with a tenant."""
    site = site_record(world.gateway)
    main = Stage(
        id=9, name="line", output=9, min_off_ms=0, min_on_ms=0, confirm_ms=1000, feeder=LINE
    )
    below = site_record(world.gateway, "below").model_copy(update={"feeder": "branch"})
    since = {"valid_from": 0}
    night.record(
        Feeder(name=LINE, zone="north", substation="s", **since),
        Feeder(name="branch", zone="north", substation="s", parent=LINE, **since),
        Feeder(name="elsewhere", zone="north", substation="s", **since),
        site.model_copy(update={"stages": (*site.stages, main)}),
        below,
        site_record(world.gateway, "apart").model_copy(update={"feeder": "elsewhere"}),
        Licensee(bin="190140000555", name="tenant"),
        DataCentre(name="hall", owner=BIN, site="below", **since),
        Tenancy(data_centre="hall", tenant="190140000555", stages=(1,), **since),
    )


def test_the_opening_of_a_line_lists_whom_it_touches_and_needs_another_person(
    night: Night,
) -> None:
    line(night, night.world)
    with pytest.raises(DraftError, match="does not allow to open what feeds other sites"):
        night.draft(stages=(9,))
    night.authorise(allows_upstream=True)
    order = night.draft(stages=(9,))
    assert order.terms.upstream == (LINE,)
    [touched] = order.terms.touched
    assert (touched.site, touched.licensee, touched.tenants) == ("below", BIN, ("190140000555",))
    with pytest.raises(ActError, match="feeds other sites: another person"):
        night.approve(order)
    assert night.approve(order, OTHER).step is Step.APPROVED


def test_no_rule_and_no_order_for_all_stages_opens_a_line(night: Night) -> None:
    line(night, night.world)
    night.authorise(allows_upstream=True)
    assert night.draft(stages=None).parts[0].cut.stages == (1, 2)
    night.unlicensed(0, 1)
    assert night.at(1).orders()[1].parts[0].cut.stages == (1, 2)


# --- notice


def test_a_notice_says_what_why_until_when_and_that_nothing_proves_it(night: Night) -> None:
    night.authorise(notice_s=60)
    order = night.issue(night.draft(OrderReason.PEAK, hold_s=900))
    told = order.steps[Step.NOTIFIED].details
    assert (told["to"], told["channel"], told["proof"]) == (BIN, "page", None)
    assert told["in_force_ms"] == NOW_MS + 60_000
    said = told["content"]
    assert (said["site"], said["stages"], said["reason"]) == (SITE, [1], "peak")
    assert (said["why"], said["hold_s"]) == ("as asked", 900)


def test_where_proof_is_required_nothing_is_cut_before_a_person_recorded_it(night: Night) -> None:
    night.authorise(notice_s=60, notice_channel=NoticeChannel.TELEPHONE, notice_proof=True)
    order = night.issue(night.draft(hold_s=900))
    assert order.steps[Step.NOTIFIED].details["in_force_ms"] is None
    for second in range(0, 200, 20):
        night.at(second)
    assert night.order().step is Step.NOTIFIED
    proof = {"reference": "call of 14:03, log 17"}
    night.act(order, acts.prove, OTHER, proof, NOW_MS + 180_000)
    told = night.order().steps[Step.NOTIFIED].details
    assert told["proof"] == proof | {"by": OTHER}
    assert night.at(239.9).order().step is Step.NOTIFIED
    assert night.at(240).order().step is Step.ISSUED


@pytest.mark.parametrize("delivered_ms", [NOW_MS - 1, NOW_MS + 1])
def test_a_notice_was_not_delivered_before_it_was_given_nor_later_than_now(
    night: Night, delivered_ms: int
) -> None:
    night.authorise(notice_proof=True)
    order = night.issue(night.draft())
    with pytest.raises(ActError, match="after the notice was given"):
        night.act(order, acts.prove, OTHER, {}, delivered_ms)


def test_a_proof_that_nobody_waits_for_is_refused(night: Night) -> None:
    order = night.hold(night.draft())
    with pytest.raises(ActError, match="no notice waits"):
        night.act(order, acts.prove, OTHER, {}, NOW_MS)


# --- taken back, ended, wrong


def test_a_draft_is_cancelled_and_what_is_issued_is_not(night: Night) -> None:
    order = night.draft()
    night.act(order, acts.cancel, OTHER, "a mistake")
    order = night.order()
    assert order.step is Step.CANCELLED
    assert order.steps[Step.CANCELLED].details == {"by": OTHER, "reason": "a mistake"}
    issued = night.issue(night.draft())
    with pytest.raises(ActError, match="esep curtail release"):
        night.act(issued, acts.cancel, OTHER, "a mistake")


def test_a_release_by_a_person_is_sent_once_and_closes_the_stages(night: Night) -> None:
    order = night.hold(night.draft(stages=None))
    night.sent()
    night.act(order, acts.release, OTHER, "the deficit is over")
    bodies = []
    for second in range(1, 4):
        night.at(second)
        bodies += night.sent()
    assert [(body[6], body[7]) for body in bodies] == [(2, [1, 2])]
    released = night.order().steps[Step.RELEASED].details
    assert (released["by"], released["counter"]) == (OTHER, 2)
    night.answer(order, RESTORED, counter=2)
    assert night.order().step is Step.RESTORED


def test_a_release_that_was_obeyed_is_never_sent_again(night: Night) -> None:
    """The stages wait for their minimum off time, for longer than a command lives."""
    order = night.hold(night.draft(hold_s=7200))
    night.act(order, acts.release, OTHER, "over")
    night.at(1)
    night.sent()
    night.answer(order, APPLIED, counter=2)
    for second in range(2, 700, 20):
        night.at(second)
    assert night.sent() == []
    assert night.order().step is Step.RELEASED


def test_what_a_person_ended_no_rule_begins_again(night: Night) -> None:
    """As long as the same is seen; what begins anew is ordered."""
    night.record(LICENCE.model_copy(update={"valid_until": NOW_MS - 1}))
    night.unlicensed(0, 0)
    for second in (0, 0.1, 0.2):
        night.at(second)
    night.answer(night.order(), APPLIED)
    night.act(night.order(), acts.release, OTHER, "the register was wrong")
    night.at(1)
    night.answer(night.order(), RESTORED, counter=2)
    for second in (60, 3600, 90_000):
        night.unlicensed(0, second)
        night.at(second)
    assert len(night.orders()) == 1
    night.unlicensed(90_100, 90_100)
    assert len(night.at(90_100).orders()) == 2


def test_the_load_returns_by_the_policys_ramp_also_when_nobody_is_reached(night: Night) -> None:
    night.issue(night.draft())
    [body] = night.sent()
    assert body[9] == [POLICY.ramp_offset_ms, POLICY.ramp_step_ms]


def test_what_holds_nothing_cannot_be_released(night: Night) -> None:
    with pytest.raises(ActError, match="holds nothing"):
        night.act(night.draft(), acts.release, OTHER, "over")


def test_an_order_without_an_end_in_time_lapses_and_nothing_is_sent(night: Night) -> None:
    """The gateway brings the load back by its own ramp, also when we cannot reach it."""
    order = night.hold(night.draft(hold_s=60))
    night.sent()
    assert night.at(60).order().step is Step.LAPSED
    assert night.sent() == []
    night.answer(order, RESTORED, counter=1)
    assert night.order().step is Step.RESTORED


def test_a_cut_is_renewed_by_another_order_and_never_opens_in_between(night: Night) -> None:
    first = night.hold(night.draft(hold_s=60))
    night.at(25)
    second = night.issue(night.draft(hold_s=600))
    assert second.step is Step.NOTIFIED or second.step is Step.ISSUED
    night.at(31)
    night.sent()
    night.answer(night.loaded(second), APPLIED)
    night.at(32)
    first = night.loaded(first)
    assert first.step is Step.SUPERSEDED
    assert first.steps[Step.SUPERSEDED].details["by"] == second.id.hex()
    assert night.sent() == []


def test_a_wrongful_order_is_closed_with_the_energy_it_cost(night: Night) -> None:
    order = night.issue(night.draft())
    night.answer(order, APPLIED, at_s=4)
    night.measure(-30, 4)
    night.measure(4, 15, ("stage-2",))
    night.at(15)
    with pytest.raises(ActError, match="while it holds: esep curtail release"):
        night.act(order, acts.wrongful, OTHER, "not his fault", "decision 3")
    night.act(order, acts.release, OTHER, "not his fault")
    night.at(16)
    night.answer(order, RESTORED, counter=2, at_s=64)
    night.now_ms = NOW_MS + 70_000
    closed = night.act(order, acts.wrongful, OTHER, "not his fault", "decision 3")
    assert closed.step is Step.WRONGFUL
    details = closed.steps[Step.WRONGFUL].details
    assert Fraction(details["not_supplied_wh"]) == 10_000  # 600 kW for 60 s
    assert details["reference"] == "decision 3"


def test_what_was_never_measured_has_no_figure(night: Night) -> None:
    order = night.hold(night.draft(hold_s=20))
    night.at(20)
    night.answer(order, RESTORED, counter=1)
    closed = night.act(order, acts.wrongful, OTHER, "no ground", None)
    assert closed.steps[Step.WRONGFUL].details["not_supplied_wh"] is None


def test_every_step_is_kept_as_it_was_taken(night: Night) -> None:
    night.authorise(notice_proof=True)
    order = night.issue(night.draft())
    night.act(order, acts.prove, OTHER, {"reference": "letter 4"}, night.now_ms)
    night.at(1)
    order = night.order()
    assert steps(order) == [Step.DRAFTED, Step.APPROVED, Step.NOTIFIED, Step.ISSUED]
    told = [record for record in order.parts[0].history if record.step is Step.NOTIFIED]
    assert [record.details["proof"] is None for record in told] == [True, False]


def test_policy_may_let_one_person_order_more_sites(night: Night) -> None:
    policy = night.world.registry.view().one(Policy, "policy")
    night.record(policy.model_copy(update={"one_person_sites": 4}))
    assert not night.draft(cuts=several(night, 4)).terms.two_persons
