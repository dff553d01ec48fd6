"""The auditor judges every curtailment certificate of the vectors, and names the same field."""

import json
from pathlib import Path
from typing import Any

import pytest

from auditor import curtailment
from auditor.exhibits import WrongField
from auditor.keys import PublicKey

FILE = Path(__file__).parents[1] / "vectors" / "curtailments.json"
DOCUMENT: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
ROOT = PublicKey(*(bytes.fromhex(DOCUMENT["context"][name]) for name in ("root_x", "root_y")))


@pytest.mark.parametrize("vector", DOCUMENT["vectors"], ids=lambda vector: vector["name"])
def test_a_certificate_is_judged_as_the_vectors_say(vector: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "certificate.json"
    file.write_bytes(bytes.fromhex(vector["message"]))
    document = curtailment.read_certificate(file)
    if vector["expect"] == "ok":
        assert curtailment.judge(document, ROOT)
        return
    with pytest.raises(WrongField) as found:
        curtailment.judge(document, ROOT)
    assert found.value.path == vector["expect"]
