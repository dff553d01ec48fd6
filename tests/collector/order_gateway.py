"""A gateway as its orders see it: counters, stages with whom they obey, what it answers.

A model of docs/wire-format.md §6, written apart from the firmware and from the desk.
"""

from dataclasses import dataclass, field
from typing import Any

from collector_world import command_event

from collector.evidence.cose import ContentType, message_hash, parse

OPEN, RELEASE, LIMIT = 1, 2, 4
RECEIVED, APPLIED, REFUSED, FAILED, RESTORED = 1, 2, 3, 4, 5


@dataclass
class Held:
    """A stage that stands open."""

    order: bytes
    counter: int
    until_ms: int


@dataclass
class ModelGateway:
    """`accepted`: the commands that it obeyed; `said`: its events, in their order.

    `setpoint`: (order, W, counter, until).
    """

    last: int = 0
    newest: bytes = b""
    stages: dict[int, Held] = field(default_factory=dict)
    setpoint: tuple[bytes, int, int, int] | None = None
    accepted: list[tuple[bytes, int, int, tuple[int, ...]]] = field(default_factory=list)
    said: list[list[Any]] = field(default_factory=list)
    closed: list[tuple[int, int, bytes]] = field(default_factory=list)

    def take(self, message: bytes, now_ms: int) -> None:
        body = parse(message, ContentType.COMMAND).payload
        order, counter, action, stages = body[5], body[2], body[6], tuple(body.get(7, ()))
        digest = message_hash(message)
        if digest == self.newest:
            return
        if counter <= self.last:
            self._say(order, counter, REFUSED, now_ms, reason="replayed", last=self.last)
            return
        if now_ms >= body[4]:
            self._say(order, counter, REFUSED, now_ms, reason="expired", last=self.last)
            return
        self.last, self.newest = counter, digest
        self.accepted.append((order, counter, action, stages))
        self._say(order, counter, RECEIVED, now_ms)
        if action == LIMIT and self.setpoint is not None:
            old, _, its, _ = self.setpoint
            self._say(old, its, FAILED, now_ms, reason="superseded")
        self._say(order, counter, APPLIED, now_ms)
        if action == LIMIT:
            self.setpoint = order, body[12], counter, body[8]
            return
        for stage in stages:
            if action == OPEN:
                self.stages[stage] = Held(order, counter, body[8])
            elif self.stages.pop(stage, None) is not None:
                self.closed.append((now_ms, stage, order))
        if action == RELEASE:
            self._say(order, counter, RESTORED, now_ms)

    def tick(self, now_ms: int) -> None:
        """What a stage was held for is over: it closes by itself; so with the setpoint."""
        if self.setpoint is not None and now_ms >= self.setpoint[3]:
            order, _, counter, _ = self.setpoint
            self.setpoint = None
            self._say(order, counter, RESTORED, now_ms)
        over = {stage: held for stage, held in self.stages.items() if now_ms >= held.until_ms}
        for stage in over:
            del self.stages[stage]
        for order, counter in dict.fromkeys((held.order, held.counter) for held in over.values()):
            self._say(order, counter, RESTORED, now_ms)

    def _say(self, order: bytes, counter: int, phase: int, at_ms: int, **more: Any) -> None:
        self.said.append(command_event(order, counter, phase, at_ms, **more))
