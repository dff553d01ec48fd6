"""Commands, and whether one was issued for what a gateway says it was told (§6)."""

from dataclasses import dataclass

from auditor import cose
from auditor.configurations import Configuration
from auditor.frames import COMMAND_EVENT, COUNT, HASH, ORDER_ID, STAGE, UINT, Frame
from auditor.keys import PublicKey
from auditor.operator_messages import VERSION, check_operator
from auditor.refusal import Refusal
from auditor.shape import Shape, array, array_of, either, integer, mapping, octets, text

OPEN, RELEASE, READ, LIMIT = 1, 2, 3, 4
RECEIVED, APPLIED = 1, 2
STAGES = array_of(STAGE, 1, 32)
RAMP = array(UINT, UINT)


def _body(action: int, fields: dict[int, Shape], required: dict[int, Shape] | None = None) -> Shape:
    head = {0: VERSION, 1: either(octets(8), text), 2: COUNT, 3: UINT, 4: UINT, 5: ORDER_ID}
    return mapping(
        head | {6: integer(action, action)} | (required or {}), fields | {10: HASH, 11: text}
    )


COMMAND = either(
    _body(OPEN, {7: STAGES, 8: UINT, 9: RAMP}),
    _body(RELEASE, {7: STAGES, 9: RAMP}),
    _body(READ, {}),
    _body(LIMIT, {7: STAGES}, {8: UINT, 12: integer(0, 2**32 - 1)}),
)


@dataclass(frozen=True)
class Command:
    """What ties a command to a gateway's event; `target` is a gateway or the name of a zone."""

    target: bytes | str
    order: bytes
    counter: int


def read_command(encoded: bytes, root: PublicKey) -> Command:
    """Judged at the time it was issued; raises Refusal."""
    message = cose.read_certified(encoded, "command", COMMAND)
    body = message.body
    check_operator(message, "orders", body[3], root)
    return Command(body[1], body[5], body[2])


def check_commands(frame: Frame, issued: set[Command], configuration: Configuration) -> None:
    """Raises Refusal `unknown_command`: the gateway obeyed what is not in the folder."""
    for event in frame.events(COMMAND_EVENT):
        order, counter, phase = event[0], event[1], event[2]
        meant = {Command(target, order, counter) for target in (frame.gateway, configuration.zone)}
        if phase in (RECEIVED, APPLIED) and not meant & issued:
            raise Refusal("unknown_command", f"order {order.hex()}, counter {counter}")
