"""Reading a command as evidence: its shape is that of docs/wire-format.cddl."""

from typing import Any

from collector.evidence import shape
from collector.evidence.cose import ContentType
from collector.evidence.downlink import Action, Command, Role, trusted_payload
from collector.evidence.keys import PublicKey

_HEAD: dict[int, shape.Predicate] = {
    0: shape.span(1, 1),
    1: lambda target: shape.gateway_id(target) or shape.text(target),
    2: shape.seq,
    3: shape.unix_ms,
    4: shape.unix_ms,
    5: shape.order_id,
}
_GROUNDS: dict[int, shape.Predicate] = {10: shape.sha256, 11: shape.text}
_STAGES = shape.list_of(shape.stage_id, 1, 32)
_RAMP = shape.list_of(shape.uint, 2, 2)
_REQUIRED: dict[Action, dict[int, shape.Predicate]] = {
    Action.LIMIT: {8: shape.unix_ms, 12: shape.uint32},
}
_FIELDS: dict[Action, dict[int, shape.Predicate]] = {
    Action.OPEN: {7: _STAGES, 8: shape.unix_ms, 9: _RAMP},
    Action.RELEASE: {7: _STAGES, 9: _RAMP},
    Action.READ: {},
    Action.LIMIT: {7: _STAGES},
}


def _is_command(body: Any) -> bool:
    return any(
        shape.is_map(
            body,
            _HEAD | {6: shape.exactly(action)} | _REQUIRED.get(action, {}),
            fields | _GROUNDS,
        )
        for action, fields in _FIELDS.items()
    )


def read_command(message: bytes, root: PublicKey) -> Command:
    """A command that the operator signed, whether or not it has expired; raises EvidenceError."""
    body = trusted_payload(message, ContentType.COMMAND, Role.ORDERS, root, _is_command)
    return Command(
        target=body[1],
        counter=body[2],
        issued_ms=body[3],
        expires_ms=body[4],
        order=body[5],
        action=Action(body[6]),
        stages=tuple(body.get(7, ())),
        until_ms=body.get(8),
        ramp_ms=tuple(body[9]) if 9 in body else None,
        authority=body.get(10),
        reason=body.get(11),
        power_w=body.get(12),
    )
