"""Curtailment certificates (docs/verification.md): every field against the bytes that say it."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from auditor import cose
from auditor.commands import COMMAND
from auditor.exhibits import Evidence, WrongField, octets_of, read_evidence, refusing, same
from auditor.frames import COMMAND_EVENT, EVENT, HASH, ORDER_ID, UINT
from auditor.keys import PublicKey
from auditor.measured import judge_duration, judge_measured
from auditor.operator_messages import VERSION, check_operator
from auditor.refusal import Refusal
from auditor.shape import mapping

CURTAILMENT = mapping({0: VERSION, 1: HASH, 2: ORDER_ID, 3: UINT})
STAGE_EVENT = 5
ACTIONS = {"open": 1, "release": 2, "limit": 4}
PHASES = {"received": 1, "applied": 2, "refused": 3, "failed": 4, "restored": 5}


class CertificateError(Exception):
    """The file is no certificate; the text says why."""


def read_certificate(path: Path) -> dict[str, Any]:
    """Raises CertificateError, OSError."""
    content = path.read_bytes()
    try:
        document: dict[str, Any] = json.loads(content)
        if set(document) != {"certificate", "signature"}:
            raise CertificateError(f"{path}: not the fields of a certificate")
        if document["certificate"]["kind"] != "esep.curtailment":
            raise CertificateError(f"{path}: it certifies no curtailment")
        if document["certificate"]["version"] != 1:
            raise CertificateError(f"{path}: of another version than this program reads")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise CertificateError(f"{path}: not a certificate: {error}") from None
    if _canonical(document) + b"\n" != content:
        document["is_canonical"] = False
    return document


def judge(document: dict[str, Any], root: PublicKey) -> list[str]:
    """What it proves, in words; raises WrongField with the first field that does not hold."""
    certificate = document["certificate"]
    try:
        evidence = read_evidence(certificate["evidence"], root)
        for place, part in enumerate(certificate["parts"]):
            _judge_part(f"parts[{place}]", part, certificate, evidence)
        if unused := evidence.frames.keys() - evidence.used:
            raise WrongField(f"evidence.frames.{min(unused)}", "nothing in the certificate uses it")
    except (
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        ArithmeticError,
    ) as error:
        raise WrongField("certificate", f"not of its form: {error!r}") from None
    _judge_signature(document, root)
    return _said(certificate, evidence)


def _canonical(document: Any) -> bytes:
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _judge_signature(document: dict[str, Any], root: PublicKey) -> None:
    certificate = document["certificate"]
    if not document.get("is_canonical", True):
        raise WrongField("certificate", "its text is not the canonical one that was signed")
    try:
        message = cose.read_certified(
            bytes.fromhex(document["signature"]), "curtailment", CURTAILMENT
        )
        check_operator(message, "orders", message.body[3], root)
    except (Refusal, ValueError, TypeError) as error:
        raise WrongField("signature", str(error)) from None
    if message.body[1] != sha256(_canonical(certificate)).digest():
        raise WrongField("signature", "the operator signed another text: some field was changed")
    same("order.id", certificate["order"]["id"], message.body[2].hex())
    same("issued_ms", certificate["issued_ms"], message.body[3])


def _judge_part(
    path: str, part: dict[str, Any], certificate: dict[str, Any], evidence: Evidence
) -> None:
    order = certificate["order"]["id"]
    counters = set()
    for place, said in enumerate(part["commands"]):
        _judge_command(f"{path}.commands[{place}]", said, part, certificate, evidence)
        counters.add(said["counter"])
    for place, said in enumerate(part["acknowledgements"]):
        here = f"{path}.acknowledgements[{place}]"
        record = _event(here, said, part, COMMAND_EVENT, evidence)
        detail = record[3]
        same(f"{here}.order", order, detail[0].hex())
        same(f"{here}.counter", said["counter"], detail[1])
        same(f"{here}.phase", PHASES.get(said["phase"]), detail[2])
        same(f"{here}.reason", said["reason"], detail.get(3))
        if detail[1] not in counters:
            raise WrongField(f"{here}.counter", "no command in the certificate has it")
    for place, said in enumerate(part["contacts"]):
        here = f"{path}.contacts[{place}]"
        detail = _event(here, said, part, STAGE_EVENT, evidence)[3]
        same(f"{here}.stage", said["stage"], detail[0])
        same(f"{here}.is_closed", said["is_closed"], bool(detail[1]))
        same(f"{here}.cause", said["cause"], detail[2])
    for place, said in enumerate(part["measured"]):
        if "meters" in said:
            judge_measured(f"{path}.measured[{place}]", said, part, certificate, evidence)
        elif said["result"] != "unverifiable":
            raise WrongField(f"{path}.measured[{place}].result", "nothing was measured")
    judge_duration(path, part)


def _judge_command(
    path: str,
    said: dict[str, Any],
    part: dict[str, Any],
    certificate: dict[str, Any],
    evidence: Evidence,
) -> None:
    def read() -> cose.Message:
        message = cose.read_certified(octets_of(said, "message"), "command", COMMAND)
        check_operator(message, "orders", message.body[3], evidence.root)
        return message

    body = refusing(f"{path}.message", read).body
    if type(body[1]) is str:
        _judge_zone(path, said, part, body, evidence)
    else:
        same(f"{path}.target", part["gateway"], body[1].hex())
        same(f"{path}.stages", said["stages"], body.get(7, []))
    same("order.id", certificate["order"]["id"], body[5].hex())
    for name, key in (("counter", 2), ("issued_ms", 3), ("expires_ms", 4), ("until_ms", 8)):
        same(f"{path}.{name}", said[name], body.get(key))
    same(f"{path}.action", ACTIONS.get(said["action"]), body[6])
    same(f"{path}.power_w", said.get("power_w"), body.get(12))
    same(f"{path}.power_w", said.get("power_w"), part.get("cap_w"))
    if not set(said["stages"]) <= set(part["stages"]):
        raise WrongField(f"{path}.stages", "they are not among the part's")
    same("order.reason", certificate["order"]["reason"], body.get(11))
    authority = body.get(10, b"").hex()
    same("authority.document_sha256", certificate["authority"]["document_sha256"], authority)


def _judge_zone(
    path: str, said: dict[str, Any], part: dict[str, Any], body: dict[int, Any], evidence: Evidence
) -> None:
    """One message for a zone names no stages: it is for all that a gateway there has."""
    there = [
        configuration
        for configuration in evidence.configurations.values()
        if configuration[1].hex() == part["gateway"] and configuration[5] == body[1]
    ]
    if not there:
        why = f"it is for zone {body[1]!r}, and no configuration says that the gateway is there"
        raise WrongField(f"{path}.target", why)
    meant = [sorted(stage[0] for stage in configuration[9]) for configuration in there]
    if 7 in body or sorted(said["stages"]) not in meant:
        raise WrongField(f"{path}.stages", "they are not all that the gateway has")


def _event(
    path: str, said: dict[str, Any], part: dict[str, Any], code: int, evidence: Evidence
) -> Any:
    frame, record = evidence.record(path, said["position"], said["record"])
    same(f"{path}.gateway", part["gateway"], frame.gateway.hex())
    if record[0] != EVENT or record[2] != code:
        raise WrongField(path, "the record is another one")
    same(f"{path}.at_ms", said["at_ms"], record[1])
    return record


def _of_what(part: dict[str, Any]) -> str:
    cap_w = part.get("cap_w")
    return "at the stages" if cap_w is None else f"of at most {cap_w} W that were ordered"


def _said(certificate: dict[str, Any], evidence: Evidence) -> list[str]:
    order = certificate["order"]
    lines = [f"Order {order['id']}: {order['reason']}, {order['result'] or 'not verified'}"]
    for part in certificate["parts"]:
        gateway = part["gateway"]
        keys = evidence.keys.get(bytes.fromhex(gateway), set())
        lines.append(f"Site {part['site']}, gateway {gateway}: {part['result'] or part['step']}")
        lines += [
            f"  its key {key.hex()}: compare it with the enrolment's paper" for key in sorted(keys)
        ]
        lines += [
            f"  {each['stage_before_w']} W before, {each['stage_after_w']} W after"
            f" {_of_what(part)};"
            f" {each['boundary_drop_w']} W less at the boundary: {each['result']}"
            for each in part["measured"]
            if "meters" in each
        ]
    lines.append(f"{len(evidence.frames)} frames are in the tree that the operator signed")
    return lines
