"""Who judges deliveries: this thread, or processes of their own beside it."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from collector.evidence.errors import EvidenceError
from collector.intake.admission import Admission, Delivery
from collector.ledger.ledger import Admitted

Verdict = Admitted | EvidenceError


class Judge(Protocol):
    """Batches are judged in the order in which they were begun."""

    room: int
    """How many batches may be begun before the first is ended."""

    def begin(self, deliveries: Sequence[Delivery]) -> None: ...

    def end(self) -> list[Verdict]:
        """On the oldest batch: a verdict on each, up to the first with a `key` event."""


class Here:
    """In the calling thread."""

    room = 1

    def __init__(self, admission: Admission, renew: Callable[[], None] = lambda: None) -> None:
        """`renew` is called before each batch."""
        self._admission = admission
        self._renew = renew
        self._waiting: deque[Sequence[Delivery]] = deque()

    def begin(self, deliveries: Sequence[Delivery]) -> None:
        self._waiting.append(deliveries)

    def end(self) -> list[Verdict]:
        self._renew()
        return verdicts(self._admission, self._waiting.popleft())


def verdicts(admission: Admission, deliveries: Sequence[Delivery]) -> list[Verdict]:
    given: list[Verdict] = []
    for delivery in deliveries:
        try:
            admitted = admission.judge(delivery)
        except EvidenceError as error:
            given.append(error)
        else:
            given.append(admitted)
            if admitted.has_key_event:
                break
    return given
