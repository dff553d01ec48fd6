"""cwt agrees on every signature. It does not ask for a low s: that rule is Esep's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIGNATURES = Path(__file__).parents[1] / "vectors" / "signatures.json"


def test_cwt_agrees_on_every_signature(judge: Callable[..., Any]) -> None:
    vectors = json.loads(SIGNATURES.read_text("utf-8"))["vectors"]
    expected = {vector["name"]: vector["expect"] in ("ok", "high_s") for vector in vectors}
    assert judge("signatures.py", SIGNATURES) == expected
    assert set(expected.values()) == {True, False}
