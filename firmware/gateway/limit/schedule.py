"""The signed hourly schedule, which is the permit to draw (docs/wire-format.md §6.1): which one is
held, and what it allows when.
"""

import hashlib
from time import ticks_diff, ticks_ms

from micropython import const

from gateway import cbor, cose, shape
from gateway.cose import WireError
from gateway.limit.limiter import lower

_CELL = "schedule"
# Anyone who can publish could fill the journal with refusals of what nobody signed.
_REFUSALS = const(10)
_REFUSALS_PERIOD_MS = const(60_000)
_NO_VALUE = b"\xff" * 8


def _well_shaped(body) -> bool:
    uint32 = shape.uint32
    limit = shape.row(uint32, uint32)
    required = {
        0: shape.version,
        1: shape.data(8),
        2: shape.seq,
        3: shape.uint,
        4: shape.uint,
        5: shape.span(0, 1),
        6: shape.either(shape.data(32), shape.null),
        7: shape.uint,
        8: shape.span(1, 86_400_000),
        9: _is_hours,
        10: shape.uint,
        11: limit,
        12: shape.row(shape.text, uint32, uint32, uint32, uint32),
        13: shape.row(uint32, uint32, uint32, shape.span(1000, 10_000), uint32),
    }
    emergency = shape.row(shape.uint, shape.uint, uint32, uint32)
    reduction = shape.row(
        shape.either(shape.data(32), shape.null),
        shape.row(shape.uint, shape.uint),
        shape.span(5_000, 0xFFFFFFFF),
        uint32,
        shape.array(shape.span(1, 32), 1, 32),
    )
    return shape.record(required, {14: emergency, 15: reduction})(body) and not (
        body[5] and body[6] is None
    )


def _is_hours(value):
    return isinstance(value, bytes) and 8 <= len(value) <= 384 and not len(value) % 8


class Schedule:
    """What a schedule says. Limits are (Wh in a delivery period, W)."""

    def __init__(self, digest: bytes, fields: list):
        """`fields` as `kept` gives them."""
        self.digest = digest
        (
            self.serial,
            self._expires_ms,
            self.enforced,
            self._first_ms,
            self._period_ms,
            self._hours,
            self._cut_off_ms,
            self._default,
            fail_safe,
            self._manners,
            self._emergency,
        ) = fields[:11]
        # None: nothing is reduced. A cell of an earlier firmware has no place for it.
        self.reduction = fields[11] if len(fields) > 11 else None
        self.fail_safe = tuple(fail_safe[:2])
        self.heartbeat_ms, self.blind_ms = fail_safe[2:]
        self.clock_ms = self._manners[4]

    def period(self, now_ms: int) -> tuple:
        """(the number of the delivery period, ms since it began, ms that it lasts)"""
        number, since_ms = divmod(now_ms - self._first_ms, self._period_ms)
        return number, since_ms, self._period_ms

    def is_over(self, earliest_ms: int, _latest_ms) -> bool:
        """Whether its time is surely past."""
        return earliest_ms >= self._expires_ms

    def manners(self, range_ms: tuple, is_setpoint: bool) -> tuple:
        """(ms above the limit, ms with room, margin in permille) before something is done."""
        over_ms, emergency_over_ms, under_ms, margin, _ = self._manners
        if is_setpoint or self._is_emergency(*range_ms):
            over_ms = emergency_over_ms
        return over_ms, under_ms, margin

    def limit(self, earliest_ms: int, latest_ms) -> tuple:
        """(Wh, W) now: the lowest of all that now may be; `latest_ms` None: nobody knows."""
        # which of its hours it is then nobody knows
        is_doubtful = latest_ms is None or latest_ms - earliest_ms >= self._period_ms
        last_ms = max(self._ends_ms(), self._cut_off_ms, self._expires_ms)
        if latest_ms is None or latest_ms > last_ms:
            latest_ms = max(last_ms, earliest_ms)
        found = [self._at(earliest_ms)]
        for at_ms in self._changes(earliest_ms, latest_ms):
            found.append(self._at(at_ms))
        if self._is_emergency(earliest_ms, latest_ms):
            found.append(tuple(self._emergency[2:]))
        allowed_wh, most_w = lower(*found)
        if is_doubtful:  # however they lie, no hour then comes to more
            most_w = min(most_w, allowed_wh * 3_600_000 // self._period_ms)
        return allowed_wh, most_w

    def _ends_ms(self):
        return self._first_ms + self._period_ms * (len(self._hours) // 8)

    def _changes(self, earliest_ms, latest_ms):
        """When what it allows may change, after the one time and until the other."""
        for at_ms in (self._cut_off_ms, self._expires_ms):
            if earliest_ms < at_ms <= latest_ms:
                yield at_ms
        next_hour = (earliest_ms - self._first_ms) // self._period_ms + 1
        last_hour = (latest_ms - self._first_ms) // self._period_ms
        # a range of Unix times would be too much for 32 bits
        for hour in range(max(0, next_hour), min(len(self._hours) // 8, last_hour) + 1):
            yield self._first_ms + hour * self._period_ms

    def _at(self, at_ms):
        if at_ms >= self._expires_ms:
            return self.fail_safe
        hour = (at_ms - self._first_ms) // self._period_ms
        if at_ms < self._cut_off_ms and 0 <= hour < len(self._hours) // 8:
            value = self._hours[8 * hour : 8 * hour + 8]
            if value != _NO_VALUE:
                return int.from_bytes(value[:4], "big"), int.from_bytes(value[4:], "big")
        return tuple(self._default)

    def _is_emergency(self, earliest_ms: int, latest_ms) -> bool:
        """Whether its emergency may be now."""
        if self._emergency is None:
            return False
        begins_ms, ends_ms = self._emergency[:2]
        return earliest_ms < ends_ms and (latest_ms is None or begins_ms <= latest_ms)


def held(journal):
    """The schedule that is held, or None."""
    cell = journal.get_cell(_CELL)
    return Schedule(*cbor.decode(cell)) if cell else None


async def take(message: bytes, trust, clock, journal, gateway: bytes, serial: int, objection):
    """A schedule that is to be held from now on, durably; None when it is held already.

    `serial`: of the one that is held. `objection(reduction)` is why it cannot be done, or None.
    Raises WireError.
    """
    digest = hashlib.sha256(message).digest()
    cell = journal.get_cell(_CELL)
    if cell and cbor.decode(cell)[0] == digest:
        return None
    body = await trust.accept(message, cose.SCHEDULE, _well_shaped, clock.known(), clock.now_ms())
    if body[1] != gateway:
        raise WireError("not_for_me")
    if body[2] <= serial:
        raise WireError("replayed")
    if clock.known() and clock.now_ms() >= body[4]:
        raise WireError("expired")
    reason = body.get(15) and objection(body[15])
    if reason:
        raise WireError(reason)
    clock.prove(body[3])
    fields = [body[key] for key in (2, 4, 5, 7, 8, 9, 10, 11)]
    fields += [body[12][1:], body[13], body.get(14), body.get(15)]
    journal.put_cell(_CELL, cbor.encode([digest, fields]))
    return Schedule(digest, fields)


class Refusals:
    """Which are told: of the same message the first, as a broker that keeps it sends it often."""

    def __init__(self):
        self._newest = b""
        self._count = 0
        self._since = ticks_ms()

    def tells(self, digest: bytes) -> bool:
        now = ticks_ms()
        if ticks_diff(now, self._since) > _REFUSALS_PERIOD_MS:
            self._count = 0
            self._since = now
        if digest == self._newest or self._count >= _REFUSALS:
            return False
        self._newest = digest
        self._count += 1
        return True
