"""How long a journal lasts: the figures in the documents are those that the command gives."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from technician.cli import app
from technician.journal_plan import Ring

DOCS = Path(__file__).parents[2] / "docs"


def command(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["journal-plan", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_documents_have_the_figures() -> None:
    assert command("eastron-sdm630") in (DOCS / "journal.md").read_text()


def test_more_meters_fill_it_sooner() -> None:
    assert "| 16 MB | 8192 KiB | 60 s | 70 days |" in command("eastron-sdm630", "--meters", "8")
    assert "| 16 MB | 8192 KiB | 60 s | 24 days |" in command("eastron-sdm630", "--meters", "32")


def test_an_unknown_profile_is_named() -> None:
    result = CliRunner().invoke(app, ["journal-plan", "abacus"])
    assert result.exit_code == 2
    assert "no profile abacus" in result.output


@pytest.mark.parametrize(
    ("partition_kib", "segments", "segment_kib"), [(576, 35, 8), (8192, 63, 64), (64, 3, 8)]
)
def test_a_ring_has_few_segments(partition_kib: int, segments: int, segment_kib: int) -> None:
    assert Ring.of(partition_kib) == Ring(segments, segment_kib * 1024)
