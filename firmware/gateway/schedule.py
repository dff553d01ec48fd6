"""The signed hourly schedule, which is the permit to draw (docs/wire-format.md §6.1): which one is
held, and what it allows when.
"""

import hashlib
from array import array

from gateway import cbor, cose, limiter, shape
from gateway.cose import WireError

_CELL = "schedule"
_NO_VALUE = 0xFFFFFFFF


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
        9: shape.array(shape.either(limit, shape.null), 1, 48),
        10: shape.uint,
        11: limit,
        12: shape.row(shape.text, uint32, uint32, uint32, uint32),
        13: shape.row(uint32, uint32, uint32, shape.span(1000, 10_000), uint32),
    }
    emergency = shape.row(shape.uint, shape.uint, uint32, uint32)
    return shape.record(required, {14: emergency})(body) and not (body[5] and body[6] is None)


class Schedule:
    """What a schedule says. Limits are (Wh in a delivery period, W)."""

    def __init__(self, digest: bytes, fields: list):
        """`fields` as `kept` gives them."""
        self.digest = digest
        (
            self.serial,
            self.expires_ms,
            self.enforced,
            self.first_ms,
            self.period_ms,
            hours,
            self._cut_off_ms,
            self._default,
            self._fail_safe,
            manners,
            self._emergency,
        ) = fields
        self._hours = array("I")
        for at in range(0, len(hours), 4):
            self._hours.append(int.from_bytes(hours[at : at + 4], "big"))
        self.heartbeat_ms, self.blind_ms = self._fail_safe[2:]
        self.over_ms, self.emergency_over_ms, self.under_ms, self.margin, self.clock_ms = manners

    def fail_safe(self) -> tuple:
        return tuple(self._fail_safe[:2])

    def limit(self, earliest_ms: int, latest_ms) -> tuple:
        """(Wh, W) now: the lowest of all that now may be; `latest_ms` None: nobody knows."""
        # which of its hours it is then nobody knows
        is_doubtful = latest_ms is None or latest_ms - earliest_ms >= self.period_ms
        last_ms = max(self._ends_ms(), self._cut_off_ms, self.expires_ms)
        if latest_ms is None or latest_ms > last_ms:
            latest_ms = max(last_ms, earliest_ms)
        found = [self._at(earliest_ms)]
        for at_ms in self._changes(earliest_ms, latest_ms):
            found.append(self._at(at_ms))
        if self.is_emergency(earliest_ms, latest_ms):
            found.append(tuple(self._emergency[2:]))
        allowed_wh, most_w = limiter.lower(*found)
        if is_doubtful:  # however they lie, no hour then comes to more
            most_w = min(most_w, allowed_wh * 3_600_000 // self.period_ms)
        return allowed_wh, most_w

    def _ends_ms(self):
        return self.first_ms + self.period_ms * (len(self._hours) // 2)

    def _changes(self, earliest_ms, latest_ms):
        """When what it allows may change, after the one time and until the other."""
        for at_ms in (self._cut_off_ms, self.expires_ms):
            if earliest_ms < at_ms <= latest_ms:
                yield at_ms
        next_hour = (earliest_ms - self.first_ms) // self.period_ms + 1
        last_hour = (latest_ms - self.first_ms) // self.period_ms
        # a range of Unix times would be too much for 32 bits
        for hour in range(max(0, next_hour), min(len(self._hours) // 2, last_hour) + 1):
            yield self.first_ms + hour * self.period_ms

    def _at(self, at_ms):
        if at_ms >= self.expires_ms:
            return self.fail_safe()
        hour = (at_ms - self.first_ms) // self.period_ms
        if at_ms < self._cut_off_ms and 0 <= hour < len(self._hours) // 2:
            if self._hours[2 * hour + 1] != _NO_VALUE or self._hours[2 * hour] != _NO_VALUE:
                return self._hours[2 * hour], self._hours[2 * hour + 1]
        return tuple(self._default)

    def is_emergency(self, earliest_ms: int, latest_ms) -> bool:
        """Whether its emergency may be now."""
        if self._emergency is None:
            return False
        begins_ms, ends_ms = self._emergency[:2]
        return earliest_ms < ends_ms and (latest_ms is None or begins_ms <= latest_ms)


def held(journal):
    """The schedule that is held, or None."""
    cell = journal.get_cell(_CELL)
    return Schedule(*cbor.decode(cell)) if cell else None


async def take(message: bytes, trust, clock, journal, gateway: bytes, serial: int):
    """A schedule that is to be held from now on, durably; None when it is held already.

    `serial`: of the one that is held. Raises WireError.
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
    clock.prove(body[3])
    fields = _fields(body)
    journal.put_cell(_CELL, cbor.encode([digest, fields]))
    return Schedule(digest, fields)


def _fields(body):
    """What is kept of a body: its hours in one piece, which takes a tenth of the heap."""
    hours = b""
    for limit in body[9]:
        for value in limit or (_NO_VALUE, _NO_VALUE):
            hours += value.to_bytes(4, "big")
    return [
        body[2],
        body[4],
        body[5],
        body[7],
        body[8],
        hours,
        body[10],
        body[11],
        body[12][1:],
        body[13],
        body.get(14),
    ]
