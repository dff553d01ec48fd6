"""Batches of deliveries into the ledger; nothing is acknowledged before it is durable."""

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import Engine

from collector.evidence.errors import EvidenceError, Reason
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


class Intake:
    """Takes deliveries from a bounded queue: when it is full, the transport waits."""

    def __init__(self, engine: Engine, admission: Admission, now_ms: Callable[[], int]) -> None:
        self._engine = engine
        self._admission = admission
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
        admitted: list[Admitted] = []
        refused: list[tuple[Delivery, Reason]] = []
        batch: list[Pending] = []
        for pending in self._batch:
            batch.append(pending)
            try:
                admitted.append(self._admission.judge(pending.delivery))
                if is_key_event(admitted[-1]):
                    break
            except EvidenceError as error:
                refused.append((pending.delivery, error.reason))
                log.warning(
                    "intake.refused",
                    reason=error.reason,
                    text=str(error),
                    topic=pending.delivery.topic[:256],
                    size=pending.delivery.size,
                )
        now_ms = self._now_ms()
        with self._engine.begin() as connection:
            added = self._ledger.append(connection, admitted, now_ms) if admitted else 0
            if admitted and is_key_event(admitted[-1]):
                self._rotation.take(connection, admitted[-1], now_ms)
            if refused:
                quarantine.store(connection, refused, now_ms)
        self._batch = self._batch[len(batch) :]
        for pending in batch:
            pending.acknowledge()
        self.frames += added
        self.repeated += len(admitted) - added
        self.refused += len(refused)
        return len(batch)

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
