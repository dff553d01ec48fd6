"""How the checks of what is so are run: apart, seldom where that is enough, in nobody's way."""

import pytest
from checks_control import Control
from collector_world import LICENCE, NOW_MS
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from collector.checks import standing
from collector.checks.codes import Code
from collector.checks.standing import StandingChecks
from collector.checks.states import Scene, State
from collector.model.records import DataThresholds, Policy, Verification

SECOND_MS = 1000


def ended(control: Control) -> None:
    control.world.registry.record(
        [LICENCE.model_copy(update={"valid_until": NOW_MS})], bytes(32), NOW_MS
    )


def verification(until_ms: int) -> Verification:
    return Verification(
        meter="feeder", part="meter", certificate="c", valid_from=0, valid_until=until_ms
    )


def codes(control: Control) -> list[Code]:
    return [finding.code for finding in control.findings()]


def test_what_changes_slowly_is_judged_each_minute_and_when_the_register_changes(
    control: Control,
) -> None:
    control.world.registry.record([verification(NOW_MS + 30 * SECOND_MS)], bytes(32), NOW_MS)
    control.run(NOW_MS)  # the register changed
    assert codes(control) == [Code.VERIFICATION_ENDS]
    control.run(NOW_MS + 59 * SECOND_MS)
    assert codes(control) == [Code.VERIFICATION_ENDS]
    control.run(NOW_MS + 60 * SECOND_MS)
    assert codes(control) == [Code.VERIFICATION_ENDS, Code.VERIFICATION_EXPIRED]
    [_, expired] = control.findings()
    assert expired.first_ms == NOW_MS + 30 * SECOND_MS
    control.world.registry.record([verification(NOW_MS + 10**12)], bytes(32), NOW_MS)
    control.run(NOW_MS + 61 * SECOND_MS)
    assert control.findings()[1].last_ms == NOW_MS + 60 * SECOND_MS


def test_how_often_is_policy(control: Control) -> None:
    policy = control.world.registry.view().one(Policy, "policy")
    seldom = policy.model_copy(update={"data": DataThresholds(look_s=3600)})
    control.world.registry.record([seldom, verification(NOW_MS + 1000)], bytes(32), NOW_MS)
    control.run(NOW_MS)
    control.run(NOW_MS + 3599 * SECOND_MS)
    assert codes(control) == [Code.VERIFICATION_ENDS]
    control.run(NOW_MS + 3600 * SECOND_MS)
    assert Code.VERIFICATION_EXPIRED in codes(control)


def test_a_restart_goes_on_with_the_same_finding(control: Control) -> None:
    ended(control)
    for second in range(10):
        control.point("feeder", NOW_MS + second * SECOND_MS, 1e6)
    control.run(NOW_MS + 5 * SECOND_MS)
    control.series.withdraw("feeder", [NOW_MS, NOW_MS + SECOND_MS])  # its beginning is gone
    control.restart()
    control.run(NOW_MS + 9 * SECOND_MS)
    [finding] = control.findings()
    assert (finding.first_ms, finding.last_ms) == (NOW_MS, NOW_MS + 9 * SECOND_MS)


def test_to_run_again_changes_nothing(control: Control) -> None:
    ended(control)
    control.point("feeder", NOW_MS, 1e6)
    control.run(NOW_MS)
    before = control.findings()
    control.run(NOW_MS)
    control.restart()
    control.run(NOW_MS)
    assert control.findings() == before


def test_a_check_that_fails_stops_no_other(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_scene: Scene) -> list[State]:
        raise ValueError("not to be judged")

    monkeypatch.setitem(standing.OF_ALL, "gaps", fail)
    ended(control)
    control.point("feeder", NOW_MS, 1e6)
    control.world.registry.record([verification(NOW_MS)], bytes(32), NOW_MS)
    with capture_logs() as facts:
        control.run(NOW_MS)
    assert codes(control) == [Code.UNLICENSED_LOAD, Code.VERIFICATION_EXPIRED]
    assert [fact["subject"] for fact in facts if fact["event"] == "checks.failed"] == ["gaps"]


def test_a_database_that_fails_is_everybodys_failure(control: Control) -> None:
    with control.world.engine.begin() as connection:
        connection.execute(text("DROP TABLE stage_contact"))
    with pytest.raises(OperationalError):
        StandingChecks(control.world.engine).run(
            control.world.registry.view(), control.series, NOW_MS, 0
        )


def test_while_another_writes_it_judges_and_where_nothing_is_found_it_waits_for_nobody(
    control: Control,
) -> None:
    with control.world.engine.begin():  # holds the writer's lock
        StandingChecks(control.world.engine).run(
            control.world.registry.view(), control.series, NOW_MS, NOW_MS
        )
