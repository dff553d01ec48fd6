"""What the running collector does of its checkpoints: signs them, and hands them out."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

import structlog

from collector.cli.guarding import RETRY_S
from collector.ledger.checkpoints import Checkpoints, InconsistentError
from collector.registry.store import Registry
from collector.storage.leadership import Duties

log = structlog.get_logger()

DUTY = "checkpoints"
_TOPIC = "esep/v1/checkpoint"


class Publish(Protocol):
    """Whether the broker took it."""

    def __call__(self, topic: str, payload: bytes, *, retain: bool = False) -> bool: ...


class Signing:
    def __init__(
        self,
        checkpoints: Checkpoints,
        registry: Registry,
        duties: Duties,
        publish: Publish,
        now_ms: Callable[[], int],
    ) -> None:
        self._checkpoints = checkpoints
        self._registry = registry
        self._duties = duties
        self._publish = publish
        self._now_ms = now_ms
        self._signed_frames = 0
        self._unpublished: deque[bytes] = deque()

    def sign(self) -> float:
        """Sign the tree if it grew; seconds until the next time."""
        if not self._duties.has(DUTY):
            return RETRY_S
        signed = None
        try:
            signed = self._checkpoints.sign(self._now_ms())
        except InconsistentError as error:  # until a person sees to it
            log.error("checkpoint.refused", text=str(error))
        if signed is not None and signed[0] > self._signed_frames:
            self._signed_frames, message = signed
            self._unpublished.append(message)
            log.info("checkpoint.signed", frames=self._signed_frames)
        return float(self._registry.view().policy.checkpoint_s)

    def publish(self) -> None:
        if not self._duties.has(DUTY):
            self._unpublished.clear()  # another's is newer
        while self._unpublished:
            if not self._publish(_TOPIC, self._unpublished[0], retain=True):
                return
            self._unpublished.popleft()
