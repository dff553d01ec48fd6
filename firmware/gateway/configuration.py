"""What the gateway is told to be: the signed configuration, and which version is in force."""

from micropython import const

IN_FORCE_CELL = "configuration"  # its hash
_VERSION_CELL = "configuration version"
_REFUSED_CELL = "configuration refused"  # its hash, and what is still to be told of it
_HASH_BYTES = const(32)


class SetupError(Exception):
    """Something that a technician must put right before the gateway can start."""


class Configuration:
    """A verified configuration message (`configuration-body` of docs/wire-format.cddl).

    Its meters can be taken once.
    """

    def __init__(self, body: dict, message_hash: bytes):
        self.hash = message_hash
        self.version = body[2]
        self.issued_ms = body[3]
        self.zone = body[5]
        self.interval_ms, self.sample_ms, self.frame_ms = body[6]
        self.buses = body[7]
        self.meters = body[8]
        self.stages = body[9]


def refusal(message_hash: bytes, reason: str) -> str:
    return "%s refused: %s" % (message_hash[:8].hex(), reason)


def refuse(journal, message_hash: bytes, reason: str) -> None:
    """Not to be taken again. Durable on return."""
    told = refusal(message_hash, reason).encode()
    journal.put_cell(_REFUSED_CELL, message_hash + told[:200])


def refused(journal) -> tuple:
    """(hash of the configuration that a start refused last, what is to be told of it)"""
    cell = journal.get_cell(_REFUSED_CELL) or b""
    return cell[:_HASH_BYTES], str(cell[_HASH_BYTES:], "utf-8")


def refusal_told(journal) -> None:
    journal.put_cell(_REFUSED_CELL, refused(journal)[0])


def check_version(journal, version: int) -> None:
    """Raises SetupError when a higher version was in force."""
    in_force = int.from_bytes(journal.get_cell(_VERSION_CELL) or b"", "big")
    if version < in_force:
        raise SetupError(
            "configuration.cose is refused: it is version %d, and version %d was in force; have "
            "one issued under a new version" % (version, in_force)
        )


def keep_version(journal, version: int) -> None:
    """The version is in force. Durable on return."""
    journal.put_cell(_VERSION_CELL, version.to_bytes(8, "big"))
