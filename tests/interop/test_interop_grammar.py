"""A CDDL validator finds in docs/wire-format.cddl what the vectors say of the messages' shape."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
GRAMMAR = ROOT / "docs" / "wire-format.cddl"
KINDS = (
    "frames", "commands", "receipts", "configurations", "certificates", "enrolments", "checkpoints",
    "schedules", "bundles", "work_orders",
)  # fmt: skip
MISSHAPEN = ("malformed", "wrong_shape")
NOT_SAID_BY_A_GRAMMAR = ("too_long", "not_canonical")


def test_the_grammar_describes_the_vectors(judge: Callable[..., Any]) -> None:
    files = [ROOT / "tests" / "vectors" / f"{kind}.json" for kind in KINDS]
    verdicts = judge("grammar.py", GRAMMAR, *files)
    for file in files:
        expected = {
            vector["name"]: vector["expect"] not in MISSHAPEN
            for vector in json.loads(file.read_text("utf-8"))["vectors"]
            if vector["expect"] not in NOT_SAID_BY_A_GRAMMAR
        }
        found = {name: fits for name, fits in verdicts[str(file)].items() if name in expected}
        assert found == expected
        assert set(expected.values()) == {True, False}
