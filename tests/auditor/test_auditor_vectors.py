"""The auditor judges every vector of what it reads, and each for the reason given there."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor import cbor, cose
from auditor.chains import Chains
from auditor.checkpoints import check_tree, read_checkpoint
from auditor.commands import read_command
from auditor.configurations import read_configuration
from auditor.key_events import KeyEvents
from auditor.keys import PublicKey
from auditor.merkle import Tree
from auditor.operator_messages import read_certificate
from auditor.refusal import Refusal
from auditor.register import Register
from auditor.schedules import read_schedule
from auditor.verify import verify_frame

VECTORS = Path(__file__).parents[1] / "vectors"


def document(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return content


FRAMES, CHAINS, COMMANDS, CONFIGURATIONS, CERTIFICATES, CHECKPOINTS, SCHEDULES = (
    document(name)
    for name in (
        "frames",
        "chains",
        "commands",
        "configurations",
        "certificates",
        "checkpoints",
        "schedules",
    )
)


def named(vectors: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in vectors]


def root_of(context: dict[str, str]) -> PublicKey:
    return PublicKey(bytes.fromhex(context["root_x"]), bytes.fromhex(context["root_y"]))


def as_json(item: Any) -> Any:
    """The form in which the vectors write a payload."""
    if isinstance(item, bytes):
        return f"h'{item.hex()}'"
    if isinstance(item, list):
        return [as_json(element) for element in item]
    if isinstance(item, dict):
        return {str(key): as_json(value) for key, value in item.items()}
    return item


def payload_of(message: bytes) -> Any:
    tagged = cbor.read(message)
    assert isinstance(tagged, cbor.Tag)
    assert isinstance(tagged.content, list)
    payload = tagged.content[2]
    assert isinstance(payload, bytes)
    return cbor.read(payload)


def verdict(judge: Callable[[], object]) -> str:
    try:
        judge()
    except Refusal as refusal:
        return refusal.code
    return "ok"


@pytest.mark.parametrize("vector", named(FRAMES["vectors"]))
def test_frames(vector: dict[str, Any]) -> None:
    register = Register.from_json(FRAMES["context"]["register"])
    message = bytes.fromhex(vector["message"])
    assert verdict(lambda: verify_frame(message, register)) == vector["expect"]
    if vector["expect"] == "ok":
        frame = verify_frame(message, register)
        assert frame.message.hash.hex() == vector["hash"]
        assert as_json(frame.message.body) == vector["payload"]


@pytest.mark.parametrize("vector", named(CHAINS["vectors"]))
def test_chains(vector: dict[str, Any]) -> None:
    context = CHAINS["context"] | vector.get("context", {})
    register = Register.from_json(context["register"])
    chains, key_events = Chains(), KeyEvents(register)
    for encoded in vector["frames"]:
        frame = verify_frame(bytes.fromhex(encoded), register)
        chains.add(frame)
        key_events.add(frame)
    found = [
        [f.code, f.gateway.hex(), f.stream, f.epoch, f.first, f.last]
        for f in (*chains.findings(), *key_events.findings())
    ]
    assert sorted(found) == sorted(vector["findings"])
    assert (vector["expect"] == "ok") == (not found)


@pytest.mark.parametrize("vector", named(CONFIGURATIONS["vectors"]))
def test_configurations(vector: dict[str, Any]) -> None:
    context = CONFIGURATIONS["context"]
    message = bytes.fromhex(vector["message"])

    def judge() -> None:
        configuration = read_configuration(message, root_of(context))
        if configuration.gateway.hex() != context["gateway"]:
            raise Refusal("not_for_me", "the auditor takes the configurations of every gateway")

    assert verdict(judge) == vector["expect"]
    if vector["expect"] == "ok":
        assert as_json(payload_of(message)) == vector["payload"]


ANSWERED_BY_THE_GATEWAY = ("not_for_me", "replayed", "expired", "unknown_stage", "clock_unknown")
AT_ITS_OWN_TIME = {
    "certificate_ended": "ok",
    "certificate_ends_now": "ok",
    "certificate_begins_now": "bad_signature",
    "certificate_ended_clock_unknown": "bad_signature",
}
"""An auditor takes as now the time in the message, two seconds before the gateway's."""


@pytest.mark.parametrize("vector", named(COMMANDS["vectors"]))
def test_commands(vector: dict[str, Any]) -> None:
    root = root_of(COMMANDS["context"])
    expected = "ok" if vector["expect"] in ANSWERED_BY_THE_GATEWAY else vector["expect"]
    found = verdict(lambda: read_command(bytes.fromhex(vector["message"]), root))
    assert found == AT_ITS_OWN_TIME.get(vector["name"], expected)


@pytest.mark.parametrize("vector", named(SCHEDULES["vectors"]))
def test_schedules(vector: dict[str, Any]) -> None:
    root = root_of(SCHEDULES["context"])
    message = bytes.fromhex(vector["message"])
    expected = "ok" if vector["expect"] in ANSWERED_BY_THE_GATEWAY else vector["expect"]
    assert verdict(lambda: read_schedule(message, root)) == expected
    if vector["expect"] == "ok":
        assert read_schedule(message, root).hash.hex() == vector["hash"]
        assert as_json(payload_of(message)) == vector["payload"]


@pytest.mark.parametrize("vector", named(CERTIFICATES["vectors"]))
def test_certificates(vector: dict[str, Any]) -> None:
    context = CERTIFICATES["context"]

    def judge() -> None:
        certificate = read_certificate(bytes.fromhex(vector["message"]), root_of(context))
        if not certificate.not_before_ms <= context["now_ms"] < certificate.not_after_ms:
            raise Refusal("bad_signature", "the auditor judges dates with what was signed")

    assert verdict(judge) == vector["expect"]


@pytest.mark.parametrize("vector", named(CHECKPOINTS["vectors"]))
def test_checkpoints(vector: dict[str, Any]) -> None:
    tree = Tree()
    roots = {0: tree.root()}
    for leaf in CHECKPOINTS["context"]["leaves"]:
        tree.append(bytes.fromhex(leaf))
        roots[tree.size] = tree.root()
    root = root_of(CHECKPOINTS["context"])
    message = bytes.fromhex(vector["message"])
    assert verdict(lambda: check_tree(read_checkpoint(message, root), roots)) == vector["expect"]


@pytest.mark.parametrize("vector", named(document("signatures")["vectors"]))
def test_signatures(vector: dict[str, Any]) -> None:
    key = PublicKey(bytes.fromhex(vector["x"]), bytes.fromhex(vector["y"]))
    tagged: Any = cbor.read(bytes.fromhex(vector["message"]))
    protected, _, payload, signature = tagged.content
    header: Any = cbor.read(protected)
    signed = b"\x84\x6aSignature1" + cbor.byte_string(protected)
    signed += b"\x40" + cbor.byte_string(payload)
    message = cose.Message(b"", header[4], None, None, signature, signed)
    assert verdict(lambda: cose.check_signature(message, key)) == vector["expect"]
