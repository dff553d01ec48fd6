"""docs/findings.md holds what the program holds."""

from findings_tables import DOCUMENT, filled, tables

from collector.model.records import Policy


def test_the_tables_are_the_programs() -> None:
    """After a change: python tests/collector/findings_tables.py"""
    document = DOCUMENT.read_text()
    assert all(f"<!-- {name} -->" in document for name in tables())
    assert filled(document, tables()) == document


def test_the_thresholds_are_as_documented() -> None:
    document = DOCUMENT.read_text()
    for name in ("storm_sites", "storm_window_s"):
        assert f"`{name}` ({Policy.model_fields[name].default})" in document
