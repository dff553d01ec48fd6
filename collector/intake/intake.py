"""Batches of deliveries into the ledger; nothing is acknowledged before it is durable."""

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import Connection, Engine

from collector.evidence.errors import EvidenceError
from collector.intake import quarantine
from collector.intake.admission import Admission, Delivery
from collector.intake.patience import Patience
from collector.intake.rotation import Rotation, is_key_event
from collector.ledger.ledger import Admitted, Ledger
from collector.registry.store import newest_version
from collector.storage import appending, reading

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
    """What became of a batch: `added` of those admitted were not in the ledger yet.

    `waiting`: the numbers of those that are to be judged again when the register is not that of
    `judged_by` any more.
    """

    admitted: list[Admitted]
    added: int
    refused: list[tuple[Delivery, EvidenceError]]
    waiting: frozenset[int] = frozenset()
    judged_by: int = 0

    @property
    def judged(self) -> int:
        return len(self.admitted) + len(self.refused) + len(self.waiting)


class Intake:
    """Takes deliveries from a bounded queue: when it is full, the transport waits."""

    def __init__(
        self,
        engine: Engine,
        admission: Admission,
        now_ms: Callable[[], int],
        patience_s: float = 0,
    ) -> None:
        self._engine = engine
        self._patience = Patience(patience_s)
        self._waiting: list[tuple[int, Pending]] = []
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
        self._batch = self._batch or [*self._waited(), *self._gather(timeout_s)]
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
        for number, pending in enumerate(batch):
            if number in kept.waiting:
                self._waiting.append((kept.judged_by, pending))
            else:
                pending.acknowledge()
        self.frames += kept.added
        self.repeated += len(kept.admitted) - kept.added
        self.refused += len(kept.refused)
        return len(batch)

    def keep(self, deliveries: Sequence[Delivery]) -> Kept:
        """Judge each, and commit them all: frames to the ledger, the others to quarantine.

        The first `judged` of them: what follows a `key` event is left.
        """
        while True:
            with reading(self._engine) as connection:
                judged_by = newest_version(connection)
            kept = replace(self._judge(deliveries), judged_by=judged_by)
            now_ms = self._now_ms()
            with appending(self._engine) as connection:
                if newest_version(connection) != judged_by:
                    continue  # another worker has extended the register: judge by that
                return self._store(connection, kept, now_ms)

    def _judge(self, deliveries: Sequence[Delivery]) -> Kept:
        admitted: list[Admitted] = []
        refused: list[tuple[Delivery, EvidenceError]] = []
        waiting: set[int] = set()
        for number, delivery in enumerate(deliveries):
            try:
                admitted.append(self._admission.judge(delivery))
                if is_key_event(admitted[-1]):
                    break
            except EvidenceError as error:
                if self._patience.has_for(delivery, error.reason):
                    waiting.add(number)
                else:
                    refused.append((delivery, error))
        return Kept(admitted, 0, refused, frozenset(waiting))

    def _store(self, connection: Connection, kept: Kept, now_ms: int) -> Kept:
        admitted, added = kept.admitted, 0
        if admitted:
            added = self._ledger.append(connection, admitted, now_ms)
            if is_key_event(admitted[-1]):
                self._rotation.take(connection, admitted[-1], now_ms)
        if kept.refused:
            refused = [(delivery, error.reason) for delivery, error in kept.refused]
            quarantine.store(connection, refused, now_ms)
        return replace(kept, added=added)

    def _waited(self) -> list[Pending]:
        if not self._waiting or not self._patience.is_time():
            return []
        with reading(self._engine) as connection:
            newest = newest_version(connection)
        waiting, self._waiting = self._waiting, []
        again = []
        for judged_by, pending in waiting:
            if judged_by != newest or self._patience.is_over(pending.delivery):
                again.append(pending)
            else:
                self._waiting.append((judged_by, pending))
        return again

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
