"""docs/orders.md holds what the program holds."""

import re

from findings_tables import filled
from orders_tables import DOCUMENT, tables

from collector.cli.curtail import app
from collector.model.records import Policy
from collector.orders.choice.planning import CONFIDENCE


def test_the_tables_are_the_programs() -> None:
    """After a change: python tests/collector/orders_tables.py"""
    document = DOCUMENT.read_text()
    assert all(f"<!-- {name} -->" in document for name in tables())
    assert filled(document, tables()) == document


def test_the_thresholds_are_as_documented() -> None:
    document = DOCUMENT.read_text()
    for name, unit in (("one_person_sites", ""), ("max_operations", ""), ("handover_s", " s")):
        assert f"`{name}` ({Policy.model_fields[name].default}{unit})" in document


def test_every_verb_is_described() -> None:
    document = DOCUMENT.read_text()
    for command in app.registered_commands:
        assert command.callback is not None
        name = command.name or command.callback.__name__
        assert re.search(rf"`{name} DIR", document), name


def test_the_rule_of_a_target_is_as_documented() -> None:
    document = DOCUMENT.read_text()
    for name in ("overshoot_permille", "fairness_days"):
        assert f"`{name}` ({Policy.model_fields[name].default})" in document
    for level, fresh_permille, noise_permille in CONFIDENCE:
        share = "all" if fresh_permille == 1000 else f"{fresh_permille // 10} %"
        assert f"| `{level}` | {share} | at most {noise_permille // 10} % |" in document
