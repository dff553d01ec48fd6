"""What a meter must have to be believed, by what the register holds and a document requires."""

from typing import Any

import pytest
from collector_world import SITE, TestGateway, meter_record, site_record
from finding_words import check_words
from licence_night import HOUR

from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.papers import (
    Papers,
    judge_description,
    judge_seals,
    judge_verifications,
    papers_of,
)
from collector.checks.states import State
from collector.model.records import Meter, MeterRequirement, Seal, Verification
from collector.registry.view import View

DAY_MS = 24 * HOUR
NOW_MS = 1000 * DAY_MS
DAYS = (90, 30, 7)
GATEWAY = TestGateway()


def meter(**changes: Any) -> Meter:
    whole = {"accuracy_class": "0.5S", "state_register": "KZ.02.03", "valid_from": 10 * DAY_MS}
    return meter_record(GATEWAY, "feeder", 0, "delivery").model_copy(update=whole | changes)


def verified(part: Any, from_day: int, until_day: int | None, **changes: Any) -> Verification:
    return Verification(
        meter="feeder",
        part=part,
        certificate=f"{part}-{from_day}",
        valid_from=from_day * DAY_MS,
        valid_until=None if until_day is None else until_day * DAY_MS,
        **changes,
    )


def seal(number: str, place: str, from_day: int, until_day: int | None = None) -> Seal:
    until_ms = None if until_day is None else until_day * DAY_MS
    return Seal(
        number=number, meter="feeder", place=place, valid_from=from_day * DAY_MS,
        valid_until=until_ms,
    )  # fmt: skip


def requirement(**changes: Any) -> MeterRequirement:
    whole = {"name": "rules", "title": "Example", "document_sha256": "ab" * 32, "example": True}
    return MeterRequirement(**(whole | {"valid_from": 20 * DAY_MS} | changes))


def told(states: Any) -> list[tuple[Code, str, int]]:
    for each in states:
        check_words(Finding(each.code, each.subject, each.since_ms, each.since_ms, each.details))
    return [(each.code, each.subject, each.since_ms // DAY_MS) for each in states]


def verifications(*known: Verification, of: Meter | None = None, **changes: Any) -> list[State]:
    papers = Papers(of or meter(), known, (), changes.get("required"))
    return list(judge_verifications(papers, DAYS, changes.get("at_ms", NOW_MS)))


def test_a_verification_that_ended_is_told_of_any_meter() -> None:
    assert told(verifications(verified("meter", 0, 1000))) == [
        (Code.VERIFICATION_EXPIRED, "feeder/meter", 1000)
    ]
    [state] = verifications(verified("meter", 0, 1000))
    assert state.details["certificate"] == "meter-0"
    assert verifications(verified("meter", 0, 1000), at_ms=NOW_MS - 1)[0].code is (
        Code.VERIFICATION_ENDS
    )


def test_the_last_of_several_counts() -> None:
    old, new = verified("meter", 0, 500), verified("meter", 400, 2000)
    for known in ((old, new), (new, old)):
        assert verifications(*known) == []
    assert told(verifications(old, verified("meter", 400, 900))) == [
        (Code.VERIFICATION_EXPIRED, "feeder/meter", 900)
    ]


@pytest.mark.parametrize(
    ("day", "days"), [(909, None), (910, 90), (969, 90), (970, 30), (993, 7), (999, 7)]
)
def test_warnings_before_it_ends(day: int, days: int | None) -> None:
    found = verifications(verified("meter", 0, 1000), at_ms=day * DAY_MS)
    assert [each.details["days"] for each in found] == ([] if days is None else [days])
    assert [each.since_ms for each in found] == ([] if days is None else [(1000 - days) * DAY_MS])


def test_what_is_verified_anew_in_time_is_not_warned_of() -> None:
    assert verifications(verified("meter", 0, 1001), verified("meter", 1001, 2000)) == []
    assert verifications(verified("meter", 0, None)) == []


def test_what_never_was_is_missing_where_a_document_requires_it() -> None:
    assert verifications() == []
    assert told(verifications(required=requirement())) == [
        (Code.VERIFICATION_MISSING, "feeder/meter", 20)
    ]
    of = meter(valid_from=30 * DAY_MS, ct=(100, 5), vt=(10_000, 100))
    assert told(verifications(of=of, required=requirement())) == [
        (Code.VERIFICATION_MISSING, f"feeder/{part}", 30) for part in ("meter", "ct", "vt")
    ]
    assert verifications(of=of, required=requirement(verified=())) == []


def test_a_meter_without_transformers_has_none_to_verify() -> None:
    assert verifications(verified("ct", 0, 900)) == []


def test_a_verification_of_later_is_none_yet() -> None:
    assert told(verifications(verified("meter", 1001, 2000), required=requirement())) == [
        (Code.VERIFICATION_MISSING, "feeder/meter", 20)
    ]


def seals(*known: Seal, required: MeterRequirement | None = None) -> list[State]:
    return list(judge_seals(Papers(meter(), (), known, required), NOW_MS))


def test_a_seal_that_was_taken_off_and_not_replaced() -> None:
    taken = seal("A", "terminal cover", 0, 900)
    assert told(seals(taken)) == [(Code.SEAL_REMOVED, "feeder/terminal cover", 900)]
    assert seals(taken, seal("B", "terminal cover", 900)) == []
    assert told(seals(taken, seal("B", "ct box", 900))) == [
        (Code.SEAL_REMOVED, "feeder/terminal cover", 900)
    ]


def test_a_meter_that_never_had_a_seal() -> None:
    assert seals() == []
    assert told(seals(required=requirement())) == [(Code.SEAL_MISSING, "feeder", 20)]
    assert seals(required=requirement(sealed=False)) == []
    assert seals(seal("A", "cover", 0), required=requirement()) == []


@pytest.mark.parametrize(
    ("changes", "required", "expected"),
    [
        ({}, {}, []),
        ({"accuracy_class": None}, {}, [["accuracy_class"]]),
        (
            {"accuracy_class": None, "state_register": None},
            {},
            [["accuracy_class", "state_register"]],
        ),
        ({"state_register": ""}, {}, [["state_register"]]),
        ({"accuracy_class": None}, {"accuracy_class": False}, []),
    ],
)  # fmt: skip
def test_a_meter_that_the_register_does_not_describe(
    changes: dict[str, Any], required: dict[str, Any], expected: list[list[str]]
) -> None:
    papers = Papers(meter(**changes), requirement=requirement(**required))
    found = list(judge_description(papers))
    assert {code for code, *_ in told(found)} <= {Code.UNDESCRIBED}
    assert [each.details["missing"] for each in found] == expected


@pytest.mark.parametrize(
    ("given", "coarsest", "is_found"),
    [
        ("0.2S", "0.5S", False),
        ("0.5S", "0.5S", False),
        ("0.5", "0.5S", True),
        ("1", "0.5S", True),
        ("2", "2", False),
        ("2", None, False),
    ],
)
def test_a_class_that_is_too_coarse(given: str, coarsest: str | None, *, is_found: bool) -> None:
    papers = Papers(meter(accuracy_class=given), requirement=requirement(coarsest_class=coarsest))
    found = [code for code, *_ in told(list(judge_description(papers)))]
    assert found == ([Code.CLASS_COARSE] if is_found else [])


def test_which_document_holds_for_which_meter() -> None:
    """For its zone before any zone's, for its status, the newest; none before it is valid."""
    site = site_record(GATEWAY)
    anywhere, newer = requirement(), requirement(name="newer", valid_from=30 * DAY_MS)
    here = requirement(name="here", zone=site.zone)
    for records, at_ms, expected in (
        ([anywhere, newer], NOW_MS, newer),
        ([anywhere, newer], 25 * DAY_MS, anywhere),
        ([here, newer], NOW_MS, here),
        ([requirement(zone="other")], NOW_MS, None),
        ([requirement(status="operational")], NOW_MS, None),
        ([anywhere], 15 * DAY_MS, None),
    ):
        [papers] = papers_of(View([site, meter(), *records]), at_ms)
        assert papers.requirement == expected


def test_a_meter_that_was_taken_down_needs_nothing() -> None:
    taken = meter(valid_until=900 * DAY_MS)
    assert list(papers_of(View([site_record(GATEWAY), taken, requirement()]), NOW_MS)) == []
    assert taken.site == SITE
