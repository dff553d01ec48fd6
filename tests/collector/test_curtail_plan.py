"""`esep curtail plan`, drafts for a target, and the ledger of who was cut."""

import json
from pathlib import Path
from typing import Any

import pytest
from collector_world import BIN, LICENSEE, NOW_MS, SITE, ZONE, World
from order_night import APPLIED, DRAFTER, OTHER, RESTORED, Night
from typer.testing import CliRunner, Result

from collector.cli import curtail, curtail_plan
from collector.cli.curtail import app
from collector.model.records import Feeder, OrderReason
from collector.orders import acts
from collector.orders.choice.planning import CONFIDENCE, Confidence, Expectation, confidence

ORDER = (
    "--reason", "system_deficit", "--by", DRAFTER, "--why", "дефицит", "--reference", "журнал 17",
    "--hold", "1h",
)  # fmt: skip


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    """A site whose stages draw 600 kW and 300 kW."""
    night = Night(World.make(tmp_path), tmp_path)
    night.authorise()
    for room in (curtail, curtail_plan):
        monkeypatch.setattr(room, "now_ms", lambda: night.now_ms)
    night.measure(-30, 1)
    return night


def run(night: Night, verb: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [verb, str(night.directory), *arguments])


def done(night: Night, verb: str, *arguments: str) -> Any:
    result = run(night, verb, *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_dry_run_says_what_would_be_opened_and_writes_nothing(alone: Night) -> None:
    made = done(alone, "plan", "--zone", ZONE, "--mw", "0.5")
    assert made["target_w"] == 500_000
    assert made["sites"] == [{"site": SITE, "stages": [1]}]
    assert made["licensees"] == [BIN]
    expected = made["expected"]
    assert (expected["power_w"], expected["least_w"], expected["most_w"]) == (600_000,) * 3
    assert (expected["fresh"], expected["stages"], expected["confidence"]) == (1, 1, "high")
    whys = {each["stage"]: each["why"] for each in made["stages"]}
    assert whys[1].startswith("chosen: stage 1 of its site to be shed")
    assert whys[2].startswith("passed over: the target is reached more closely without it")
    assert alone.orders() == []


def test_the_order_is_what_the_dry_run_said(alone: Night) -> None:
    drafted = done(alone, "draft", *ORDER, "--zone", ZONE, "--mw", "0.7")
    assert drafted["parts"][0]["stages"] == [1, 2]
    kept = drafted["steps"][0]["details"]["plan"]
    assert (kept["target_w"], kept["expected_w"]) == (700_000, 900_000)
    assert [each["stage"] for each in kept["selection"]] == [1, 2]


def test_a_percentage_is_of_what_is_drawn_now(alone: Night) -> None:
    made = done(alone, "plan", "--everything", "--percent", "12.5")
    assert made["target_w"] == 112_500
    assert made["sites"] == [{"site": SITE, "stages": [1]}]  # in its order of shedding


@pytest.mark.parametrize(
    "scope",
    [
        ("--site", SITE),
        ("--licensee", BIN),
        ("--zone", ZONE),
        ("--everything",),
        ("--feeder", "trunk"),
        ("--feeder", "branch"),
    ],
)
def test_each_scope_without_an_amount_is_all_of_it(alone: Night, scope: tuple[str, ...]) -> None:
    [site] = alone.world.registry.view().sites_of(BIN, ZONE)
    line = {"zone": ZONE, "substation": "ПС-1", "valid_from": 0}
    alone.record(
        Feeder(name="trunk", **line),
        Feeder(name="branch", parent="trunk", **line),
        site.model_copy(update={"feeder": "branch"}),
    )
    made = done(alone, "plan", *scope)
    assert made["target_w"] is None
    assert made["sites"] == [{"site": SITE, "stages": [1, 2]}]
    assert done(alone, "draft", *ORDER, *scope)["parts"][0]["stages"] == [1, 2]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--zone", "nowhere"), "there is no zone 'nowhere'"),
        (("--licensee", "000000000000"), "there is no licensee"),
        (("--feeder", "x"), "there is no feeder 'x'"),
        (("--zone", ZONE, "--mw", "5"), "only 900000 W can be shed there"),
        (("--zone", ZONE, "--mw", "0"), "write a number of MW"),
        (("--zone", ZONE, "--mw", "0.0000001"), "to the watt"),
        (("--zone", ZONE, "--mw", "nan"), "write a number of MW"),
        (("--zone", ZONE, "--percent", "101"), "0.1 to 100"),
        (("--zone", ZONE, "--mw", "1", "--percent", "5"), "not both"),
        (("--site", f"{SITE}:9", "--mw", "0.1"), "no stage 9; its stages are: 1, 2"),
        (("--site", "nowhere", "--mw", "0.1"), "no site 'nowhere'"),
        ((), "name --site, --feeder, --licensee, --zone or --everything"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(
    alone: Night, arguments: tuple[str, ...], said: str
) -> None:
    for verb, more in (("plan", ()), ("draft", ORDER)):
        result = run(alone, verb, *more, *arguments)
        assert result.exit_code == 2
        if verb == "plan":
            assert said in result.output
    assert alone.orders() == []


def test_a_stage_that_nobody_measures_is_counted_on_for_nothing(alone: Night) -> None:
    alone.now_ms += 60_000
    made = run(alone, "plan", "--zone", ZONE, "--mw", "0.1")
    assert made.exit_code == 2
    assert "only 0 W" in made.output
    everything = done(alone, "plan", "--zone", ZONE)["expected"]
    assert (everything["fresh"], everything["stages"], everything["power_w"]) == (0, 2, 0)
    assert everything["confidence"] == "low"


def test_what_an_order_holds_is_not_counted_again(alone: Night) -> None:
    alone.hold(alone.draft(OrderReason.MANUAL, (1,)))
    made = done(alone, "plan", "--zone", ZONE, "--mw", "0.1")
    assert made["sites"] == [{"site": SITE, "stages": [2]}]


def test_a_stage_that_feeds_its_gateway_is_never_opened(alone: Night) -> None:
    view = alone.world.registry.view()
    [site] = view.sites_of(BIN, ZONE)
    alone.record(LICENSEE, site.model_copy(update={"gateway_circuit": 1}))
    for amount in ((), ("--mw", "0.1")):
        assert done(alone, "plan", "--zone", ZONE, *amount)["sites"][0]["stages"] == [2]


def test_the_ledger_has_hours_and_energy_of_closed_orders(alone: Night) -> None:
    order = alone.issue(alone.draft(OrderReason.SYSTEM_DEFICIT, (1,)))
    alone.answer(order, APPLIED, at_s=0)
    alone.measure(1, 20, on=("stage-2",))
    alone.at(20)
    assert done(alone, "ledger") == []
    alone.act(alone.order(), acts.release, OTHER, "отбой")
    alone.at(180)
    alone.answer(alone.order(), RESTORED, at_s=180)
    [row] = done(alone, "ledger")
    assert (row["licensee"], row["cuts"], row["unmeasured"]) == (BIN, 1, 0)
    assert (row["hours"], row["energy_wh"]) == ("1/20", "30000")
    assert BIN in run(alone, "ledger", "--days", "1").output
    assert alone.now_ms > NOW_MS


def test_who_is_cut_for_what_he_did_has_earned_nothing(alone: Night) -> None:
    order = alone.hold(alone.draft(OrderReason.OVER_ALLOCATION, (1,)))
    alone.act(order, acts.release, OTHER, "отбой")
    alone.at(60)
    alone.answer(alone.order(), RESTORED, at_s=60)
    assert done(alone, "ledger") == []
    assert len(done(alone, "ledger", "--every-reason")) == 1


@pytest.mark.parametrize(
    ("power_w", "least_w", "fresh", "level"),
    [
        (1000, 950, 10, Confidence.HIGH),
        (1000, 949, 10, Confidence.MEDIUM),
        (1000, 1000, 9, Confidence.MEDIUM),
        (1000, 799, 10, Confidence.LOW),
        (1000, 1000, 8, Confidence.LOW),
        (0, 0, 10, Confidence.LOW),
    ],
)
def test_confidence_is_by_the_table(
    power_w: int, least_w: int, fresh: int, level: Confidence
) -> None:
    assert [row[0] for row in CONFIDENCE] == [Confidence.HIGH, Confidence.MEDIUM]
    assert confidence(Expectation(power_w, least_w, 0, 10, fresh, 0, Confidence.LOW)) is level
