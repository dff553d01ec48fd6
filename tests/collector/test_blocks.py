"""A block of returns: nothing is released while it stands, what would end goes on, two lift it."""

import json
from pathlib import Path
from typing import Any

import pytest
from collector_world import LICENCE, NOW_MS, SITE, ZONE, World, allocation, site_record
from order_night import APPLIED, DRAFTER, OTHER, RESTORED, SECOND, Night
from typer.testing import CliRunner

from collector.cli import curtail_blocks
from collector.cli.curtail import app
from collector.model.order import DropResult, Step
from collector.model.records import OrderReason
from collector.orders import acts, blocks
from collector.orders.blocks import Said
from collector.orders.drafting import ActError, DraftError
from collector.orders.order import Order
from collector.storage import reading


def said(night: Night, person: str = DRAFTER, reason: str = "авария") -> Said:
    return Said(night.now_ms, person, reason, "log 18")


def block(night: Night, zone: str | None = ZONE) -> None:
    with night.world.engine.begin() as connection:
        blocks.begin(connection, night.world.registry.view(), zone, said(night))


def lift(night: Night, zone: str | None = ZONE, person: str = DRAFTER) -> None:
    with night.world.engine.begin() as connection:
        blocks.lift(connection, night.world.registry.view(), zone, said(night, person, "over"))


@pytest.fixture
def held(night: Night) -> Night:
    """Stage 1 stands open by a person's order until 600 s."""
    night.authorise()
    night.measure(-30, 1)
    night.hold(night.draft())
    night.measure(1, 20, ("stage-2",))
    night.at(12)
    night.sent()
    return night


def first(night: Night) -> Order:
    return night.orders()[0]


def test_what_a_person_released_waits_until_it_is_lifted(held: Night) -> None:
    block(held)
    held.act(first(held), acts.release, OTHER, "over")
    for at_s in (13, 14, 30):
        held.at(at_s)
    assert held.sent() == []
    assert first(held).step is Step.RELEASED
    lift(held)
    held.at(31)
    [body] = held.sent()
    assert (body[6], body[7]) == (2, [1])


def test_a_release_on_its_way_is_not_sent_again(held: Night) -> None:
    held.act(first(held), acts.release, OTHER, "over")
    held.at(13)
    assert len(held.sent()) == 1
    block(held)
    held.at(20)
    assert held.sent() == []
    lift(held)
    held.at(21)
    assert len(held.sent()) == 1


def test_no_rule_releases(night: Night) -> None:
    """A licence that holds again would let the load return."""
    night.record(*(allocation(NOW_MS + second * SECOND, "100") for second in (0, 20, 40)))
    night.record(LICENCE)
    order = night.cut()
    block(night)
    for at_s in (20, 45, 60):
        night.at(at_s)
    assert night.loaded(order).step is Step.VERIFIED
    assert night.sent() == []


def test_what_would_end_goes_on_by_another_order(held: Night) -> None:
    block(held)
    held.at(530)
    assert len(held.orders()) == 1
    for at_s in (541, 541.1, 541.2, 571):
        held.at(at_s)
    [body] = held.sent()
    renewal = held.orders()[1]
    assert renewal.terms.rule is not None and renewal.terms.rule.startswith("renewal/1")
    assert (renewal.terms.reason, renewal.terms.reference) == (OrderReason.MANUAL, "log 18")
    assert (body[6], body[7], body[5]) == (1, [1], renewal.id)
    assert body[8] > NOW_MS + 600 * SECOND
    held.answer(renewal, APPLIED)
    held.at(575)
    assert first(held).step is Step.SUPERSEDED
    assert held.sent() == []


def test_the_renewal_is_released_when_it_is_lifted(held: Night) -> None:
    block(held)
    for at_s in (541, 541.1, 541.2, 571):
        held.at(at_s)
    held.answer(held.orders()[1], APPLIED)
    held.measure(500, 600, ("stage-2",))
    held.at(590)
    held.sent()
    lift(held)
    held.at(595)
    [body] = held.sent()
    assert (body[6], body[7]) == (2, [1])


def test_what_its_authority_does_not_renew_ends_by_itself(held: Night) -> None:
    """Its gateway knows the end, and keeps it whatever is blocked here."""
    held.authorise(valid_until=NOW_MS + 600 * SECOND)
    block(held)
    for at_s in (541, 571, 600):
        held.at(at_s)
    assert len(held.orders()) == 1
    assert first(held).step in (Step.LAPSED, Step.RELEASED)
    held.answer(first(held), RESTORED, at_s=601)
    assert first(held).step is Step.RESTORED


def test_a_cut_whose_document_is_gone_is_released_whatever_is_blocked(held: Night) -> None:
    block(held)
    held.authorise(valid_until=held.now_ms)
    held.at(13)
    assert [body[6] for body in held.sent()] == [2]


def test_elsewhere_it_holds_nothing(held: Night) -> None:
    held.record(site_record(held.world.gateway, "site-z").model_copy(update={"zone": "other"}))
    block(held, "other")
    held.act(first(held), acts.release, OTHER, "over")
    held.at(13)
    assert len(held.sent()) == 1


def test_a_renewal_without_a_drop_draws_no_other_stage_after_it(held: Night) -> None:
    """Load is on behind the open contact: a person is paged, and nothing else is cut."""
    block(held)
    for at_s in (541, 541.1, 541.2, 571):
        held.at(at_s)
    held.answer(held.orders()[1], APPLIED)
    held.measure(500, 640)
    for at_s in (590, 605, 640):
        held.at(at_s)
    assert held.orders()[1].result is DropResult.NONE
    assert len(held.orders()) == 2


# --- persons


def test_everywhere_two_people_lift_it(held: Night) -> None:
    block(held, None)
    lift(held, None)
    with reading(held.world.engine) as connection:
        [standing] = blocks.standing(connection)
    assert standing.asked is not None
    with pytest.raises(ActError, match="another person must too"):
        lift(held, None, "АЙГҮЛ  СЕРІК")
    lift(held, None, OTHER)
    with reading(held.world.engine) as connection:
        assert blocks.standing(connection) == []
        [was] = blocks.every(connection)
    assert was.lifted is not None and was.lifted.person == OTHER


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"person": "17"}, "nobody's name"),
        ({"reason": " "}, "say why"),
        ({"reference": None}, "names the call or letter"),
    ],
)
def test_who_why_and_by_what_call_are_said(
    held: Night, changes: dict[str, Any], match: str
) -> None:
    fields: dict[str, Any] = {
        "at_ms": 1,
        "person": DRAFTER,
        "reason": "авария",
        "reference": "log 18",
    }
    with (
        held.world.engine.begin() as connection,
        pytest.raises((ActError, DraftError), match=match),
    ):
        blocks.begin(connection, held.world.registry.view(), ZONE, Said(**fields | changes))


def test_twice_the_same_and_nowhere_are_refused(held: Night) -> None:
    with pytest.raises(ActError, match="there is no zone"):
        block(held, "nowhere")
    with pytest.raises(ActError, match="are not blocked in zone"):
        lift(held)
    block(held)
    with pytest.raises(ActError, match=r"are blocked in zone .* already"):
        block(held)


# --- the command line


def run(night: Night, verb: str, *arguments: str) -> str:
    result = CliRunner().invoke(app, [verb, str(night.directory), *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_verbs_say_what_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(World.make(tmp_path), tmp_path)
    night.authorise()
    monkeypatch.setattr(curtail_blocks, "now_ms", lambda: night.now_ms)
    order = night.hold(night.draft())
    by = ("--by", DRAFTER, "--reason", "авария")
    assert "blocked nowhere" in run(night, "blocks")
    made = json.loads(run(night, "block", "--zone", ZONE, *by, "--reference", "log 18", "--json"))
    assert (made["zone"], made["began"]["by"]) == (ZONE, DRAFTER)
    assert run(night, "list").startswith(f"returns are blocked in zone {ZONE} since")
    short = order.id.hex()[:8]
    assert "no release is sent before it is lifted" in run(night, "show", short)
    released = run(night, "release", short, "--by", OTHER, "--reason", "отбой")
    assert f"{SITE}: returns are blocked" in released
    run(night, "unblock", "--zone", ZONE, *by)
    assert "blocked nowhere" in run(night, "blocks")
    assert "lifted" in run(night, "blocks", "--all")
