"""Batches of deliveries into the ledger; nothing is acknowledged before it is durable."""

import queue
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog
from sqlalchemy import Connection, Engine

from collector.evidence.errors import EvidenceError
from collector.intake import quarantine
from collector.intake.admission import Admission, Delivery
from collector.intake.judging import Here, Judge, Verdict
from collector.intake.patience import Patience
from collector.intake.rotation import Rotation
from collector.ledger.ledger import Admitted, Ledger
from collector.registry.store import newest_version
from collector.storage import appending, reading

log = structlog.get_logger()

BATCH = 500
QUEUE = 5000
LINGER_S = 0.02


@dataclass(frozen=True, slots=True)
class Pending:
    delivery: Delivery
    acknowledge: Callable[[], None]


Gather = Callable[[int, float], list[Pending]]
"""At most so many deliveries; how long to wait for the first, s."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a batch: `added` of those admitted were not in the ledger yet.

    `waiting`: the numbers of those that are to be judged again when the register has changed.
    """

    admitted: list[Admitted]
    added: int
    refused: list[tuple[Delivery, EvidenceError]]
    waiting: frozenset[int] = frozenset()

    @property
    def judged(self) -> int:
        return len(self.admitted) + len(self.refused) + len(self.waiting)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A batch that is being judged, and the register's version before that."""

    batch: list[Pending]
    version: int

    @property
    def deliveries(self) -> list[Delivery]:
        return [pending.delivery for pending in self.batch]


class Intake:
    """Takes deliveries from a bounded queue: when it is full, the transport waits."""

    def __init__(
        self,
        engine: Engine,
        judge: Judge | Admission,
        now_ms: Callable[[], int],
        gather: Gather | None = None,
        patience_s: float = 0,
    ) -> None:
        """Without `gather` deliveries come from `queue`.

        Of several workers one may have a frame before another has the one that brings its key:
        for `patience_s` such a frame is not refused.
        """
        self._engine = engine
        self._judge = Here(judge) if isinstance(judge, Admission) else judge
        self._ledger = Ledger(engine)
        self._rotation = Rotation(engine)
        self._now_ms = now_ms
        self.queue: queue.Queue[Pending] = queue.Queue(QUEUE)
        self._gather = gather or self._from_queue
        self._gathered: list[Pending] = []
        self._judging: deque[_Begun] = deque()
        self._patience = Patience(patience_s)
        self._waiting: list[tuple[int, Pending]] = []
        self._verdicts: list[Verdict] = []
        self.frames = 0
        self.repeated = 0
        self.refused = 0

    def take(self, timeout_s: float) -> int:
        """Commit and acknowledge what waits, at most one batch; return its size.

        When the commit fails the batch is kept, and the next call takes it again: a broker does
        not deliver a second time over the same connection. A batch ends with a `key` event: what
        follows is judged by the register that it makes.
        """
        self._fill(timeout_s)
        if not self._judging:
            return 0
        begun = self._judging[0]
        self._verdicts = self._verdicts or self._judge.end()
        kept = self._commit(begun.deliveries, self._verdicts, begun.version)
        self._verdicts = []
        self._judging.popleft()
        if kept is None:
            self._judge_again(begun.batch)
            return 0
        judged, rest = begun.batch[: kept.judged], begun.batch[kept.judged :]
        if kept.admitted and kept.admitted[-1].has_key_event:
            self._judge_again(rest)
        for number, pending in enumerate(judged):
            if number in kept.waiting:
                self._waiting.append((begun.version, pending))
            else:
                pending.acknowledge()
        _tell(kept.refused)
        self.frames += kept.added
        self.repeated += len(kept.admitted) - kept.added
        self.refused += len(kept.refused)
        return len(judged)

    def keep(self, deliveries: Sequence[Delivery]) -> Kept:
        """Judge each, and commit them all: frames to the ledger, the others to quarantine.

        The first `judged` of them: what follows a `key` event is left.
        """
        kept = None
        while kept is None:
            version = self._version()
            self._judge.begin(deliveries)
            kept = self._commit(deliveries, self._judge.end(), version)
        return kept

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits to be committed."""
        return not self._judging and not self._gathered and self.queue.empty()

    def _commit(
        self, deliveries: Sequence[Delivery], verdicts: Sequence[Verdict], version: int
    ) -> Kept | None:
        """Frames and refusals, durable on return; None when the register has changed since."""
        kept = self._sorted(deliveries, verdicts)
        now_ms = self._now_ms()
        with appending(self._engine) as connection:
            if newest_version(connection) != version:
                return None
            return self._store(connection, kept, now_ms)

    def _sorted(self, deliveries: Sequence[Delivery], verdicts: Sequence[Verdict]) -> Kept:
        admitted: list[Admitted] = []
        refused: list[tuple[Delivery, EvidenceError]] = []
        waiting: set[int] = set()
        for number, (delivery, verdict) in enumerate(zip(deliveries, verdicts, strict=False)):
            if isinstance(verdict, Admitted):
                admitted.append(verdict)
            elif self._patience.has_for(delivery, verdict.reason):
                waiting.add(number)
            else:
                refused.append((delivery, verdict))
        return Kept(admitted, 0, refused, frozenset(waiting))

    def _store(self, connection: Connection, kept: Kept, now_ms: int) -> Kept:
        admitted, added = kept.admitted, 0
        if admitted:
            added = self._ledger.append(connection, admitted, now_ms)
            if admitted[-1].has_key_event:
                self._rotation.take(connection, admitted[-1], now_ms)
        if kept.refused:
            refused = [(delivery, error.reason) for delivery, error in kept.refused]
            quarantine.store(connection, refused, now_ms)
        return replace(kept, added=added)

    def _version(self) -> int:
        with reading(self._engine) as connection:
            return newest_version(connection)

    def _waited(self) -> list[Pending]:
        """Those that waited long enough, or for a register that is another now."""
        if not self._waiting or not self._patience.is_time():
            return []
        newest = self._version()
        waiting, self._waiting = self._waiting, []
        again = []
        for version, pending in waiting:
            if version != newest or self._patience.is_over(pending.delivery):
                again.append(pending)
            else:
                self._waiting.append((version, pending))
        return again

    def _fill(self, timeout_s: float) -> None:
        """Have batches judged ahead; what is less than one waits until nothing else is judged."""
        while len(self._judging) < self._judge.room:
            is_idle = not self._judging
            wait_s = timeout_s if is_idle and not self._gathered else 0.0
            self._gathered += self._waited()
            self._gathered += self._gather(BATCH - len(self._gathered), wait_s)
            if not self._gathered or (not is_idle and len(self._gathered) < BATCH):
                return
            self._begin(self._gathered)
            self._gathered = []

    def _begin(self, batch: list[Pending]) -> None:
        begun = _Begun(batch, self._version())
        self._judge.begin(begun.deliveries)
        self._judging.append(begun)

    def _judge_again(self, rest: list[Pending]) -> None:
        """The register has changed since these were judged."""
        waiting = [rest, *(begun.batch for begun in self._judging)]
        for _ in self._judging:
            self._judge.end()
        self._judging.clear()
        for batch in waiting:
            if batch:
                self._begin(batch)

    def _from_queue(self, most: int, timeout_s: float) -> list[Pending]:
        try:
            batch = [self.queue.get(timeout=timeout_s) if timeout_s else self.queue.get_nowait()]
        except queue.Empty:
            return []
        until = time.monotonic() + LINGER_S
        while len(batch) < most:
            try:
                batch.append(self.queue.get(timeout=max(until - time.monotonic(), 0)))
            except queue.Empty:
                break
        return batch


def _tell(refused: Sequence[tuple[Delivery, EvidenceError]]) -> None:
    """One fact a batch and reason: a flood of refusals must not fill the log as well."""
    counts = Counter(error.reason for _, error in refused)
    first = {error.reason: (delivery, error) for delivery, error in reversed(refused)}
    for reason, (delivery, error) in first.items():
        log.warning(
            "intake.refused",
            reason=reason,
            count=counts[reason],
            text=str(error),
            topic=delivery.topic[:256],
            size=delivery.size,
        )
