"""What commissioning judges without a board: papers, clocks, drops; and what its folder keeps."""

import tomllib
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from technician.checks.outcome import Outcome
from technician.commission import judging, offline, relay
from technician.commission.case import Attempt
from technician.commission.procedure import LANGUAGES, SHIPPED, read_procedure
from technician.faults import BagError, Code

TODAY = date(2026, 11, 29)
PLAN: dict[str, Any] = {
    "meter": [{"serial": "M1", "accuracy_class": "0.5S", "ct": [2000, 5], "vt": [1, 1]}],
    "verification": [{"meter": "M1", "part": "meter", "valid_until": date(2031, 5, 31)}],
    "seal": [{"number": "A-17", "meter": "M1"}, {"number": "A-18", "meter": "M1"}],
}
PLATE = {
    "number/M1": "M1", "class/M1": "0.5S", "verified/M1": "2031-05-31",
    "ct-verified/M1": "2030-01-31", "seals/M1": "A-18, A-17",
}  # fmt: skip
WORDS = SHIPPED.with_name("words.toml")
PROCEDURE = read_procedure(SHIPPED.read_bytes(), "shipped")


def test_papers_that_agree_with_the_order_pass() -> None:
    found = judging.papers("M1", PLATE, PLAN, TODAY)
    assert (found.passed, found.facts["seals"]) == (True, "A-18, A-17")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"number/M1": "M2"}, "its plate says M2"),
        ({"class/M1": "1"}, "its plate says class 1, the order 0.5S"),
        ({"class/M1": "best"}, "'best' is no class"),
        ({"verified/M1": "2026-11-28"}, "its verification ended on 2026-11-28"),
        ({"verified/M1": "2032-05-31"}, "the certificate says 2032-05-31, the order 2031-05-31"),
        ({"ct-verified/M1": ""}, "ct: until when it is verified is no date"),
        ({"seals/M1": "A-17"}, "the order names the seals A-17, A-18"),
        ({"seals/M1": " "}, "no seal was named"),
    ],
)
def test_papers_that_do_not_are_refused_with_what_differs(answer: dict[str, str], why: str) -> None:
    found = judging.papers("M1", PLATE | answer, PLAN, TODAY)
    assert found.passed is False
    assert why in found.why
    assert found.cure


def test_a_meter_that_the_order_does_not_name_cannot_be_judged() -> None:
    assert judging.papers("M9", PLATE, PLAN, TODAY).passed is None


@pytest.mark.parametrize(
    ("apart_ms", "letter", "passed", "who"),
    [
        (1999, "U", True, ""),
        (-60_000, "I", False, "nobody told the gateway the time yet"),
        (60_000, "S", False, "set the laptop's"),
    ],
)
def test_of_two_clocks_the_synchronised_one_is_right(
    apart_ms: int, letter: str, passed: bool, who: str
) -> None:
    found = judging.clock(1_800_000_000_000 + apart_ms, 1_800_000_000_000, letter, 2000)
    assert found.passed is passed
    assert who in (found.cure or "")


def test_an_input_passes_only_when_it_was_seen_to_move() -> None:
    moved = [(True, False), (False, False), (True, True)]
    found = [judging.input_moved(1, "selector", *each, to=False).passed for each in moved]
    assert found == [True, False, False]


RULES = PROCEDURE.rules.model_copy(update={"samples": 3})


def seen(before_w: list[int], after_w: list[int]) -> relay.Seen:
    return relay.Seen(list(map(Fraction, before_w)), list(map(Fraction, after_w)))


TOLD = {"opened": True, "took_ms": 40, "closed": True, "by_person": False}
LOADED = [100_000, 101_000, 100_000]


@pytest.mark.parametrize(
    ("told", "after_w", "before_w", "passed", "cause"),
    [
        ({}, [0, 100, 0], LOADED, True, None),
        ({}, [11_000] * 3, LOADED, False, "bypass"),
        ({"opened": False}, [100_000] * 3, LOADED, False, "welded_contact"),
        ({"opened": False}, [0] * 3, LOADED, False, "contact_untrue"),
        ({"closed": False}, [0] * 3, LOADED, False, "not_restored"),
        ({"closed": False, "by_person": True}, [0] * 3, LOADED, True, None),
        ({}, [0] * 3, [1000] * 3, None, "small_load"),
        ({}, [0] * 3, [100_000, 140_000, 100_000], None, "small_load"),
        ({}, [0] * 2, LOADED, False, "no_meter"),
    ],
)
def test_a_stage_is_judged_by_load_contact_and_return(
    told: dict[str, bool],
    after_w: list[int],
    before_w: list[int],
    passed: bool | None,
    cause: str | None,
) -> None:
    found = relay.judge(1, TOLD | told, seen(before_w, after_w), RULES)
    assert (found.passed, found.facts.get("cause")) == (passed, cause)
    assert (found.cure is None) == (passed is True)


def test_the_drop_is_exact() -> None:
    found = relay.judge(1, TOLD, relay.Seen([Fraction(200_001, 2)] * 3, [Fraction(0)] * 3), RULES)
    assert found.facts["drop_w"] == "200001/2"


def test_an_attempt_passes_when_every_outcome_does() -> None:
    def of(*passed: bool | None) -> bool | None:
        outcomes = tuple(Outcome("x", each, "", None, {}) for each in passed)
        return Attempt("x", 0, outcomes).passed

    assert [of(True, True), of(True, None), of(None, False), of()] == [True, None, False, None]


def test_the_shipped_procedure_speaks_every_language() -> None:
    for step in PROCEDURE.steps:
        for words in (step.title, step.do, *(each.ask for each in step.question)):
            if words is not None:
                assert len({words.of(language) for language in LANGUAGES}) == len(LANGUAGES)


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        (('required = "always"', 'required = "maybe"'), "step.0.required"),
        (("signatures = 1 ", "signatures = 0 "), "rules.signatures"),
        (("schema = 1", "schema = 2"), "schema"),
        (('id = "clock"', 'id = "papers"'), "twice"),
        (("[rules]", "[rules"), "procedure"),
    ],
)
def test_a_procedure_that_is_not_in_order_is_refused_where_it_is_wrong(
    changed: tuple[str, str], place: str
) -> None:
    text = SHIPPED.read_text("utf-8").replace(*changed, 1)
    with pytest.raises(BagError, match=place) as found:
        read_procedure(text.encode(), "procedure")
    assert found.value.code is Code.WRONG_PROCEDURE


def test_the_sheet_has_its_words_in_every_language() -> None:
    for name, said in tomllib.loads(WORDS.read_text("utf-8")).items():
        assert set(said) == set(LANGUAGES), name


def test_what_only_needs_time_goes_on_from_its_beginning() -> None:
    begun = offline.begun((1, 7, 3), 1_000_000, 180)
    start = offline.beginning(begun.facts)
    assert begun.passed is None and start is not None
    kept = offline.Kept([], [], (0, 0))
    early = offline.judge(kept, [0], start, 1_100_000, 180)
    assert (early.passed, early.why) == (None, "only 100 s of 180 s")
    assert offline.beginning(early.facts) == start
    late = offline.judge(kept, [0], start, 1_200_000, 180)
    assert (late.passed, late.why) == (False, "it did not start by itself")
    assert offline.beginning(late.facts) is None
