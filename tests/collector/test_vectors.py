"""The collector judges every shared vector as the wire format says."""

import json
from pathlib import Path
from typing import Any

import pytest

from collector.evidence.bundle import bundle_file, read_bundle_file
from collector.evidence.command import read_command
from collector.evidence.configuration import read_configuration
from collector.evidence.cose import ContentType, message_hash, parse
from collector.evidence.downlink import read_certificate, read_checkpoint, read_enrolment
from collector.evidence.errors import EvidenceError, Reason
from collector.evidence.frame import read_frame
from collector.evidence.keys import PublicKey
from collector.evidence.merkle import Frontier
from collector.evidence.schedule import read_schedule
from collector.evidence.work_order import read_work_order
from collector.intake.admission import Admission, Delivery
from collector.model.records import Bound, Gateway, GatewayKey, Timing
from collector.registry.view import View

VECTORS = Path(__file__).parents[1] / "vectors"


def load(name: str) -> list[Any]:
    file = json.loads((VECTORS / f"{name}.json").read_text())
    return [
        pytest.param(vector, file["context"] | vector.get("context", {}), id=vector["name"])
        for vector in file["vectors"]
    ]


def verdict(judge: Any, *arguments: Any) -> str:
    try:
        judge(*arguments)
    except EvidenceError as error:
        return str(error.reason)
    return "ok"


def root_of(context: dict[str, Any]) -> PublicKey:
    return PublicKey(bytes.fromhex(context["root_x"] + context["root_y"]))


def register_of(context: dict[str, Any]) -> View:
    keys: dict[str, list[GatewayKey]] = {}
    for entry in context["register"]:
        keys.setdefault(entry["gateway"], []).append(
            GatewayKey(
                x=entry["x"],
                y=entry["y"],
                start=Bound(**entry["from"]),
                end=None if entry["until"] is None else Bound(**entry["until"]),
            )
        )
    timing = Timing(interval_ms=900_000, sample_ms=10_000, frame_ms=60_000)
    return View(
        Gateway(id=gateway, keys=tuple(entries), site="any", buses=(), timing=timing)
        for gateway, entries in keys.items()
    )


@pytest.mark.parametrize(("vector", "context"), load("frames"))
def test_a_frame_is_judged_as_written_down(vector: Any, context: Any) -> None:
    message = bytes.fromhex(vector["message"])
    view = register_of(context)
    admission = Admission(view.knows, view.gateway_key)
    # every topic that could be the frame's own; under a wrong one only what is worse than a
    # mismatch may still be said of it
    topics = [f"esep/v1/{name}/frame" for name in (*gateways(context), claimed(message))]
    outcomes = [verdict(admission.judge, Delivery.of(topic, message)) for topic in topics]
    assert set(outcomes) <= {vector["expect"], "topic_mismatch"}
    assert vector["expect"] in outcomes
    if vector["expect"] == "ok":
        assert message_hash(message).hex() == vector["hash"]


def test_every_reason_of_a_frame_has_its_vector() -> None:
    """Else a judge that only ever says one of them would pass."""
    expected = {vector.values[0]["expect"] for vector in load("frames")}
    assert expected >= set(Reason) - {Reason.TOPIC_MISMATCH, Reason.WRONG_IMAGE} | {"ok"}


def gateways(context: dict[str, Any]) -> list[str]:
    return sorted({entry["gateway"] for entry in context["register"]})


def claimed(message: bytes) -> str:
    """The gateway that a frame names, if it can be read."""
    try:
        return read_frame(message)[1].gateway.hex()
    except EvidenceError:
        return "none"


def for_a_collector(name: str) -> list[Any]:
    """Without those that only a gateway can judge, by its own name or its own clock."""
    now_ms = json.loads((VECTORS / f"{name}.json").read_text())["context"]["now_ms"]
    return [
        entry
        for entry in load(name)
        if entry.values[0]["expect"] != "not_for_me" and entry.values[1]["now_ms"] == now_ms
    ]


@pytest.mark.parametrize(("vector", "context"), for_a_collector("configurations"))
def test_a_configuration_is_judged_as_written_down(vector: Any, context: Any) -> None:
    outcome = verdict(read_configuration, bytes.fromhex(vector["message"]), root_of(context))
    assert outcome == vector["expect"]


@pytest.mark.parametrize(("vector", "context"), load("bundles"))
def test_a_bundle_is_judged_as_written_down(vector: Any, context: Any) -> None:
    message, image = bytes.fromhex(vector["message"]), bytes.fromhex(context["image"])
    file = bundle_file(message, image)
    assert verdict(read_bundle_file, file, root_of(context)) == vector["expect"]
    if vector["expect"] == "ok":
        assert read_bundle_file(file, root_of(context))[1] == image


@pytest.mark.parametrize(("vector", "context"), load("work_orders"))
def test_a_work_order_is_judged_as_written_down(vector: Any, context: Any) -> None:
    message = bytes.fromhex(vector["message"])
    assert verdict(read_work_order, message, root_of(context)) == vector["expect"]


ANSWERED_BY_THE_GATEWAY = {"not_for_me", "replayed", "expired", "unknown_stage", "clock_unknown"}
OF_ITS_OWN_TIME = {"certificate_ended": "ok", "certificate_ends_now": "ok"} | dict.fromkeys(
    ("certificate_begins_now", "certificate_ended_clock_unknown"), "bad_signature"
)
"""Evidence is judged at the time in the message, two seconds before the gateway's."""


@pytest.mark.parametrize(("vector", "context"), load("commands"))
def test_a_command_is_judged_as_written_down(vector: Any, context: Any) -> None:
    """As evidence: whether the gateway then obeys is another question."""
    outcome = verdict(read_command, bytes.fromhex(vector["message"]), root_of(context))
    expected = "ok" if vector["expect"] in ANSWERED_BY_THE_GATEWAY else vector["expect"]
    assert outcome == OF_ITS_OWN_TIME.get(vector["name"], expected)


@pytest.mark.parametrize(("vector", "context"), load("schedules"))
def test_a_schedule_is_judged_as_written_down(vector: Any, context: Any) -> None:
    message, root = bytes.fromhex(vector["message"]), root_of(context)
    expected = "ok" if vector["expect"] in ANSWERED_BY_THE_GATEWAY else vector["expect"]
    assert verdict(read_schedule, message, root) == expected
    if vector["expect"] == "ok":
        assert (
            parse(message, ContentType.SCHEDULE).payload == read_schedule(message, root).payload()
        )


@pytest.mark.parametrize(("vector", "context"), load("certificates"))
def test_a_certificate_is_judged_as_written_down(vector: Any, context: Any) -> None:
    def judge(message: bytes) -> None:
        _, _, not_before_ms, not_after_ms = read_certificate(message, root_of(context))
        if context["clock"] != "U" and not not_before_ms <= context["now_ms"] < not_after_ms:
            raise AssertionError

    try:
        outcome = verdict(judge, bytes.fromhex(vector["message"]))
    except AssertionError:
        outcome = "bad_signature"
    assert outcome == vector["expect"]


@pytest.mark.parametrize(("vector", "context"), load("enrolments"))
def test_an_enrolment_is_judged_as_written_down(vector: Any, context: Any) -> None:
    assert verdict(read_enrolment, bytes.fromhex(vector["message"])) == vector["expect"]


@pytest.mark.parametrize(("vector", "context"), load("checkpoints"))
def test_a_checkpoint_is_judged_as_written_down(vector: Any, context: Any) -> None:
    message = bytes.fromhex(vector["message"])
    root = root_of(context)
    outcome = verdict(read_checkpoint, message, root)
    if outcome == "ok":
        size, tree, _ = read_checkpoint(message, root)
        leaves = [bytes.fromhex(leaf) for leaf in context["leaves"][:size]]
        if size > len(leaves):
            outcome = "wrong_size"
        elif Frontier(leaves).root() != tree:
            outcome = "wrong_root"
    assert outcome == vector["expect"]


@pytest.mark.parametrize(("vector", "context"), load("signatures"))
def test_a_signature_is_judged_as_written_down(vector: Any, context: Any) -> None:
    def judge(message: bytes) -> None:
        for content_type in ContentType:
            if str(content_type).encode() in message[:64]:
                limit = 65536
                parse(message, content_type, limit).verify(
                    PublicKey(bytes.fromhex(vector["x"] + vector["y"]))
                )
                return
        raise AssertionError("a vector without a content type")

    assert verdict(judge, bytes.fromhex(vector["message"])) == vector["expect"]
