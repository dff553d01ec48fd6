"""The rules of estimation are a file: with numbers, dates and a hash."""

import hashlib
from pathlib import Path

import pytest
from collector_world import REAL, World
from interval_world import MISSING, Table, at
from meter_world import configure

from collector.intervals.closed.rules import DEFAULT, FILE_NAME, RulesError, read_rules

RULE = """
[[rule]]
number = 9
title = "in proportion to time"
case = "bridge"
method = "linear"
valid_from = "2024-01-01T00:00:00+06:00"
"""


def test_the_rules_that_come_with_the_program_can_be_read() -> None:
    rules = read_rules()
    assert [rule.number for rule in rules.rules] == [1, 2, 3, 4, 5]
    assert rules.sha256 == hashlib.sha256(DEFAULT.read_bytes()).digest()


def test_an_estimate_names_the_rule_and_the_hash_of_its_file(tmp_path: Path) -> None:
    world = World.make(tmp_path, REAL)
    configure(world)
    (tmp_path / FILE_NAME).write_text(RULE)
    meter = Table(world, read_rules(tmp_path))
    meter.lay_down({at(0): 0, at(1): 10, at(3): 30})
    meter.settle(at(3))
    found = {version.closed.rules: version.rules_sha256 for version in meter.versions()}
    assert found == {(): None, (9,): hashlib.sha256(RULE.encode()).digest()}


def test_a_rule_holds_from_its_date_until_its_end(tmp_path: Path) -> None:
    world = World.make(tmp_path, REAL)
    configure(world)
    ended = RULE + 'valid_until = "2026-11-23T14:10:00+05:00"\n'
    (tmp_path / FILE_NAME).write_text(ended)
    meter = Table(world, read_rules(tmp_path))
    meter.lay_down({at(0): 0, at(2): 20, at(4): 40})
    meter.settle(at(4))
    assert [closed.rules for closed in meter.stands().values()] == [(9,), (9,), (), ()]
    assert meter.energies()[2] == (MISSING, None)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (RULE + RULE, "one number"),
        (RULE.replace("linear", "parts"), "parts is no method of bridge"),
        (RULE.replace("linear", "guess"), "rule.0.method"),
        (RULE + 'causes = ["reset"]', "causes are given"),
        (RULE + "least_days = 3", "least_days"),
        (RULE.replace("+06:00", ""), "offset"),
        ("rule = 5", "rule"),
        ("[[rule", "estimation.toml"),
    ],
)
def test_a_wrong_file_is_told_and_not_used(tmp_path: Path, wrong: str, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(wrong)
    with pytest.raises(RulesError, match=text):
        read_rules(tmp_path)
