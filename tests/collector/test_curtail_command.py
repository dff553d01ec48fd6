"""`esep curtail`: what it says, what it keeps, how it ends."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from collector_world import AUTHORITY, BIN, NOW_MS, SITE, World, site_record
from order_night import APPLIED, DRAFTER, OTHER, RESTORED, Night
from typer.testing import CliRunner, Result

from collector.cli import curtail
from collector.cli.curtail import app
from collector.model.order import Step
from collector.model.records import OrderReason

DRAFT = ("--reason", "emergency", "--by", DRAFTER, "--why", "дефицит", "--reference", "журнал 17")


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    night = Night(World.make(tmp_path), tmp_path)
    night.authorise()
    monkeypatch.setattr(curtail, "now_ms", lambda: night.now_ms)
    return night


def run(night: Night, verb: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [verb, str(night.directory), *arguments])


def done(night: Night, verb: str, *arguments: str) -> dict[str, Any]:
    result = run(night, verb, *arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_an_order_from_draft_to_release(alone: Night) -> None:
    drafted = done(alone, "draft", *DRAFT, "--site", f"{SITE}:2,1", "--hold", "30m")
    assert drafted["step"] == "drafted"
    assert drafted["parts"][0]["stages"] == [1, 2]
    terms = drafted["terms"]
    assert (terms["hold_s"], terms["authority"]) == (1800, AUTHORITY.id)
    assert (terms["drafted_by"], terms["reference"]) == (DRAFTER, "журнал 17")
    short = drafted["order"][:8]
    approved = done(alone, "approve", short, "--by", OTHER)
    assert approved["steps"][1]["details"]["by"] == OTHER
    for second in (0.1, 0.2):
        alone.at(second)
    alone.answer(alone.order(), APPLIED)
    shown = done(alone, "show", short)
    assert shown["parts"][0]["commands"][0]["answer"] == "applied"
    assert [step["step"] for step in shown["parts"][0]["steps"]][-1] == "contact_confirmed"
    released = done(alone, "release", short, "--by", OTHER, "--reason", "отбой")
    assert released["step"] == "released"
    assert released["parts"][0]["steps"][-1]["details"] == {"by": OTHER, "reason": "отбой"}


def test_it_is_said_in_lines_too(alone: Night) -> None:
    result = run(alone, "draft", *DRAFT, "--site", SITE, "--hold", "900")
    assert result.exit_code == 0
    assert "a person approves it: esep curtail approve" in result.output
    assert DRAFTER in result.output
    assert f"1: {SITE}, stages 1, 2: drafted" in result.output
    assert run(alone, "list").output.startswith(alone.order().id.hex()[:8])
    assert "no order" in run(alone, "list", "--site", "nowhere").output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--site", SITE), "every cut has an end"),
        (("--site", SITE, "--hold", "soon"), "write a length of time, as 900, 30m or 2h"),
        (("--site", f"{SITE}:x", "--hold", "1h"), "for its stages 1 and 2"),
        (("--site", "nowhere", "--hold", "1h"), "no site 'nowhere'"),
        (("--site", SITE, "--until", "2026-11-23T14:00:00"), "lacks its offset"),
        (("--site", SITE, "--until", "2020-01-01"), "is past"),
        (("--site", SITE, "--hold", "1h", "--authority", "x"), "authority x does not allow"),
    ],
)
def test_what_cannot_be_drafted_ends_with_2_and_keeps_nothing(
    alone: Night, arguments: tuple[str, ...], said: str
) -> None:
    result = run(alone, "draft", *DRAFT, *arguments)
    assert (result.exit_code, said in result.output) == (2, True), result.output
    assert "Traceback" not in result.output
    assert alone.orders() == []


def test_without_an_authority_it_says_that_nothing_can_be_cut(alone: Night) -> None:
    alone.authorise(reasons=(OrderReason.LICENCE,))
    result = run(alone, "draft", *DRAFT, "--site", SITE, "--hold", "1h")
    assert result.exit_code == 2
    assert "no authority that is loaded and valid allows orders for emergency" in result.output
    assert "Nothing was changed" in result.output


def test_a_mass_order_waits_for_another_person(alone: Night) -> None:
    names = [f"site-{number}" for number in range(4)]
    alone.record(*(site_record(alone.world.gateway, name) for name in names))
    sites = [part for name in names for part in ("--site", name)]
    result = run(alone, "draft", *DRAFT, *sites, "--hold", "1h")
    assert "another person approves it" in result.output
    short = alone.order().id.hex()[:6]
    result = run(alone, "approve", short, "--by", DRAFTER)
    assert result.exit_code == 2
    assert "another person must approve it" in result.output
    assert alone.order().step is Step.DRAFTED
    assert run(alone, "approve", short, "--by", OTHER).exit_code == 0


def test_the_proof_of_a_notice_is_a_file_by_its_hash_or_words(alone: Night, tmp_path: Path) -> None:
    alone.authorise(notice_proof=True)
    order = alone.issue(alone.draft())
    short = order.id.hex()[:8]
    [told] = json.loads(run(alone, "notice", short).stdout)
    assert (told["to"], told["proof"], told["needs_proof"]) == (BIN, None, True)
    result = run(alone, "notice", short, "--proof", "вх. 12")
    assert (result.exit_code, "--by" in result.output) == (2, True)
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"received")
    for other in ("--licensee", "999999999999"), ("--at", "2020-01-01"):
        assert run(alone, "notice", short, "--proof", "x", "--by", OTHER, *other).exit_code == 2
    proven = done(alone, "notice", short, "--proof", str(paper), "--by", OTHER)
    assert proven["parts"][0]["steps"][-1]["details"]["proof"] == {
        "file": "paper.pdf",
        "sha256": hashlib.sha256(b"received").hexdigest(),
        "by": OTHER,
    }


def test_what_does_not_fit_the_step_ends_with_2(alone: Night) -> None:
    order = alone.draft()
    short = order.id.hex()[:8]
    by = ("--by", OTHER, "--reason", "x")
    assert run(alone, "release", short, *by).exit_code == 2
    assert run(alone, "wrongful", short, *by).exit_code == 2
    assert run(alone, "cancel", short, "--by", OTHER, "--reason", " ").exit_code == 2
    assert run(alone, "cancel", short, *by).exit_code == 0
    again = run(alone, "approve", short, "--by", OTHER)
    assert (again.exit_code, "is cancelled" in again.output) == (2, True)


def test_a_wrongful_order_says_what_it_cost(alone: Night) -> None:
    order = alone.hold(alone.draft(hold_s=20))
    alone.at(20)
    alone.answer(order, RESTORED, counter=1)
    short = order.id.hex()[:8]
    said = ("--by", OTHER, "--reason", "ошибка", "--reference", "решение 3")
    closed = done(alone, "wrongful", short, *said)
    assert closed["step"] == "wrongful"
    assert closed["steps"][-1]["details"]["not_supplied_wh"] is None
    assert closed["steps"][-1]["details"]["reference"] == "решение 3"


@pytest.mark.parametrize("name", ["zz", "", "%"])
def test_an_order_that_is_not_there_is_named(alone: Night, name: str) -> None:
    result = run(alone, "show", name)
    assert (result.exit_code, "there is no order" in result.output) == (2, True)


def test_a_name_of_several_is_refused(alone: Night) -> None:
    for _ in range(17):  # two of them begin alike
        alone.draft()
    names = [order.id.hex()[0] for order in alone.orders()]
    twice = next(name for name in names if names.count(name) > 1)
    result = run(alone, "show", twice)
    assert (result.exit_code, "orders begin with" in result.output) == (2, True)


def test_a_list_is_of_the_newest_first_and_of_those_that_run(alone: Night) -> None:
    first, second = alone.draft(), alone.draft(stages=(2,))
    listed = json.loads(run(alone, "list", "--json").stdout)
    assert [each["order"] for each in listed] == [second.id.hex(), first.id.hex()]
    run(alone, "cancel", first.id.hex(), "--by", OTHER, "--reason", "x")
    listed = json.loads(run(alone, "list", "--open", "--json").stdout)
    assert [each["order"] for each in listed] == [second.id.hex()]
    assert listed[0]["terms"]["until"] is None
    assert alone.now_ms == NOW_MS
