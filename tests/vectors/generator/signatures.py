"""signatures.json: messages of every kind with the key to judge the signature by, nothing else."""

from collections.abc import Iterable

from generator import checkpoints, commands, receipts
from generator.bad_signatures import bad_signatures
from generator.keys import (
    CHECKPOINTS,
    CONFIGURATION,
    GATEWAY_A,
    GATEWAY_A_SECOND,
    ORDERS,
    RECEIPTS,
    ROOT,
    Key,
)
from generator.messages import Body, Vector, certificate, certificate_body, good, sign
from generator.site import configuration_body, plain_body


def document() -> Vector:
    return {
        "kind": "signature",
        "what": "Messages, each with the key (x, y) under which its signature is to be judged.",
        "context": {},
        "vectors": [*_good(), *_bad()],
    }


def _good() -> Iterable[Vector]:
    kinds: list[tuple[str, Key, Body]] = [
        ("frame", GATEWAY_A, plain_body()),
        ("enrolment", GATEWAY_A, {0: 1, 1: GATEWAY_A.cose_key, 2: "ESP32"}),
        ("certificate", ROOT, certificate_body(ORDERS, "orders")),
        ("receipt", RECEIPTS, receipts.body()),
        ("command", ORDERS, commands.body()),
        ("configuration", CONFIGURATION, configuration_body()),
        ("checkpoint", CHECKPOINTS, checkpoints.checkpoint_body([])),
    ]
    roles = {
        RECEIPTS: "receipts",
        ORDERS: "orders",
        CONFIGURATION: "configuration",
        CHECKPOINTS: "checkpoints",
    }
    for kind, signer, body in kinds:
        carried = certificate(signer, roles[signer]) if signer in roles else None
        message = sign(signer, kind, body, certificate=carried)
        yield _under(signer, good(kind, f"A good {kind}.", message, body))
    for number in range(16):
        body = plain_body() | {4: 100 + number}
        message = sign(GATEWAY_A, "frame", body)
        yield _under(
            GATEWAY_A, good(f"frame_{number}", "One of several good frames.", message, body)
        )


def _bad() -> Iterable[Vector]:
    for vector in bad_signatures():
        yield _under(GATEWAY_A, vector)
    right = sign(GATEWAY_A, "frame", plain_body())
    yield _under(
        GATEWAY_A_SECOND,
        {
            "name": "another_key",
            "what": "A good frame under a key that did not sign it.",
            "message": right.encode().hex(),
            "expect": "bad_signature",
        },
    )


def _under(signer: Key, vector: Vector) -> Vector:
    return {**vector, "x": signer.x.hex(), "y": signer.y.hex()}
