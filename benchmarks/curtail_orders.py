"""Orders given by `esep curtail`, and what became of them at the gateways and in the database."""

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.curtail_fleet import AUTHORITY
from benchmarks.verbs import Verbs

_DRAFTER, _APPROVER = "Айгүл Серік", "Данияр Омаров"
_POLL_S = 0.02


def draft(verbs: Verbs, directory: Path, *scope: str) -> str:
    """An order for all of a scope, ready to be approved; its id."""
    said = verbs(
        "curtail",
        "draft",
        directory,
        *scope,
        *("--reason", "emergency", "--by", _DRAFTER, "--why", "benchmark", "--reference", "log 1"),
        *("--hold", "30m", "--authority", AUTHORITY, "--json"),
    )
    identity: str = json.loads(said)["order"]
    return identity


def approve(verbs: Verbs, directory: Path, order: str) -> None:
    verbs("curtail", "approve", directory, order, "--by", _APPROVER)


Say = Callable[[str], None]
_SAID_S = 5.0


class Missing(Exception):  # noqa: N818
    """What did not come in its time; the text says what, and how much of it did."""


def awaited(have: Callable[[], int], wanted: int, what: str, patience_s: float, say: Say) -> None:
    """Until there are as many; says now and then how many there are. Raises Missing."""
    began_s = said_s = time.monotonic()
    while (number := have()) < wanted:
        now_s = time.monotonic()
        if now_s > began_s + patience_s:
            raise Missing(f"{number} of {wanted} {what} after {patience_s:.0f} s")
        if now_s > said_s + _SAID_S:
            said_s = now_s
            say(f"waits for {what}: {number} of {wanted}")
        time.sleep(_POLL_S)


class LightGateways:
    """The process that plays them; `opened`: by order and gateway, when its contact opened (ms)."""

    def __init__(self, file: Path, inside: tuple[str, ...]) -> None:
        command = [*inside, sys.executable, "-m", "simulator.gateways", str(file)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.opened: dict[str, dict[str, int]] = defaultdict(dict)
        self.refused: list[str] = []
        self.connected = 0
        threading.Thread(target=self._read, daemon=True).start()

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if "ready" in said or "connected" in said:
                self.connected = said.get("ready", said.get("connected"))
            elif said.get("closed") is False:
                self.opened[said["order"]].setdefault(said["gateway"], said["at_ms"])
            elif said.get("reason") is not None:
                self.refused.append(said["reason"])


@dataclass
class Seen:
    """When each step of a part was there to be read, Unix ms, by step and part.

    `opened`: when a part's contact was open by its gateway's clock.
    """

    approved_ms: int = 0
    steps: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
    opened: dict[int, int] = field(default_factory=dict)
    results: dict[int, str] = field(default_factory=dict)


class Watch:
    """Reads the steps of orders as they appear."""

    def __init__(self, directory: Path) -> None:
        uri = f"file:{directory / 'collector.sqlite'}?mode=ro"
        self._connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        self._last = 0
        self.orders: dict[str, Seen] = defaultdict(Seen)

    def look(self) -> None:
        query = (
            "SELECT id, hex(order_id), part, step, at_ms, recorded_ms, body FROM order_step"
            " WHERE id > ? ORDER BY id"
        )
        rows = self._connection.execute(query, (self._last,)).fetchall()
        now_ms = time.time_ns() // 1_000_000
        for identity, order, part, step, at_ms, recorded_ms, body in rows:
            self._last = identity
            seen = self.orders[order.lower()]
            if step == "approved":
                seen.approved_ms = recorded_ms
            seen.steps[step].setdefault(part, now_ms)
            if step == "contact_confirmed":
                seen.opened.setdefault(part, at_ms)
            if step == "verified":
                seen.results[part] = json.loads(body)["result"]

    def taken(self, orders: Sequence[str], step: str) -> int:
        """How many parts of these orders have taken the step."""
        self.look()
        return sum(len(self.orders[order].steps[step]) for order in orders)
