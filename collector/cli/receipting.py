"""What the running collector does of receipts: to each gateway in its turn."""

import time
from collections.abc import Callable

from sqlalchemy import Engine

from collector.evidence.downlink import Signer
from collector.intake import receipts
from collector.ledger import coverage
from collector.registry.store import Registry
from collector.storage import reading

DUTY = "receipts"
_ROUND_PARTS = 60
"""In how many parts of the interval between two receipts the gateways have their turns."""


class Receipting:
    """`publish(topic, payload)` says whether it was taken."""

    def __init__(
        self,
        engine: Engine,
        registry: Registry,
        signer: Signer,
        publish: Callable[[str, bytes], bool],
        now_ms: Callable[[], int],
    ) -> None:
        self._engine = engine
        self._registry = registry
        self._signer = signer
        self._publish = publish
        self._now_ms = now_ms
        self._rounds = receipts.Rounds()
        # at most one a second: the seconds of a start are above all numbers given before it
        self._least_number = now_ms() // 1000

    def round_s(self) -> float:
        """Seconds between two turns."""
        return self._receipt_s() / _ROUND_PARTS

    def send(self) -> None:
        """To all whose turn it is."""
        with reading(self._engine) as connection:
            known = coverage.gateways(connection)
        due = self._rounds.due(known, time.time(), self._receipt_s())
        made = receipts.make(self._engine, self._signer, self._now_ms(), due, self._least_number)
        for gateway, message in made.items():
            self._publish(f"esep/v1/{gateway.hex()}/receipt", message)

    def _receipt_s(self) -> float:
        return float(self._registry.view().policy.receipt_s)
