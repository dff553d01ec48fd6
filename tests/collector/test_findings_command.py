"""`esep collector findings`, `finding` and the verbs of their life, as a person runs them."""

import hashlib
import json
from pathlib import Path

import pytest
from cli_world import run, run_json
from collector_world import BIN, NOW_MS, POLICY, SITE, World

from collector.checks import findings
from collector.checks.codes import Code
from collector.checks.findings import Finding

BY = ("--by", "A. Bekova", "--reason", "the reserve came in")
OPERATOR = ("--by", "N. Serikov", "--reason", "the frames are whole")
LETTER = ("--reference", "letter 17 of 2026-11-24")
PERIOD = {
    "sites": [SITE],
    "period_start_ms": NOW_MS - 20_000,
    "period_end_ms": NOW_MS,
    "allowed_wh": "20000",
    "measured_wh": "20600",
    "error_wh": "0",
    "boundary_error_wh": "0",
    "quantum_wh": "1",
    "breaks": [],
    "missing": [],
    "positions": [1, 2, 77],
    "versions": {"site": [7], "allocation": [912]},
}


@pytest.fixture
def directory(world: World, tmp_path: Path) -> Path:
    """A breach (1) that rests on frames, and a silence of long ago (2)."""
    chain = world.gateway.chain()
    world.append([chain.next(), chain.next()], NOW_MS)
    with world.engine.begin() as connection:
        for found in (
            Finding(Code.BREACH, f"{BIN}/north", NOW_MS - 20_000, NOW_MS, PERIOD),
            Finding(
                Code.UNREAD,
                "other",
                1000,
                2000,
                {"site": "other", "meters": ["m"], "last_ms": 1000},
            ),
        ):
            findings.keep(connection, found)
        findings.note_opened(connection, NOW_MS)
    return tmp_path


def test_they_are_listed_newest_first_and_narrowed(directory: Path) -> None:
    assert [each["finding"] for each in run_json("findings", directory)] == [1, 2]
    for option, numbers in (
        (("--site", SITE), [1]),
        (("--licensee", BIN), [1]),
        (("--code", "site.unread"), [2]),
        (("--since", "2026-01-01"), [1]),
        (("--open",), [1, 2]),
        (("--site", "nowhere"), []),
    ):
        assert [each["finding"] for each in run_json("findings", directory, *option)] == numbers
    limited = run("findings", directory, "--limit", 1)
    assert "the newest 1 are shown" in limited.stderr


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "breach open"), ("ru", "нарушение открыто"), ("kk", "бұзушылық ашық")],
)
def test_a_line_says_what_was_found_in_three_languages(
    directory: Path, language: str, said: str
) -> None:
    lines = run("findings", directory, "--lang", language).stdout.splitlines()
    assert lines[0].startswith(f"1 {said} allocation.breach {BIN}/north ")


def test_one_has_its_frames_by_name_and_the_versions_it_used(world: World, directory: Path) -> None:
    whole = run_json("finding", directory, 1)
    gateway = world.gateway.id.hex()
    assert [(each["position"], each["frame"]) for each in whole["frames"]] == [
        (1, f"{gateway}/1/billing/1"),
        (2, f"{gateway}/1/billing/2"),
        (77, None),
    ]
    assert [(each["kind"], each["version"]) for each in whole["versions"]] == [
        ("site", 7),
        ("allocation", 912),
    ]
    assert whole["details"]["allowed_wh"] == "20000"
    text = run("finding", directory, 1).stdout
    assert f"#2 {gateway}/1/billing/2" in text
    assert "#77 not in this ledger" in text
    assert "What to do: the period's frames" in text


def test_its_life_is_told_with_who_why_and_by_which_document(directory: Path) -> None:
    letter = directory / "letter.pdf"
    letter.write_bytes(b"%PDF")
    run("explain", directory, 1, *BY)
    run("dispute", directory, 1, *BY, *LETTER, "--document", letter)
    refused = run("uphold", directory, 1, *BY, code=2)
    assert "A. Bekova spoke for the licensee: another person must uphold it" in refused.stderr
    assert "Nothing was kept" in refused.stderr
    told = run("uphold", directory, 1, *OPERATOR).stdout
    assert told == "finding 1 is upheld, by N. Serikov for the operator\n"
    run("close", directory, 1, *OPERATOR)
    whole = run_json("finding", directory, 1)
    assert whole["state"] == "closed"
    assert [(step["verb"], step["person"]) for step in whole["steps"]] == [
        ("explain", "A. Bekova"),
        ("dispute", "A. Bekova"),
        ("uphold", "N. Serikov"),
        ("close", "N. Serikov"),
    ]
    assert whole["steps"][1]["document_sha256"] == hashlib.sha256(b"%PDF").hexdigest()
    assert "disputed: A. Bekova (licensee): the reserve came in [letter 17" in (
        run("finding", directory, 1).stdout
    )
    assert [each["finding"] for each in run_json("findings", directory, "--open")] == [2]


def test_a_dispute_past_the_policys_days_is_refused(world: World, directory: Path) -> None:
    """The finding of this test is known since 2026-11-23."""
    world.registry.record([POLICY.model_copy(update={"dispute_days": 1})], bytes(32), NOW_MS)
    with world.engine.begin() as connection:
        findings.keep(connection, Finding(Code.UNREAD, "a", 1, 2, {"site": "a"}))
        findings.note_opened(connection, 86_400_000)
    refused = run("dispute", directory, 3, *BY, *LETTER, code=2)
    assert "the 1 days (dispute_days of the policy)" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("finding", 99), "there is no finding 99"),
        (("finding", -1), "there is no finding -1"),
        (("finding", 10**30), "there is no finding"),
        (("close", 99, *OPERATOR), "there is no finding 99"),
        (("dispute", 1, *BY), "--reference"),
        (("close", 1, "--by", " ", "--reason", "x"), "--by"),
        (("close", 1, "--by", "x", "--reason", ""), "--reason"),
        (("explain", 1, *BY, "--document", "/nowhere"), "--document /nowhere"),
        (("findings", "--code", "site.nothing"), "there is no such code; there are site.unread"),
        (("findings", "--since", "yesterday"), "is no day and no time"),
        (("findings", "--lang", "de"), "--lang de: it is one of en, ru, kk"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(
    directory: Path, arguments: tuple[object, ...], says: str
) -> None:
    verb, *rest = arguments
    options = ["--", *rest] if verb == "finding" else rest
    refused = run(verb, directory, *options, code=2)
    assert says in refused.stderr
    assert [each["state"] for each in run_json("findings", directory)] == ["open", "open"]


def test_json_is_json_in_any_language(directory: Path) -> None:
    said = run("findings", directory, "--lang", "kk", "--json").stdout
    assert "лимитінде" in json.loads(said)[0]["text"]
