"""Orders given by `esep curtail`, and what became of them at the gateways and in the database."""

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections import defaultdict
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


class LightGateways:
    """The process that plays them; `opened`: by order and gateway, when its contact opened (ms)."""

    def __init__(self, file: Path, inside: tuple[str, ...]) -> None:
        command = [*inside, sys.executable, "-m", "simulator.gateways", str(file)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.opened: dict[str, dict[str, int]] = defaultdict(dict)
        self.refused: list[str] = []
        self._is_ready = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def wait(self, patience_s: float) -> None:
        if not self._is_ready.wait(patience_s):
            raise TimeoutError("not every light gateway is connected")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if "ready" in said:
                self._is_ready.set()
            elif said.get("closed") is False:
                self.opened[said["order"]].setdefault(said["gateway"], said["at_ms"])
            elif said.get("reason") is not None:
                self.refused.append(said["reason"])


@dataclass
class Seen:
    """When each step of a part was there to be read, Unix ms, by step and part."""

    approved_ms: int = 0
    steps: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))
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
            "SELECT id, hex(order_id), part, step, recorded_ms, body FROM order_step"
            " WHERE id > ? ORDER BY id"
        )
        rows = self._connection.execute(query, (self._last,)).fetchall()
        now_ms = time.time_ns() // 1_000_000
        for identity, order, part, step, recorded_ms, body in rows:
            self._last = identity
            seen = self.orders[order.lower()]
            if step == "approved":
                seen.approved_ms = recorded_ms
            seen.steps[step].setdefault(part, now_ms)
            if step == "verified":
                seen.results[part] = json.loads(body)["result"]

    def until(self, orders: list[str], step: str, parts: int, patience_s: float) -> bool:
        """Whether so many parts of each order have taken the step in that time."""
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s:
            self.look()
            if all(len(self.orders[order].steps[step]) >= parts for order in orders):
                return True
            time.sleep(_POLL_S)
        return False
