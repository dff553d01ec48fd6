"""Each site gets its schedule, a new one when it no longer holds, and says what it holds."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from collector_world import (
    AUTHORITY,
    BILLING,
    NOW_MS,
    POLICY,
    SITE,
    World,
    allocation,
    event,
    signer_for,
)
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from collector.evidence.cose import message_hash
from collector.evidence.downlink import Role
from collector.evidence.schedule import Limit, Reduction, Schedule, read_schedule
from collector.ledger.followers import advance
from collector.model.records import (
    DeliveryPoint,
    FailSafe,
    FrequencyRelay,
    LimitPolicy,
    Nomination,
    OrderReason,
    Policy,
    Site,
)
from collector.orders.permit import schedule_store
from collector.orders.permit.permits import shares
from collector.orders.permit.schedule_store import ScheduleFollower
from collector.orders.permit.schedules import Schedules
from collector.storage import reading
from esep.main import command

PERIOD_MS = 20_000
LIMITS = LimitPolicy(
    periods=6,
    expires_s=3600,
    renew_s=600,
    default_permille=100,
    fail_safe=(FailSafe(name="auxiliary", power_permille=50),),
)
POINT = DeliveryPoint(
    name="point-1", site=SITE, capacity_w=2_000_000, contracted_w=1_000_000, valid_from=0
)
MINUTE_MS = 60_000


def policy(**changes: Any) -> Policy:
    return POLICY.model_copy(update={"limits": LIMITS.model_copy(update=changes)})


class Issuing:
    """A collector that looks when it is told to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.signer = signer_for(world.root, Role.ORDERS)
        self.chain = world.gateway.chain(BILLING)
        self.schedules = Schedules(world.engine, world.registry, self.signer)

    def record(self, *records: Any) -> None:
        self.world.registry.record(records, bytes(32), NOW_MS)

    def run(self, at_ms: int = NOW_MS) -> int:
        return self.schedules.run(at_ms)

    def published(self, at_ms: int = NOW_MS) -> list[Schedule]:
        """What reaches the broker now; its signature verifies."""
        found = []
        for gateway, serial, message in self.schedules.due(at_ms):
            found.append(read_schedule(message, self.world.root.public))
            assert (found[-1].gateway.hex(), found[-1].serial) == (gateway, serial)
            self.schedules.published(gateway, serial, at_ms)
        return found

    def issued(self, at_ms: int = NOW_MS) -> Schedule:
        assert self.run(at_ms) == 1
        [schedule] = self.published(at_ms)
        return schedule

    def hears(self, *records: list[Any]) -> None:
        """Events of the gateway come in."""
        self.world.append([self.chain.next(*records)], NOW_MS)
        while advance(self.world.engine, ScheduleFollower()):
            pass

    def takes(self, schedule: Schedule, at_ms: int = NOW_MS) -> None:
        digest = message_hash(schedule.seal(self.signer))
        self.hears(event(17, {0: digest, 1: schedule.serial, 2: int(schedule.enforces)}, at_ms))


@pytest.fixture
def issuing(world: World) -> Issuing:
    found = Issuing(world)
    found.record(policy(), POINT)
    return found


def test_without_limits_in_the_policy_nobody_gets_a_schedule(world: World) -> None:
    assert Issuing(world).run() == 0


def test_a_site_gets_what_its_licensee_bought_period_by_period(issuing: Issuing) -> None:
    """What is not known yet is the default; past the last that is known the schedule is cut off."""
    issuing.record(allocation(NOW_MS, "0.004"), allocation(NOW_MS + 2 * PERIOD_MS, "0.003"))
    schedule = issuing.issued()
    power_w = 1_000_000
    assert schedule.limits == (Limit(4000, power_w), None, Limit(3000, power_w), None, None, None)
    assert (schedule.first_ms, schedule.period_ms) == (NOW_MS, PERIOD_MS)
    assert schedule.cut_off_ms == NOW_MS + 3 * PERIOD_MS
    assert schedule.expires_ms == schedule.cut_off_ms + 3_600_000
    assert schedule.default == Limit(555, 100_000)
    assert schedule.fail_safe.limit == Limit(277, 50_000)
    assert schedule.serial == 1


def test_where_others_bought_who_bought_nothing_may_draw_nothing(issuing: Issuing) -> None:
    issuing.record(allocation(NOW_MS, "0.004").model_copy(update={"licensee": "990240000019"}))
    assert issuing.issued().limits[0] == Limit(0, 1_000_000)


def test_it_observes_unless_the_policy_and_an_authority_say_otherwise(issuing: Issuing) -> None:
    assert not issuing.issued().enforces
    issuing.record(policy(mode="enforce"))
    enforced = issuing.issued(NOW_MS + 1)
    assert enforced.enforces
    assert enforced.authority == bytes.fromhex(AUTHORITY.document_sha256)
    issuing.record(AUTHORITY.model_copy(update={"valid_until": NOW_MS + 1}))
    observed = issuing.issued(NOW_MS + 2)
    assert (observed.enforces, observed.authority) == (False, None)


def test_no_gateway_opens_a_line_by_itself(issuing: Issuing) -> None:
    """Its limiter would choose the stage that does; an opening upstream is a person's."""
    site = issuing.world.registry.view().one(Site, SITE)
    stage, *others = site.stages
    line = stage.model_copy(update={"feeder": "line-1"})
    issuing.record(policy(mode="enforce"), AUTHORITY)
    assert issuing.issued().enforces
    issuing.record(site.model_copy(update={"stages": (line, *others)}))
    assert not issuing.issued(NOW_MS + 1).enforces


def test_what_enforces_ends_with_its_authority(issuing: Issuing) -> None:
    ends_ms = NOW_MS + 1_000_000
    issuing.record(policy(mode="enforce"), AUTHORITY.model_copy(update={"valid_until": ends_ms}))
    assert issuing.issued().expires_ms == ends_ms


def test_a_frequency_relay_acts_by_an_authority_for_a_system_deficit_and_ends_with_it(
    issuing: Issuing,
) -> None:
    """The authority for over-allocation is none for it, nor the other way round."""
    relay = FrequencyRelay(
        certificate="KZ.01.234", well=11, low=12, delay_s=7, restored_s=600, stages=(1,)
    )
    site = issuing.world.registry.view().one(Site, SITE)
    assert issuing.issued().reduction is None
    deficit = AUTHORITY.model_copy(
        update={
            "id": "authority-2",
            "document_sha256": "cd" * 32,
            "reasons": (OrderReason.SYSTEM_DEFICIT,),
            "valid_until": NOW_MS + 1_000_000,
        }
    )
    issuing.record(site.model_copy(update={"frequency_relay": relay}), deficit)
    observed = issuing.issued(NOW_MS + 1)
    assert observed.reduction == Reduction(None, 11, 12, 7000, 600_000, (1,))
    acting = relay.model_copy(update={"mode": "enforce"})
    issuing.record(site.model_copy(update={"frequency_relay": acting}))
    acted = issuing.issued(NOW_MS + 2)
    assert acted.reduction == Reduction(bytes.fromhex("cd" * 32), 11, 12, 7000, 600_000, (1,))
    assert (acted.enforces, acted.expires_ms) == (False, deficit.valid_until)
    issuing.record(deficit.model_copy(update={"valid_until": NOW_MS + 3}))
    ended = issuing.issued(NOW_MS + 4).reduction
    assert ended is not None
    assert ended.authority is None


def test_nothing_is_issued_again_as_long_as_the_same_holds(issuing: Issuing) -> None:
    issuing.record(allocation(NOW_MS, "0.004"))
    issuing.issued()
    for minutes in range(1, 45):
        assert issuing.run(NOW_MS + minutes * MINUTE_MS) == 0
    assert issuing.run(NOW_MS + 52 * MINUTE_MS) == 1  # it ends in less than ten minutes


def test_a_revised_allocation_is_a_new_version_at_once(issuing: Issuing) -> None:
    issuing.record(allocation(NOW_MS + PERIOD_MS, "0.004"))
    issuing.issued()
    issuing.record(allocation(NOW_MS + PERIOD_MS, "0.002"))
    revised = issuing.issued(NOW_MS + 1000)
    assert revised.serial == 2
    assert revised.limits[1] == Limit(2000, 1_000_000)


def test_a_late_auction_is_a_new_version_when_it_comes(issuing: Issuing) -> None:
    issuing.record(allocation(NOW_MS, "0.004"))
    assert issuing.issued().cut_off_ms == NOW_MS + PERIOD_MS
    issuing.record(allocation(NOW_MS + 3 * PERIOD_MS, "0.004"))
    assert issuing.issued(NOW_MS + PERIOD_MS + 5000).serial == 2


def test_an_allocation_of_a_past_period_changes_nothing(issuing: Issuing) -> None:
    issuing.record(allocation(NOW_MS, "0.004"))
    issuing.issued()
    issuing.record(allocation(NOW_MS - PERIOD_MS, "0.002"))
    assert issuing.run(NOW_MS + 1000) == 0


def test_one_that_is_not_taken_is_published_again_and_after_a_restart_too(
    issuing: Issuing,
) -> None:
    schedule = issuing.issued()
    assert issuing.published(NOW_MS + 5 * MINUTE_MS) == []
    assert len(issuing.published(NOW_MS + 10 * MINUTE_MS)) == 1
    issuing.takes(schedule)
    assert issuing.published(NOW_MS + 60 * MINUTE_MS) == []
    again = Issuing(issuing.world)
    assert len(again.published()) == 1  # the broker may have lost what it kept


def test_what_a_gateway_took_is_known(issuing: Issuing) -> None:
    schedule = issuing.issued()
    gateway = schedule.gateway.hex()
    with reading(issuing.world.engine) as connection:
        assert schedule_store.held(connection, gateway) is None
    [message] = [
        raw
        for _, _, raw in Schedules(
            issuing.world.engine, issuing.world.registry, issuing.signer
        ).due(NOW_MS)
    ]
    issuing.hears(event(17, {0: message_hash(message), 1: 1, 2: 0}, NOW_MS + 5))
    with reading(issuing.world.engine) as connection:
        held = schedule_store.held(connection, gateway)
    assert held is not None
    assert (held.serial, held.taken_ms, held.refusal) == (1, NOW_MS + 5, None)


def test_a_gateway_in_its_fail_safe_gets_a_fresh_one_and_one_only(issuing: Issuing) -> None:
    issuing.issued()
    lost = {0: [1, 0], 1: [2, 0], 2: "operator_outage", 3: None, 4: None, 5: 0, 6: 1, 7: []}
    issuing.world.append([issuing.chain.next(event(16, lost))], NOW_MS + 1000)
    while advance(issuing.world.engine, ScheduleFollower()):
        pass
    assert issuing.issued(NOW_MS + 2000).serial == 2
    assert issuing.run(NOW_MS + 62_000) == 0


@pytest.mark.parametrize(
    ("cause", "settled_as"),
    [("operator_outage", "operator"), ("expired", "operator"), ("connection_lost", "open")],
)
def test_a_fail_safe_is_settled_by_whose_outage_it_was(
    issuing: Issuing, cause: str, settled_as: str
) -> None:
    def said(before: int, after: int, cause: str, at_ms: int) -> list[Any]:
        body = {0: [before, 0], 1: [after, 0], 2: cause, 3: None, 4: None, 5: 1, 6: 1, 7: []}
        return event(16, body, at_ms)

    issuing.hears(
        said(0, 1, "fresh_schedule", NOW_MS - 900),
        said(1, 2, cause, NOW_MS - 500),
        said(2, 3, "heartbeat_back", NOW_MS - 300),
    )
    gateway = issuing.world.gateway.id.hex()
    with reading(issuing.world.engine) as connection:
        [span] = schedule_store.fail_safes(connection, gateway)
    assert (span.from_ms, span.until_ms, span.settled_as) == (NOW_MS - 500, None, settled_as)
    issuing.hears(said(3, 1, "fresh_schedule", NOW_MS - 100))
    with reading(issuing.world.engine) as connection:
        [span] = schedule_store.fail_safes(connection, gateway)
    assert span.until_ms == NOW_MS - 100


def test_a_restored_collector_counts_on_from_what_its_gateway_holds(issuing: Issuing) -> None:
    first = issuing.issued()
    digest = message_hash(first.seal(issuing.signer))
    issuing.hears(event(17, {0: digest, 1: 7, 2: 2, 3: "replayed"}))
    assert issuing.issued(NOW_MS + MINUTE_MS).serial == 8


def test_a_site_whose_gateway_cannot_count_gets_none(issuing: Issuing) -> None:
    """By a profile whose energy is the sum of two tariffs' registers."""
    [feeder] = issuing.world.registry.view().delivery_meters(SITE, NOW_MS)
    issuing.record(feeder.model_copy(update={"profile": "schneider-pm750"}))
    assert issuing.run() == 0


def test_the_command_line_says_what_is_issued_and_held(issuing: Issuing, tmp_path: Path) -> None:
    issuing.record(allocation(NOW_MS, "0.004"))
    run = CliRunner().invoke(
        command("curtail"), ["curtail", "schedule", str(tmp_path), SITE, "--json"]
    )
    assert run.exit_code == 0
    answer = json.loads(run.stdout)
    assert (answer["issued"], answer["held"]) == (None, None)
    issuing.issued()
    run = CliRunner().invoke(
        command("curtail"), ["curtail", "schedule", str(tmp_path), SITE, "--json"]
    )
    answer = json.loads(run.stdout)
    assert (answer["issued"]["serial"], answer["issued"]["mode"]) == (1, "observe")
    assert answer["issued"]["periods"][0]["limit"] == {"energy_wh": 4000, "power_w": 1_000_000}
    shown = CliRunner().invoke(command("curtail"), ["curtail", "schedule", str(tmp_path), SITE])
    assert "its gateway has not said that it holds any" in shown.stdout
    unknown = CliRunner().invoke(
        command("curtail"), ["curtail", "schedule", str(tmp_path), "nowhere"]
    )
    assert unknown.exit_code == 2


# ---- the split ---------------------------------------------------------------------------------

ALLOWED = st.fractions(0, 10**9, max_denominator=1000)
WEIGHTS = st.dictionaries(st.sampled_from("abcde"), st.integers(0, 10**7), min_size=1)


def test_a_nomination_splits_what_was_bought() -> None:
    weights = {"a": 1, "b": 1, "c": 2}
    assert shares(Fraction(1000), {}, weights) == {"a": 250, "b": 250, "c": 500}
    assert shares(Fraction(1000), {"a": Fraction(400)}, weights) == {"a": 400, "b": 200, "c": 400}
    assert shares(Fraction(1000), {"a": Fraction(3000)}, weights) == {"a": 1000, "b": 0, "c": 0}
    everything = {"a": Fraction(100), "b": Fraction(100), "c": Fraction(300)}
    assert shares(Fraction(1000), everything, weights) == {"a": 200, "b": 200, "c": 600}
    assert shares(Fraction(10), {}, {"a": 0, "b": 0}) == {"a": 5, "b": 5}


@given(ALLOWED, WEIGHTS, st.data())
def test_together_the_sites_never_get_more_than_is_allowed(
    allowed_wh: Fraction, weights: dict[str, int], data: st.DataObject
) -> None:
    named = data.draw(st.dictionaries(st.sampled_from(sorted(weights)), ALLOWED))
    found = shares(allowed_wh, named, weights)
    assert set(found) == set(weights)
    assert all(value >= 0 for value in found.values())
    assert allowed_wh - len(weights) < sum(found.values()) <= allowed_wh


def test_a_nomination_reaches_the_schedule(issuing: Issuing) -> None:
    issuing.record(
        allocation(NOW_MS, "0.004"),
        Nomination(site=SITE, start=NOW_MS, energy_mwh=Decimal("0.001")),
    )
    assert issuing.issued().limits[0] == Limit(4000, 1_000_000)  # there is no other site
