"""docs/failures.md names a test for each failure: they must be there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = [
    line.split("|")[1:-1]
    for line in (ROOT / "docs/failures.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| what fails")
]


def test_each_failure_has_a_test_that_exists() -> None:
    source = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    written = set(re.findall(r"^def (test_\w+)\(", source, re.MULTILINE))
    named = {row[0].strip(): set(re.findall(r"`(test_\w+)`", row[2])) for row in ROWS}
    assert len(named) == len(ROWS) > 15
    assert {failure for failure, tests in named.items() if not tests} == set()
    assert set().union(*named.values()) - written == set()
