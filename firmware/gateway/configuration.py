"""The signed configuration: read from the board, believed, and opened up into parts."""

import hashlib

from gateway import cose


class SetupError(Exception):
    """Something that a technician must put right before the gateway can start."""


class Configuration:
    """A verified configuration message (`configuration-body` of docs/wire-format.cddl)."""

    def __init__(self, body: dict, message_hash: bytes):
        self.hash = message_hash
        self.version = body[2]
        self.issued_ms = body[3]
        self.zone = body[5]
        self.interval_ms, self.sample_ms, self.frame_ms = body[6]
        self.buses = body[7]
        self.meters = body[8]
        self.stages = body[9]


async def load(board, trust, clock, gateway: bytes) -> Configuration:
    """Read configuration.cose. Raises SetupError."""
    message = board.read_setting("configuration.cose")
    if message is None:
        raise SetupError("there is no configuration.cose: have one issued and installed")
    try:
        body = await trust.accept(message, cose.CONFIGURATION, clock.known(), clock.now_ms())
    except cose.WireError as error:
        raise SetupError(
            "configuration.cose is refused (%s): have one issued by the operator whose root "
            "key is in root.pub" % error.reason
        )
    if body.get(1) != gateway:
        raise SetupError("configuration.cose is for another gateway; this one is " + gateway.hex())
    try:
        return Configuration(body, hashlib.sha256(message).digest())
    except (KeyError, TypeError, ValueError) as error:
        raise SetupError("configuration.cose lacks something: %r" % error)
