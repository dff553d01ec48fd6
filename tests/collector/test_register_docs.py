"""docs/registry.md names each kind with its fields, as the classes have them."""

import re
from pathlib import Path

import pytest

from collector.model.records import KINDS
from collector.registry.columns import LAST_DAY, columns

DOCS = (Path(__file__).parents[2] / "docs/registry.md").read_text()
ROW = re.compile(r"\| `(\w+)` \| (.+?)( \(needed\))? \| (.+) \|")


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_described_as_it_is(kind: str) -> None:
    [section] = [part for part in DOCS.split("\n### ") if part.startswith(f"{kind}\n")]
    rows = [found.groups() for found in map(ROW.fullmatch, section.splitlines()) if found]
    fields = KINDS[kind].model_fields
    assert [(name, form, bool(needed)) for name, form, needed, _ in rows] == [
        (
            column.name,
            column.form,
            column.name != LAST_DAY and fields[column.field].is_required(),
        )
        for column in columns(KINDS[kind])
    ]


def test_no_kind_is_described_that_is_none() -> None:
    assert re.findall(r"^### (\w+)$", DOCS, re.MULTILINE) == list(KINDS)
