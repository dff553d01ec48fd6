"""Every verb of `esep collector`, and every threshold of its alarms, is in the documents."""

import re

import pytest
from evidence_world import REPOSITORY
from typer.main import get_command

from collector.cli.collector import app
from collector.model.records import Policy

OPERATIONS = (REPOSITORY / "docs" / "operations.md").read_text()
METRICS = (REPOSITORY / "docs" / "metrics.md").read_text()


@pytest.mark.parametrize("verb", sorted(get_command(app).commands))  # type: ignore[attr-defined]
def test_a_verb_is_explained(verb: str) -> None:
    assert re.search(rf"`{verb} |esep collector {verb} ", OPERATIONS), verb


def test_the_thresholds_are_as_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", METRICS, re.MULTILINE)
    assert len(rows) == 4
    for name, default in rows:
        assert Policy.model_fields[name].default == int(default)
