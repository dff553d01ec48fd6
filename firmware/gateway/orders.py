"""The operator's commands: believed, counted, obeyed, and answered with signed events."""

import hashlib
from time import ticks_diff, ticks_ms

from micropython import const

from gateway import cose, records, replay, shape

_OPEN = const(1)
_RELEASE = const(2)
_READ = const(3)
_LIMIT = const(4)
_ANY_OWNER = const(0xFF)
# What the stages' table tells, by its letters.
_OPENED = const(0x4F)
_NOT_OPENED = const(0x4E)
_RESTORED = const(0x52)
_HINDERED = const(0x21)
_OPENS_YET = const(0x6F)
_CLOSES_YET = const(0x63)
# Anyone who can publish could fill the journal with refusals of what nobody signed.
_UNSIGNED_REFUSALS = const(10)
_UNSIGNED_PERIOD_MS = const(60_000)


def _well_shaped(body) -> bool:
    test = shape.record(
        {
            0: shape.version,
            1: shape.either(shape.data(8), shape.text),
            2: shape.seq,
            3: shape.uint,
            4: shape.uint,
            5: shape.data(16),
            6: shape.span(_OPEN, _LIMIT),
        },
        {
            7: shape.array(shape.span(1, 32), 1, 32),
            8: shape.uint,
            9: shape.row(shape.uint, shape.uint),
            10: shape.data(32),
            11: shape.text,
            12: shape.uint32,
        },
    )
    if not test(body) or any(key in body for key in _not_of(body[6])):
        return False
    return body[6] != _LIMIT or (8 in body and 12 in body)


def _not_of(action):
    """What only other actions have."""
    if action == _OPEN:
        return (12,)
    if action == _LIMIT:
        return (9,)
    return (8, 12) if action == _RELEASE else (7, 8, 9, 12)


class _Command:
    def __init__(self, body: dict):
        self.target = body[1]
        self.issued_ms = body[3]
        self.expires_ms = body[4]
        self.order = [body[5], body[2]]
        self.action = body[6]
        self.stages = body.get(7)
        self.until_ms = body.get(8)
        self.ramp = body.get(9)
        self.most_w = body.get(12)


class _Expected:
    """The stages whose contacts an order still waits for, and how the others did."""

    def __init__(self):
        self.waiting: set = set()
        self.done: list = []
        self.failed: dict = {}  # reason: stages


class Orders:
    """`bill(record)` keeps an event. `read_meters(done)` begins readings.

    When they are kept it calls `done(answered)`: whether any meter answered. `set_limit(order,
    most_w, until_ms, stages)` returns why there can be no such limit, or None: it holds.
    `hurry()` is called whenever somebody waits to see what a stage draws.
    """

    def __init__(self, targets, trust, guard, clock, stages_, read_meters, hurry, set_limit, bill):
        self._targets = targets
        self._trust = trust
        self._guard = guard
        self._clock = clock
        self._stages = stages_
        self._read_meters = read_meters
        self._hurry = hurry
        self._set_limit = set_limit
        self._bill = bill
        self._expected: dict = {}
        self._reading: set = set()  # hashes of the messages whose readings are under way
        self._unsigned = 0
        self._unsigned_since = ticks_ms()

    def resume(self) -> None:
        """After a start: expect the end of what was under way before it."""
        for stage_id, opening, order in self._stages.moving():
            self._expect(order, opening, [stage_id])

    async def handle(self, message: bytes, retained: bool = False) -> None:
        """Obey a command, or refuse it with an event. To be awaited one message at a time.

        `retained`: the broker had kept it, for who comes later; nobody gives this order now.
        """
        try:
            command = _Command(
                await self._trust.accept(
                    message, cose.COMMAND, _well_shaped, self._clock.known(), self._clock.now_ms()
                )
            )
        except cose.WireError as error:
            self._refuse_unbelieved(message, error.reason)
            return
        if command.target not in self._targets:
            self._event(command.order, records.REFUSED, "not_for_me")
            return
        self._clock.prove(command.issued_ms)
        digest = hashlib.sha256(message).digest()
        counter = command.order[1]
        verdict = self._guard.check(counter, digest)
        if verdict == replay.SAME or digest in self._reading:
            return
        reason = "retained" if retained else self._objection(command, verdict)
        if reason:
            last = self._guard.last()
            self._event(command.order, records.REFUSED, reason, command.stages, last)
            return
        self._guard.commit(counter, digest)
        if command.action == _READ:
            self._read(command, digest)
        elif command.action == _LIMIT:
            self._limit(command)
            self._guard.finish(counter, digest)
        else:
            self._move(command)
            self._guard.finish(counter, digest)

    def _objection(self, command, verdict):
        if verdict == replay.REPLAYED:
            return "replayed"
        if self._clock.known() and self._clock.now_ms() >= command.expires_ms:
            return "expired"
        if command.stages and any(i not in self._stages.ids() for i in command.stages):
            return "unknown_stage"
        if command.action == _RELEASE and not self._clock.known():
            return "clock_unknown"
        return None

    def _read(self, command, digest):
        def done(answered):
            if answered:
                self._event(command.order, records.APPLIED)
            else:
                self._event(command.order, records.FAILED, "no_answer")
            self._reading.remove(digest)
            self._guard.finish(command.order[1], digest)

        self._event(command.order, records.RECEIVED)
        self._reading.add(digest)
        self._read_meters(done)

    def _limit(self, command):
        """The power is capped from now on; what that opens, the limiter's own events say."""
        order = command.order
        self._event(order, records.RECEIVED, stages_=command.stages)
        why_not = self._set_limit(order, command.most_w, command.until_ms, command.stages)
        result = records.FAILED if why_not else records.APPLIED
        self._event(order, result, why_not, command.stages)

    def _move(self, command):
        ids = sorted(set(command.stages or self._stages.ids()))
        order = command.order
        self._event(order, records.RECEIVED, stages_=ids)
        self._supersede(ids)
        if command.action == _OPEN:
            self._stages.open(ids, order, command.until_ms, command.ramp)
            if ids:
                self._expect(order, True, ids)
            else:
                self._event(order, records.APPLIED, stages_=ids)
        else:
            moving = self._stages.release(ids, order, command.ramp)
            self._event(order, records.APPLIED, stages_=ids)
            self._expect_return(order, ids, moving)

    def _expect_return(self, order, ids, moving):
        """Stages that the gateway's own limit holds open will not come back by this order."""
        limited = [i for i in self._stages.limited(_ANY_OWNER) if i in ids]
        if limited:
            self._event(order, records.FAILED, "limit", limited)
        if moving:
            self._expect(order, False, moving)
        elif len(limited) < len(ids) or not ids:
            self._event(order, records.RESTORED, stages_=[i for i in ids if i not in limited])

    def on_contact(self, stage_id: int, closed: bool, at_ms: int, cause: str, order) -> None:
        self._bill(records.stage(at_ms, stage_id, closed, cause, order))
        if cause != "boot":
            self._hurry()

    def on_expiry(self, ids, moving, order) -> None:
        """The time until which `order` holds stages open is over; those that are `moving` close."""
        self._supersede(ids)
        self._expect_return(order, ids, moving)

    def on_limit(self, ids) -> None:
        """The gateway's own limit opens stages that were on their way back."""
        self._supersede(ids, "limit")

    def event(self, code: int, body: dict) -> None:
        """An event of the stages' own."""
        self._bill(records.event(self._clock.now_ms(), code, body))

    def on_result(self, stage_id: int, what: int, order, reason) -> None:
        """A stage did, or failed to do, what `order` wants, or will do it after all."""
        if what in (_OPENS_YET, _CLOSES_YET):
            self._expect(order, what == _OPENS_YET, [stage_id])
            return
        opening = what in (_OPENED, _NOT_OPENED)
        if what == _NOT_OPENED:
            self._hurry()
        if what == _HINDERED:
            opening = (order[0], order[1], True) in self._expected
        expected = self._expected.get((order[0], order[1], opening))
        if expected is None or stage_id not in expected.waiting:
            return
        expected.waiting.remove(stage_id)
        if what in (_OPENED, _RESTORED):
            expected.done.append(stage_id)
        else:
            expected.failed.setdefault(reason, []).append(stage_id)
        if expected.waiting:
            return
        del self._expected[(order[0], order[1], opening)]
        if expected.failed:
            for reason, ids in expected.failed.items():
                self._event(order, records.FAILED, reason, ids)
        else:
            result = records.APPLIED if opening else records.RESTORED
            self._event(order, result, stages_=expected.done)

    def _supersede(self, ids, why="superseded"):
        """What is expected of stages that something newer moves will not come."""
        for key in list(self._expected):
            waiting = self._expected[key].waiting
            if any(stage_id in waiting for stage_id in ids):
                del self._expected[key]
                self._event([key[0], key[1]], records.FAILED, why, waiting)

    def _expect(self, order, opening, ids):
        key = (order[0], order[1], opening)
        if key not in self._expected:
            self._expected[key] = _Expected()
        self._expected[key].waiting.update(ids)

    def _event(self, order, result, reason=None, stages_=None, last_counter=None):
        now_ms = self._clock.now_ms()
        if stages_ is not None:
            stages_ = sorted(stages_)
        self._bill(records.command(now_ms, order, result, reason, stages_, last_counter))

    def _refuse_unbelieved(self, message, reason):
        """Name the order as the message claims it; nothing in it is believed."""
        now = ticks_ms()
        if ticks_diff(now, self._unsigned_since) > _UNSIGNED_PERIOD_MS:
            self._unsigned = 0
            self._unsigned_since = now
        self._unsigned += 1
        if self._unsigned > _UNSIGNED_REFUSALS:
            return
        order = [bytes(16), 0]
        try:
            claimed = cose.parse(message, cose.COMMAND, cose.MAX_MESSAGE).payload
            if shape.data(16)(claimed.get(5)):
                order[0] = claimed[5]
            if shape.uint32(claimed.get(2)):
                order[1] = claimed[2]
        except cose.WireError:
            pass
        self._event(order, records.REFUSED, reason)
