"""Why a message is not evidence (docs/wire-format.md §1)."""

from enum import StrEnum


class Reason(StrEnum):
    """Stable codes; their words are in docs/wire-format.md and docs/operations.md."""

    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    NOT_CANONICAL = "not_canonical"
    WRONG_SHAPE = "wrong_shape"
    HIGH_S = "high_s"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_GATEWAY = "unknown_gateway"
    KEY_NOT_VALID = "key_not_valid"
    TOPIC_MISMATCH = "topic_mismatch"
    WRONG_IMAGE = "wrong_image"


class EvidenceError(Exception):
    """A message was refused; `reason` is stable, the text is for a person."""

    def __init__(self, reason: Reason, text: str) -> None:
        super().__init__(text)
        self.reason = reason
