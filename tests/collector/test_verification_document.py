"""docs/verification.md holds what the program holds."""

import tomllib
from pathlib import Path

from findings_tables import filled
from verification_tables import DOCUMENT, tables

from collector.model.order import DropCause, DropResult
from collector.model.records import Policy
from collector.words.languages import LANGUAGES, has

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "real-market.toml"


def test_the_tables_are_the_programs() -> None:
    """After a change: python tests/collector/verification_tables.py"""
    document = DOCUMENT.read_text()
    assert all(f"<!-- {name} -->" in document for name in tables())
    assert filled(document, tables()) == document


def test_the_policys_figures_are_those_of_the_example() -> None:
    policy = Policy.model_validate(tomllib.loads(EXAMPLE.read_text())["policy"])
    document = DOCUMENT.read_text()
    for said in (
        f"`before_window_s` ({policy.before_window_s} s)",
        f"`min_samples` ({policy.min_samples})",
        f"`settle_s` ({policy.settle_s} s)",
    ):
        assert said in document


def test_every_result_and_cause_has_its_words() -> None:
    for language in LANGUAGES:
        assert all(has(language, f"drop_result-{each}") for each in DropResult)
        assert all(has(language, f"drop_cause-{each}") for each in DropCause)
