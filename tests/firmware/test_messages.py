"""The gateway judges signatures and encodings as tests/vectors say."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Ask = Callable[..., Any]

VECTORS = Path(__file__).parents[1] / "vectors"
TYPE = "application/vnd.esep."
LONGEST = 8192  # hex digits and decoded items of more do not fit in the heap together

OF_THE_ENCODING = {"too_long", "malformed", "not_canonical"}


@pytest.fixture(scope="module")
def ask(start_device: Callable[..., Any]) -> Ask:
    asking: Ask = start_device("signatures").ask
    return asking


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text())
    content["vectors"] = [
        vector for vector in content.get("vectors", []) if len(vector["message"]) <= 2 * LONGEST
    ]
    return content


def content_type(message: str) -> str:
    """The content type that the message itself names."""
    data = bytes.fromhex(message)
    start = data.index(TYPE.encode())
    return data[start : data.index(b"\x04\x48", start)].decode()


@pytest.mark.parametrize("vector", load("signatures")["vectors"], ids=lambda v: v["name"])
def test_signatures(ask: Ask, vector: dict[str, Any]) -> None:
    message = vector["message"]
    verdict = ask("judge", message, content_type(message), vector["x"] + vector["y"])
    assert verdict == vector["expect"]


@pytest.mark.parametrize("vector", load("frames")["vectors"], ids=lambda v: v["name"])
def test_encodings(ask: Ask, vector: dict[str, Any]) -> None:
    key = load("keys")["keys"][0]
    verdict = ask("judge", vector["message"], TYPE + "frame", key["x"] + key["y"])
    if vector["expect"] in OF_THE_ENCODING:
        assert verdict == vector["expect"]
    else:
        assert verdict not in OF_THE_ENCODING
