"""The gateway judges messages as tests/vectors say, but for the grammar of their bodies."""

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
BY_THE_MESSAGE = OF_THE_ENCODING | {"bad_signature", "high_s"}
WRONG_SHAPE_OUTSIDE_THE_BODY = {
    "certificate_missing",
    "certificate_of_another_type",
    "certificate_of_unknown_role",
    "receipt_as_command",
    "version_2",
}


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


@pytest.mark.parametrize(
    ("kind", "vector"),
    [
        pytest.param(kind, {"context": {}, **vector}, id=f"{kind}-{vector['name']}")
        for kind in ("command", "receipt", "configuration")
        for vector in load(kind + "s")["vectors"]
    ],
)
def test_what_the_operator_sends(ask: Ask, kind: str, vector: dict[str, Any]) -> None:
    context = load(kind + "s")["context"] | vector["context"]
    root = context["root_x"] + context["root_y"]
    known = context["clock"] != "U"
    ask("trust", root)
    for _ in range(2):  # the second time the certificate is known
        verdict = ask("accept", vector["message"], TYPE + kind, known, context["now_ms"])
        if vector["expect"] in BY_THE_MESSAGE:
            assert verdict == vector["expect"]
        elif vector["name"] in WRONG_SHAPE_OUTSIDE_THE_BODY:
            assert verdict == "wrong_shape"
        else:
            assert verdict == "ok"


def test_each_is_judged_by_itself_whatever_came_before(ask: Ask) -> None:
    commands = load("commands")
    ask("trust", commands["context"]["root_x"] + commands["context"]["root_y"])
    now_ms = commands["context"]["now_ms"]
    for vector in commands["vectors"]:
        if "context" not in vector and vector["expect"] in BY_THE_MESSAGE | {"ok"}:
            verdict = ask("accept", vector["message"], TYPE + "command", True, now_ms)
            assert verdict == vector["expect"], vector["name"]
