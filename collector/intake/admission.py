"""Every rule by which a message becomes a frame of the ledger."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from collector.evidence.cose import MAX_MESSAGE, message_hash
from collector.evidence.errors import EvidenceError, Reason
from collector.evidence.frame import Frame, read_frame
from collector.evidence.keys import PublicKey
from collector.ledger.ledger import Admitted

KeyLookup = Callable[[bytes, Frame], PublicKey | None]
"""Key-id and frame → the key, if the register holds it as valid for that frame."""

IsKnown = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came. Of one over the limit only the first bytes are kept.

    `topic` says where it came from. That of a file names no gateway, and proves nothing.
    """

    topic: str
    head: bytes
    size: int
    sha256: bytes
    is_from_file: bool = False

    @classmethod
    def of(cls, topic: str, payload: bytes) -> "Delivery":
        return cls(topic, payload[:MAX_MESSAGE], len(payload), message_hash(payload))

    @classmethod
    def of_file(cls, name: str, payload: bytes) -> "Delivery":
        return replace(cls.of(f"file:{name}", payload), is_from_file=True)


class Admission:
    """Judges a delivery by what it alone shows. No clock, no socket, no database.

    A frame is admitted when all of these hold, and else refused with the reason of the first
    that does not:

    - it is at most 4096 bytes (`too_long`);
    - it is well-formed CBOR with nothing after it (`malformed`), in deterministic encoding
      (`not_canonical`), shaped as docs/wire-format.cddl says (`wrong_shape`);
    - the gateway is registered (`unknown_gateway`), and the key it names is that gateway's and
      valid for its epoch and seq (`key_not_valid`);
    - the topic, if it came by one, names the gateway that the frame names (`topic_mismatch`);
    - s is low (`high_s`) and the signature verifies (`bad_signature`).

    Its clock, its order and its repetition are not judged here: such a frame is kept.
    """

    def __init__(self, is_known: IsKnown, key_of: KeyLookup) -> None:
        self._is_known = is_known
        self._key_of = key_of

    def judge(self, delivery: Delivery) -> Admitted:
        """Return the frame, or raise EvidenceError with the reason."""
        if delivery.size > MAX_MESSAGE:
            raise EvidenceError(Reason.TOO_LONG, f"{delivery.size} bytes")
        message, frame = read_frame(delivery.head)
        if not self._is_known(frame.gateway):
            raise EvidenceError(Reason.UNKNOWN_GATEWAY, frame.gateway.hex())
        key = self._key_of(message.kid, frame)
        if key is None:
            raise EvidenceError(Reason.KEY_NOT_VALID, f"{message.kid.hex()} for this frame")
        topic = f"esep/v1/{frame.gateway.hex()}/frame"
        if delivery.topic != topic and not delivery.is_from_file:
            raise EvidenceError(Reason.TOPIC_MISMATCH, delivery.topic)
        message.verify(key)
        return Admitted.of(delivery.head, delivery.sha256, frame)
