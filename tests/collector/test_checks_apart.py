"""One holder or site that cannot be judged does not keep the others from it."""

import pytest
from checks_control import Control
from collector_world import LICENCE, NOW_MS, ZONE, TestGateway, meter_record, site_record
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from collector.checks.codes import Code
from collector.model.records import Licensee
from collector.storage.tables import snapshot

OTHER = "000000000001"  # before the other holder in every order


def second_site(control: Control) -> None:
    gateway = TestGateway()
    control.world.registry.record(
        [
            Licensee(bin=OTHER, name="Other"),
            site_record(gateway, "a-site", OTHER),
            meter_record(gateway, "a-feeder", 0, "delivery", "a-site"),
        ],
        bytes(32),
        NOW_MS,
    )


def test_a_holder_that_cannot_be_judged_stops_no_other(control: Control) -> None:
    second_site(control)
    start, end = control.start_ms, control.start_ms + control.period_ms
    for at_ms, energy_wh in ((start, "5000"), (end, "5100")):
        control.register(at_ms, energy_wh)
        control.register(at_ms, energy_wh, "a-feeder")
    damaged = update(snapshot).where(snapshot.c.meter == "a-feeder").values(quantum="1/0")
    with control.world.engine.begin() as connection:
        connection.execute(damaged)
    with capture_logs() as facts:
        [result] = control.run(end)
    assert result.licensee != OTHER
    assert [finding.code for finding in control.findings()] == [Code.BREACH]
    failed = {fact["subject"] for fact in facts if fact["event"] == "checks.failed"}
    assert failed == {f"{OTHER}/{ZONE}", "a-site"}  # its load of the past is not known either


def test_a_period_is_closed_though_its_holder_cannot_be_looked_ahead_for(control: Control) -> None:
    """Without its gateway's timing the age of the value of now is not known."""
    second_site(control)
    start, end = control.start_ms, control.start_ms + control.period_ms
    for at_ms in (start, end):
        control.register(at_ms, "5000", "a-feeder")
    control.point("a-feeder", end, 1e6)
    assert [result.licensee for result in control.run(end)] == [OTHER]


def test_a_site_that_cannot_be_judged_stops_no_other(control: Control) -> None:
    """Its gateway is not in the register, so how old a value may be is not known."""
    second_site(control)
    ended = LICENCE.model_copy(update={"valid_until": NOW_MS})
    control.world.registry.record([ended], bytes(32), NOW_MS)
    control.point("a-feeder", NOW_MS, 1e6)
    control.point("feeder", NOW_MS, 1e6)
    with capture_logs() as facts:
        control.run(NOW_MS)
    assert [finding.code for finding in control.findings()] == [Code.UNLICENSED_LOAD]
    assert "a-site" in [fact["subject"] for fact in facts if fact["event"] == "checks.failed"]


def test_a_database_that_fails_is_everybodys_failure(control: Control) -> None:
    with control.world.engine.begin() as connection:
        connection.execute(text("DROP TABLE period_missing"))
    with pytest.raises(OperationalError):
        control.run(NOW_MS)
