"""The label of a gateway's housing: the PDF says in words what its code says."""

from pathlib import Path

import pdfplumber
import pytest
from typer.testing import CliRunner

from collector.evidence.cose import ContentType, seal
from collector.evidence.keys import PrivateKey
from collector.evidence.work_order import Enrolled
from technician.cli import app
from technician.label import code_text


@pytest.fixture
def key() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture
def enrolment(tmp_path: Path, key: PrivateKey) -> Path:
    body = {0: 1, 1: key.public.cose_key(), 2: "bench"}
    message = seal(key, ContentType.ENROLMENT, body)
    file = tmp_path / "enrolment.json"
    proof = key.sign(b"esep request\x00request")
    file.write_bytes(Enrolled(b"order", message, b"request", proof).file())
    return file


def label(enrolment: Path, out: Path) -> int:
    words = ["label", str(enrolment), "--out", str(out)]
    return CliRunner().invoke(app, words).exit_code


def test_it_has_the_gateways_id_and_the_thumbprint_of_its_key(
    tmp_path: Path, key: PrivateKey, enrolment: Path
) -> None:
    assert label(enrolment, tmp_path / "label.pdf") == 0
    with pdfplumber.open(tmp_path / "label.pdf") as document:
        (page,) = document.pages
        words = "".join(page.extract_text().split())
        dark = len(page.rects)
        assert all(word["x1"] < page.width for word in page.extract_words())
    thumbprint = key.public.thumbprint.hex()
    assert f"gateway{thumbprint[:16]}key{thumbprint}" in words
    assert dark > 400  # modules of a code that holds 69 characters
    assert (tmp_path / "label.png").read_bytes().startswith(b"\x89PNG")
    assert code_text(key.public.thumbprint) == f"ESEP:{thumbprint.upper()}"


def test_nothing_is_written_over_and_no_forged_enrolment_is_printed(
    tmp_path: Path, enrolment: Path
) -> None:
    (tmp_path / "there.png").write_bytes(b"")
    assert label(enrolment, tmp_path / "there.pdf") == 2
    text = enrolment.read_text()
    at = text.index("enrolment") + 200
    enrolment.write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :])
    assert label(enrolment, tmp_path / "forged.pdf") == 2
    assert not (tmp_path / "forged.pdf").exists()
