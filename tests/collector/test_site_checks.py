"""What is judged of a site: its load against its licence, and whether it is read at all."""

import pytest
from checks_control import LATE_MS, Control
from collector_world import LICENCE, NOW_MS, SITE, meter_record, site_record

from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.ledger.followers import advance
from collector.series.follower import SeriesFollower
from collector.series.store import Point
from collector.words.of_findings import finding_text

FRESH_MS = 7000


def unread(control: Control) -> list[Finding]:
    return [finding for finding in control.findings() if finding.code is Code.UNREAD]


def test_load_is_unlicensed_from_the_millisecond_the_licence_ends(control: Control) -> None:
    end = control.start_ms + 1500
    control.world.registry.record(
        [LICENCE.model_copy(update={"valid_until": end})], bytes(32), NOW_MS
    )
    for meter, watts in (("feeder", 1000.0), ("stage-1", 900.0), ("stage-2", 0.0)):
        control.point(meter, end - 100, watts)
    control.run(end - 1)
    assert Code.UNLICENSED_LOAD not in [finding.code for finding in control.findings()]
    control.run(end)
    control.run(end + 700)
    [finding] = [f for f in control.findings() if f.code is Code.UNLICENSED_LOAD]
    assert (finding.subject, finding.first_ms, finding.last_ms) == (SITE, end, end + 700)
    assert finding.severity == "breach"


@pytest.mark.parametrize("declared_w", [0, 50])
def test_a_site_without_a_licence_may_draw_what_it_declared_for_auxiliaries(
    control: Control, declared_w: int
) -> None:
    site = site_record(control.world.gateway).model_copy(update={"auxiliary_w": declared_w})
    ended = LICENCE.model_copy(update={"valid_until": NOW_MS})
    control.world.registry.record([site, ended], bytes(32), NOW_MS)
    control.point("feeder", NOW_MS, float(declared_w))
    control.run(NOW_MS)
    assert control.findings() == []
    control.point("feeder", NOW_MS + 1, declared_w + 0.5)
    control.run(NOW_MS + 1)
    [finding] = control.findings()
    assert (finding.code, finding.details["auxiliary_w"]) == (Code.UNLICENSED_LOAD, declared_w)


@pytest.mark.parametrize("stages", ["off", "silent"])
def test_load_fed_past_the_meters_of_stages_is_mining(control: Control, stages: str) -> None:
    ended = LICENCE.model_copy(update={"valid_until": NOW_MS})
    control.world.registry.record([ended], bytes(32), NOW_MS)
    control.point("feeder", NOW_MS, 1e6)
    if stages == "off":
        control.point("stage-1", NOW_MS, 0.0)
        control.point("stage-2", NOW_MS, 0.0)
    control.run(NOW_MS)
    assert [finding.code for finding in control.findings()] == [Code.UNLICENSED_LOAD]


def test_a_site_that_falls_silent_is_told_once(control: Control) -> None:
    last = control.start_ms
    control.point("feeder", last, 1000.0)
    control.run(last + LATE_MS)
    assert unread(control) == []
    for later in (1, 500, 60_000):
        control.run(last + LATE_MS + later)
    [finding] = unread(control)
    assert (finding.subject, finding.first_ms) == (SITE, last)
    assert finding.last_ms == last + LATE_MS + 60_000
    assert (finding.severity, finding.details["meters"]) == ("warning", ["feeder"])
    back = last + LATE_MS + 60_001
    control.point("feeder", back, 1000.0)
    control.run(back)
    control.run(back + LATE_MS + 1)
    assert [finding.first_ms for finding in unread(control)] == [last, back]


def test_a_meter_that_answers_nothing_is_silent(control: Control) -> None:
    """The gateway goes on sampling; the meter's wire is cut."""
    last = control.start_ms
    control.point("feeder", last, 1000.0)
    for second in range(1, 20):
        control.series.write([Point("feeder", last + second * 1000, {}, 1)])
        control.run(last + second * 1000)
    [finding] = unread(control)
    assert finding.first_ms == last


def test_one_silent_delivery_meter_of_two_is_enough(control: Control) -> None:
    second = meter_record(control.world.gateway, "feeder-2", 3, "delivery")
    control.world.registry.record([second], bytes(32), NOW_MS)
    last, now = control.start_ms, control.start_ms + 60_000
    control.point("feeder-2", last, 1000.0)
    control.point("feeder", now, 1000.0)
    control.run(now)
    [finding] = unread(control)
    assert (finding.first_ms, finding.details["meters"]) == (last, ["feeder-2"])


def test_a_site_whose_delivery_meter_was_never_read_is_told(control: Control) -> None:
    control.point("stage-1", control.start_ms, 1000.0)
    control.run(control.start_ms + LATE_MS)
    [finding] = unread(control)
    assert (finding.first_ms, finding.details["last_ms"]) == (0, 0)


def test_a_site_that_was_never_read_is_not_silent(control: Control) -> None:
    control.run(control.start_ms + 3_600_000)
    assert unread(control) == []


def test_silence_is_the_sites_not_the_collectors(control: Control) -> None:
    """After an absence, and while what came is not followed yet, nobody is called silent."""
    last = control.start_ms
    control.point("feeder", last, 1000.0)
    control.restart()
    back = last + 3_600_000
    control.run(back)
    control.run(back + LATE_MS)
    assert unread(control) == []
    control.world.append([control.world.gateway.frame()], back + LATE_MS)
    control.run(back + 2 * LATE_MS)
    assert unread(control) == []
    advance(control.world.engine, SeriesFollower(control.series, control.world.configurations))
    control.run(back + 2 * LATE_MS)
    assert [finding.first_ms for finding in unread(control)] == [last]


@pytest.mark.parametrize("licensed", [True, False])
def test_power_that_flows_out_of_a_delivery_point_is_told(
    control: Control, *, licensed: bool
) -> None:
    """All transformers the wrong way round: the import stands still, and 1.87 MW are no load."""
    if not licensed:
        ended = LICENCE.model_copy(update={"valid_until": NOW_MS})
        control.world.registry.record([ended], bytes(32), NOW_MS)
    start = control.start_ms
    next_ms = start + control.period_ms
    for now_ms in (start, start + 1000, next_ms - 500, next_ms):
        control.point("feeder", now_ms, -1_870_000.0, 5000)
        control.run(now_ms)
    found = [entry for entry in control.findings() if entry.code is Code.EXPORT]
    assert [(entry.subject, entry.first_ms, entry.last_ms) for entry in found] == [
        ("feeder", start, next_ms)
    ]
    assert (found[0].severity, found[0].details["power_w"]) == ("warning", "-1870000")
    assert "feeder shows −1.870 MW, flowing out" in finding_text("en", found[0])


def test_what_a_meter_shows_below_its_starting_power_is_no_export(control: Control) -> None:
    """A thousandth of 2 × 690 V × 10 A."""
    control.point("feeder", NOW_MS, -13.75)
    control.run(NOW_MS)
    assert control.findings() == []
    control.point("feeder", NOW_MS + 1, -13.85)
    control.run(NOW_MS + 1)
    assert [entry.code for entry in control.findings()] == [Code.EXPORT]
