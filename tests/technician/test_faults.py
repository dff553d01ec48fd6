"""Each code that a technician can meet has its cure, in docs/technician.md too."""

import re
from pathlib import Path

from technician import diagnosis
from technician.faults import CURES, BagError, Code

DOCUMENT = Path(__file__).parents[2] / "docs" / "technician.md"


def test_every_code_has_a_cure() -> None:
    assert list(CURES) == list(Code)


def test_the_document_has_the_codes_and_their_cures() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d) \| (.+) \|$", text, re.MULTILINE)
    assert rows == [
        (str(code), str(BagError(code, "").exit_code), cure) for code, cure in CURES.items()
    ]


def test_the_document_has_each_finding_of_the_doctor() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([a-z]+) \| (.+) \|$", text, re.MULTILINE)
    assert rows == [
        (str(finding), severity.name.lower(), cure)
        for finding, (severity, cure) in diagnosis.CURES.items()
    ]


def test_an_error_says_what_happened_and_what_to_do() -> None:
    error = BagError(Code.NO_PORT, "no board is here")
    assert str(error) == f"no_port: no board is here\n  {CURES[Code.NO_PORT]}"
    assert error.as_json() == {
        "code": "no_port",
        "what": "no board is here",
        "cure": CURES[Code.NO_PORT],
    }
