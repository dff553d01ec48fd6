"""A light gateway's stages and the commands it obeys (docs/wire-format.md §6): no I/O.

Left out of what a real gateway does: setpoints, readings on demand, interlocks, minimum off times.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from simulator.gateways.wire import RefusedError, Root, digest

Record = list[Any]
RECEIVED, APPLIED, REFUSED, FAILED, RESTORED = 1, 2, 3, 4, 5
_OPEN, _RELEASE = 1, 2
_DEFAULT_RAMP = (10_000, 1_000)
_OPERATES_MS = (30, 60)
"""Between a coil and its contact, as of `simulator/relays.py`."""


@dataclass
class Stage:
    """`moves_ms`: when its contact will open, or close, by what it was told; None: it rests."""

    id: int
    rated_w: int
    is_closed: bool = True
    moves_ms: int | None = None
    cause: str = ""
    order: bytes = b""
    counter: int = 0
    until_ms: int | None = None
    ramp: tuple[int, int] = _DEFAULT_RAMP


@dataclass
class Stages:
    """`targets`: the gateway's id and the name of its zone."""

    targets: tuple[bytes, str]
    root: Root
    stages: Mapping[int, Stage]
    rng: Random
    _last: dict[bytes | str, tuple[int, bytes]] = field(default_factory=dict)

    def take(self, message: bytes, now_ms: int, *, is_retained: bool) -> list[Record]:
        """Obey a command, or refuse it: the events that say so at once."""
        try:
            body = self.root.command(message, now_ms)
        except RefusedError as error:
            return [_command(now_ms, bytes(16), 0, REFUSED, str(error))]
        target, counter, order = body[1], body[2], body[5]
        if target not in self.targets:
            return [_command(now_ms, order, counter, REFUSED, "not_for_me")]
        last, newest = self._last.get(target, (0, b""))
        if digest(message) == newest:
            return []
        ids = body.get(7, list(self.stages))
        why = self._objection(body, ids, last, now_ms, is_retained=is_retained)
        if why is not None:
            return [_command(now_ms, order, counter, REFUSED, why, body.get(7), last)]
        self._last[target] = (counter, digest(message))
        said = [_command(now_ms, order, counter, RECEIVED, None, ids)]
        chosen = [self.stages[each] for each in ids]
        for each in chosen:
            each.order, each.counter = order, counter
        ramp = tuple(body.get(9, ())) or None
        if body[6] == _OPEN:
            return said + self._open(chosen, body.get(8), ramp, now_ms)
        said.append(_command(now_ms, order, counter, APPLIED, None, ids))
        return said + self._return(chosen, ramp or chosen[0].ramp, "ramp", now_ms)

    def due(self, now_ms: int) -> list[Record]:
        """What has moved or ended by now: the events of it."""
        said: list[Record] = []
        moved: list[Stage] = []
        for stage in self.stages.values():
            if stage.moves_ms is not None and now_ms >= stage.moves_ms:
                stage.moves_ms, stage.is_closed = None, not stage.is_closed
                said.append(_moved(stage, now_ms))
                moved.append(stage)
        for stage in moved:
            same = self._with(stage)
            if all(each.moves_ms is None for each in same) and stage is moved[-1]:
                phase = RESTORED if stage.is_closed else APPLIED
                ids = [each.id for each in same]
                said.append(_command(now_ms, stage.order, stage.counter, phase, None, ids))
        ended = [
            stage
            for stage in self.stages.values()
            if stage.until_ms is not None and now_ms >= stage.until_ms and stage.moves_ms is None
        ]
        if ended:
            said += self._return(ended, ended[0].ramp, "expiry", now_ms)
        return said

    @property
    def next_ms(self) -> int | None:
        """When `due` has something to say, if nothing comes before."""
        moments = [
            moment
            for each in self.stages.values()
            for moment in (each.moves_ms, each.until_ms)
            if moment is not None
        ]
        return min(moments, default=None)

    def power_w(self) -> int:
        return sum(each.rated_w for each in self.stages.values() if each.is_closed)

    def _objection(
        self,
        body: Mapping[int, Any],
        ids: Iterable[int],
        last: int,
        now_ms: int,
        *,
        is_retained: bool,
    ) -> str | None:
        if is_retained:
            return "retained"
        if body[2] <= last:
            return "replayed"
        if now_ms >= body[4]:
            return "expired"
        if body[6] not in (_OPEN, _RELEASE):
            return "wrong_shape"
        return None if set(ids) <= {*self.stages} else "unknown_stage"

    def _open(
        self,
        chosen: list[Stage],
        until_ms: int | None,
        ramp: tuple[int, ...] | None,
        now_ms: int,
    ) -> list[Record]:
        for stage in chosen:
            stage.until_ms = until_ms
            stage.ramp = (ramp[0], ramp[1]) if ramp else _DEFAULT_RAMP
            stage.moves_ms = None
            if stage.is_closed:
                stage.moves_ms, stage.cause = now_ms + self.rng.randint(*_OPERATES_MS), "command"
        if any(stage.moves_ms is not None for stage in chosen):
            return []
        ids = [stage.id for stage in chosen]
        return [_command(now_ms, chosen[0].order, chosen[0].counter, APPLIED, None, ids)]

    def _return(
        self, chosen: list[Stage], ramp: tuple[int, ...], cause: str, now_ms: int
    ) -> list[Record]:
        at_ms = now_ms + self.rng.randint(0, ramp[0])
        for stage in chosen:
            stage.until_ms = stage.moves_ms = None
            if not stage.is_closed:
                stage.moves_ms, stage.cause = at_ms + self.rng.randint(*_OPERATES_MS), cause
                at_ms += ramp[1]
        if any(stage.moves_ms is not None for stage in chosen):
            return []
        ids = [stage.id for stage in chosen]
        return [_command(now_ms, chosen[0].order, chosen[0].counter, RESTORED, None, ids)]

    def _with(self, stage: Stage) -> list[Stage]:
        """Those that the same command moves."""
        return [each for each in self.stages.values() if each.counter == stage.counter]


def _command(
    at_ms: int,
    order: bytes,
    counter: int,
    phase: int,
    reason: str | None = None,
    stages: Iterable[int] | None = None,
    last: int | None = None,
) -> Record:
    body: dict[int, Any] = {0: order, 1: counter, 2: phase}
    if reason is not None:
        body[3] = reason
    if stages is not None:
        body[4] = sorted(stages)
    if last is not None:
        body[5] = last
    return [3, at_ms, 4, body]


def _moved(stage: Stage, at_ms: int) -> Record:
    body = {0: stage.id, 1: int(stage.is_closed), 2: stage.cause, 3: stage.order}
    return [3, at_ms, 5, body]
