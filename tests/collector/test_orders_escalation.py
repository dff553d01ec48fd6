"""A step that does not come in its time: a page, another stage, an end; the table is data."""

from decimal import Decimal

import pytest
from collector_world import BIN, NOW_MS, POLICY, SITE
from order_night import APPLIED, EXPIRED_S, OTHER, RECEIVED, REFUSED, RESTORED, Night, issued

from collector.checks import findings
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.model.order import DropResult, Step
from collector.model.records import ESCALATION, Escalation, OrderReason, Remedy, Situation
from collector.orders.drafting import ActError
from collector.storage import reading


def pages(night: Night) -> list[str]:
    """The situations of which a person is told, and that are not settled."""
    with reading(night.world.engine) as connection:
        found = findings.unsettled(connection, Code.ORDER_OVERDUE)
    return [situation for each in found for situation in each.details["situation"]]


def page(night: Night) -> Finding:
    with reading(night.world.engine) as connection:
        [found] = findings.unsettled(connection, Code.ORDER_OVERDUE)
    return found


def test_each_situation_has_its_remedy() -> None:
    assert {row.situation for row in ESCALATION} == set(Situation)
    assert all(
        any(row.remedy is Remedy.PAGE for row in ESCALATION if row.situation is each)
        for each in Situation
    )


def test_the_table_is_the_policys(night: Night) -> None:
    row = Escalation(situation=Situation.UNANSWERED, after_s=Decimal("1.5"), remedy=Remedy.PAGE)
    night.record(POLICY.model_copy(update={"escalation": (row,)}))
    issued(night)
    assert pages(night.at(4.4)) == []
    assert pages(night.at(4.5)) == ["unanswered"]
    assert pages(night.at(EXPIRED_S)) == []  # it failed, of which this policy tells nobody


def test_a_draft_that_nobody_approves_is_told_and_expires(night: Night) -> None:
    night.authorise()
    order = night.draft()
    assert pages(night.at(299)) == []
    assert pages(night.at(300)) == ["unapproved"]
    assert night.at(3599).order().step is Step.DRAFTED
    night.at(3600)
    assert night.order().step is Step.EXPIRED
    assert night.order().steps[Step.EXPIRED].details == {"reason": "unapproved"}
    with pytest.raises(ActError, match="only a draft is approved"):
        night.approve(order, OTHER)
    night.at(3601)
    assert pages(night) == []


def test_a_notice_without_proof_is_told_and_expires(night: Night) -> None:
    night.authorise(notice_proof=True)
    night.issue(night.draft())
    assert pages(night.at(300)) == ["unproven"]
    assert night.at(3600).order().step is Step.EXPIRED
    assert night.sent() == []


def test_a_silent_gateway_is_told_and_its_late_answer_settles_it(night: Night) -> None:
    order = issued(night)
    assert pages(night.at(32.9)) == []
    night.sent()
    assert pages(night.at(33)) == ["unanswered"]
    night.sent()
    assert pages(night.at(EXPIRED_S)) == ["failed"]
    found = page(night)
    assert found.sites == (SITE,)
    assert (found.details["licensee"], found.details["stages"]) == (BIN, [1])
    assert found.details["order"] == order.id.hex()
    night.answer(order, RECEIVED)
    night.answer(order, APPLIED)
    night.at(EXPIRED_S + 1)
    assert pages(night) == []


def test_a_page_is_told_once_and_not_forgotten_with_its_order(night: Night) -> None:
    issued(night)
    for second in (33, 34, EXPIRED_S, EXPIRED_S + 1, 10_000, 10_001):
        night.at(second)
        night.sent()
    assert pages(night) == ["failed"]


def test_a_refusal_is_told(night: Night) -> None:
    night.answer(issued(night), REFUSED, reason="unknown_stage", last=1)
    assert pages(night.at(4)) == ["rejected"]


def test_a_contact_that_does_not_follow_is_told(night: Night) -> None:
    night.answer(issued(night), 4, reason="contact", stages=[1], at_s=4)
    assert pages(night.at(12.9)) == []
    assert pages(night.at(13)) == ["unconfirmed"]


def test_a_contact_that_opens_late_confirms_its_order(night: Night) -> None:
    night.authorise()
    order = night.issue(night.draft(stages=(1, 2)))
    night.answer(order, 4, reason="contact", stages=[2])
    night.moved(1, is_closed=False, order=order)
    assert night.order().step is Step.APPLIED
    night.moved(2, is_closed=False, order=order, at_s=30)
    assert night.order().step is Step.CONTACT_CONFIRMED
    assert night.order().steps[Step.CONTACT_CONFIRMED].position == 3


def test_no_drop_is_told_and_the_next_stage_is_taken(night: Night) -> None:
    first = night.cut(on_after=("stage-1", "stage-2"))
    assert first.result is DropResult.NONE
    assert pages(night) == ["no_drop"]
    night.at(24.9)
    assert len(night.orders()) == 1
    night.at(25)
    for second in (25.1, 25.2, 26, 28, 40):
        night.at(second)
    first, second_order = night.orders()
    assert second_order.parts[0].cut.stages == (2,)
    assert second_order.terms.follows == f"{first.id.hex()}/1"
    assert second_order.terms.rule == first.terms.rule


def test_no_drop_of_a_persons_order_is_told_and_the_person_chooses(night: Night) -> None:
    night.authorise()
    night.answer(night.issue(night.draft(OrderReason.PEAK)), APPLIED, at_s=4)
    night.measure(-30, 30)
    for second in range(10, 60, 10):
        night.at(second)
    assert pages(night) == ["no_drop"]
    assert len(night.orders()) == 1


def test_a_partial_drop_is_told_after_a_while(night: Night) -> None:
    night.cut(elsewhere_w=300_000)
    night.measure(15, 75, ("stage-2",), 300_000)
    assert pages(night.at(74.9)) == []
    assert pages(night.at(75)) == ["partial_drop"]


def test_stages_that_do_not_close_again_are_told(night: Night) -> None:
    night.authorise()
    order = night.hold(night.draft(hold_s=60))
    night.at(60)
    assert pages(night.at(659)) == []
    assert pages(night.at(660)) == ["not_restored"]
    night.answer(order, RESTORED, counter=1)
    assert pages(night.at(661)) == []


# --- warn and settle


def unauthorised(night: Night) -> list[Finding]:
    with reading(night.world.engine) as connection:
        return findings.unsettled(connection, Code.UNAUTHORISED)


@pytest.mark.parametrize(
    ("changes", "lacks"),
    [
        ({"reasons": ()}, "reason"),
        ({"valid_until": NOW_MS}, "ended"),
        ({"valid_from": NOW_MS + 10**6}, "early"),
    ],
)
def test_what_no_authority_allows_is_a_finding_and_no_cut(
    night: Night, changes: dict[str, object], lacks: str
) -> None:
    night.authorise(**changes)
    night.breach(-20)
    night.unlicensed(0, 0)
    for second in range(10):
        night.at(second)
    over, licence = unauthorised(night)
    assert (over.details["order_reason"], licence.details["order_reason"]) == (
        ["over_allocation"],
        ["licence"],
    )
    assert over.details["lacks"] == [lacks]
    assert over.sites == licence.sites == (SITE,)
    assert night.orders() == []


def test_with_an_authority_nothing_is_said_to_lack(night: Night) -> None:
    night.breach(-20)
    assert unauthorised(night.at(1)) == []
