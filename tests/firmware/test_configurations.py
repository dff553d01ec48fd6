"""The gateway judges configurations as tests/vectors say, the longest too, in a heap of 64 KiB."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import assume, given
from hypothesis import settings as examples
from hypothesis import strategies as st

Ask = Callable[..., Any]
Vector = dict[str, Any]

CONTENT = json.loads((Path(__file__).parents[1] / "vectors/configurations.json").read_text())
CONTEXT = CONTENT["context"]


@pytest.fixture(scope="module")
def judge(
    start_device: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[bytes, Vector], Any]:
    """What the gateway makes of a message in a context."""
    path = tmp_path_factory.mktemp("configurations") / "message"
    device = start_device("configurations", str(path))

    def judging(message: bytes, context: Vector) -> Any:
        path.write_bytes(message)
        root = context["root_x"] + context["root_y"]
        return device.ask("judge", root, context["now_ms"], context["clock"], context["gateway"])

    return judging


@pytest.mark.parametrize("vector", CONTENT["vectors"], ids=lambda vector: vector["name"])
def test_vectors(judge: Callable[[bytes, Vector], Any], vector: Vector) -> None:
    message = bytes.fromhex(vector["message"])
    answer = judge(message, CONTEXT | vector.get("context", {}))
    if vector["expect"] == "ok":
        meters = cbor2.loads(cbor2.loads(message).value[2])[8]
        assert answer == [vector["hash"], [meter[0] for meter in meters]]
    else:
        assert f"configuration.cose is refused ({vector['expect']})" in answer


PLAIN = bytes.fromhex(CONTENT["vectors"][0]["message"])
REASONS = ("malformed", "not_canonical", "wrong_shape", "bad_signature", "high_s")


@examples(max_examples=150, deadline=None)
@given(st.integers(0, len(PLAIN) - 1), st.binary(max_size=3), st.integers(0, 4))
def test_another_byte_anywhere_is_refused(
    judge: Callable[[bytes, Vector], Any], at: int, there: bytes, instead_of: int
) -> None:
    changed = PLAIN[:at] + there + PLAIN[at + instead_of :]
    assume(changed != PLAIN)
    answer = judge(changed, CONTEXT)
    assert any(f"configuration.cose is refused ({reason})" in answer for reason in REASONS)
