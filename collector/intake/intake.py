"""Batches of deliveries into the ledger; nothing is acknowledged before it is durable."""

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine

from collector.evidence.errors import EvidenceError
from collector.intake import quarantine
from collector.intake.admission import Admission, Delivery
from collector.intake.rotation import Rotation, is_key_event
from collector.ledger.ledger import Admitted, Ledger

log = structlog.get_logger()

BATCH = 500
QUEUE = 5000
_LINGER_S = 0.02


@dataclass(frozen=True, slots=True)
class Pending:
    delivery: Delivery
    acknowledge: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a batch: `added` of those admitted were not in the ledger yet."""

    admitted: list[Admitted]
    added: int
    refused: list[tuple[Delivery, EvidenceError]]

    @property
    def judged(self) -> int:
        return len(self.admitted) + len(self.refused)


class Intake:
    """Takes deliveries from a bounded queue: when it is full, the transport waits."""

    def __init__(
        self,
        engine: Engine,
        admission: Admission,
        now_ms: Callable[[], int],
        begin: Callable[[], None] = lambda: None,
    ) -> None:
        """`begin` is called before a batch is judged."""
        self._engine = engine
        self._admission = admission
        self._begin = begin
        self._ledger = Ledger(engine)
        self._rotation = Rotation(engine)
        self._now_ms = now_ms
        self.queue: queue.Queue[Pending] = queue.Queue(QUEUE)
        self._batch: list[Pending] = []
        self.frames = 0
        self.repeated = 0
        self.refused = 0

    def take(self, timeout_s: float) -> int:
        """Commit and acknowledge what waits, at most one batch; return its size.

        When the commit fails the batch is kept, and the next call takes it again: a broker does
        not deliver a second time over the same connection. A batch ends with a `key` event: what
        follows is judged by the register that it makes.
        """
        self._batch = self._batch or self._gather(timeout_s)
        if not self._batch:
            return 0
        kept = self.keep([pending.delivery for pending in self._batch])
        for delivery, error in kept.refused:
            log.warning(
                "intake.refused",
                reason=error.reason,
                text=str(error),
                topic=delivery.topic[:256],
                size=delivery.size,
            )
        batch, self._batch = self._batch[: kept.judged], self._batch[kept.judged :]
        for pending in batch:
            pending.acknowledge()
        self.frames += kept.added
        self.repeated += len(kept.admitted) - kept.added
        self.refused += len(kept.refused)
        return len(batch)

    def keep(self, deliveries: Sequence[Delivery]) -> Kept:
        """Judge each, and commit them all: frames to the ledger, the others to quarantine.

        The first `judged` of them: what follows a `key` event is left.
        """
        admitted: list[Admitted] = []
        refused: list[tuple[Delivery, EvidenceError]] = []
        self._begin()
        for delivery in deliveries:
            try:
                admitted.append(self._admission.judge(delivery))
                if is_key_event(admitted[-1]):
                    break
            except EvidenceError as error:
                refused.append((delivery, error))
        now_ms = self._now_ms()
        with self._engine.begin() as connection:
            added = self._ledger.append(connection, admitted, now_ms) if admitted else 0
            if admitted and is_key_event(admitted[-1]):
                self._rotation.take(connection, admitted[-1], now_ms)
            if refused:
                quarantine.store(connection, [(d, error.reason) for d, error in refused], now_ms)
        return Kept(admitted, added, refused)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits to be committed."""
        return not self._batch and self.queue.empty()

    def _gather(self, timeout_s: float) -> list[Pending]:
        try:
            batch = [self.queue.get(timeout=timeout_s)]
        except queue.Empty:
            return []
        until = time.monotonic() + _LINGER_S
        while len(batch) < BATCH:
            try:
                batch.append(self.queue.get(timeout=max(until - time.monotonic(), 0)))
            except queue.Empty:
                break
        return batch
