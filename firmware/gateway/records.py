"""Records of a frame (docs/wire-format.cddl), built here so that their shapes stand together."""

from micropython import const

_INTERVAL = const(1)
_SAMPLE = const(2)
_EVENT = const(3)
_READING = const(4)

# Quality of a quantity in a reading (docs/wire-format.md §4.1).
GOOD = const(0)
STALE = const(1)
NO_ANSWER = const(2)
EXCEPTION = const(3)
OUT_OF_RANGE = const(4)
DOUBTFUL = const(5)

# Results in a command event.
RECEIVED, APPLIED, REFUSED, FAILED, RESTORED = 1, 2, 3, 4, 5


def has_bytes(quality: int) -> bool:
    return quality not in (NO_ANSWER, EXCEPTION)


def packed(qualities):
    """As a record has them: None when every quantity is good."""
    return bytes(qualities) if any(qualities) else None


def answered(quality) -> bool:
    """Whether a reading of this packed quality shows that the meter is there."""
    return quality is None or any(each != NO_ANSWER for each in quality)


def interval(slot, boundary_ms, offset_ms, quality, raw):
    return [_INTERVAL, slot, boundary_ms, offset_ms, quality, raw]


def sample(slot, read_ms, quality, raw):
    return [_SAMPLE, slot, read_ms, quality, raw]


def reading(slot, read_ms, quality, raw):
    return [_READING, slot, read_ms, quality, raw]


def boot(at_ms, cause, interpreter, version, firmware_hash, safe=False):
    body = {0: cause, 1: interpreter, 2: version, 3: firmware_hash}
    if safe:
        body[4] = "safe"
    return [_EVENT, at_ms, 1, body]


def clock_step(at_ms, before_ms, after_ms, source):
    return [_EVENT, at_ms, 2, {0: before_ms, 1: after_ms, 2: source}]


def configuration(at_ms, config_hash, version):
    return [_EVENT, at_ms, 3, {0: config_hash, 1: version}]


def command(at_ms, order, result, reason=None, stages=None, last_counter=None):
    """`order` is [order-id, counter]."""
    body = {0: order[0], 1: order[1], 2: result}
    if reason is not None:
        body[3] = reason
    if stages is not None:
        body[4] = stages
    if last_counter is not None:
        body[5] = last_counter
    return [_EVENT, at_ms, 4, body]


def stage(at_ms, stage_id, closed, cause, order):
    body = {0: stage_id, 1: 1 if closed else 0, 2: cause}
    if order:
        body[3] = order[0]
    return [_EVENT, at_ms, 5, body]


def meter(at_ms, slot, answering, what=None):
    body = {0: slot, 1: 1 if answering else 0}
    if what is not None:
        body[2] = what
    return [_EVENT, at_ms, 6, body]


def dropped(at_ms, stream, epoch, first, last):
    if stream:
        return [_EVENT, at_ms, 7, {0: stream, 1: epoch, 2: first, 3: last}]
    # Nothing excuses billing: its gap stays one.
    return fault(
        at_ms, "journal", "billing %d to %d of epoch %d cannot be read" % (first, last, epoch)
    )


def fault(at_ms, task, what):
    return [_EVENT, at_ms, 9, {0: task, 1: what[:200]}]


def identity(at_ms, slot, quality, raw):
    return [_EVENT, at_ms, 10, {0: slot, 1: quality, 2: raw}]


def register(at_ms, slot, index, before, now):
    return [_EVENT, at_ms, 11, {0: slot, 1: index, 2: before, 3: now}]


def key(at_ms, enrolment, first):
    """`first` is [epoch, billing seq, telemetry seq] of the frames that the new key signs first."""
    return [_EVENT, at_ms, 12, {0: enrolment, 1: first}]


def retired(at_ms, why):
    return [_EVENT, at_ms, 13, {0: why}]


def health(at_ms, uptime_s, free, stall_ms, pending, days, erasures, dbm, buses, drift_ppb):
    """`pending`, `days`: billing, telemetry. `buses`: [requests, failures] of each."""
    body = (uptime_s, free, stall_ms, pending, days, erasures, dbm, buses, drift_ppb)
    return [_EVENT, at_ms, 14, dict(enumerate(body))]


def cadence(at_ms, sample_ms):
    return [_EVENT, at_ms, 15, {0: sample_ms}]


def event(at_ms, code, body):
    """One whose shape stands with who makes it."""
    return [_EVENT, at_ms, code, body]


def told(event) -> str:
    """An event of a meter in words, for the console."""
    _, _, code, body = event
    if code == 6:
        return body.get(2) or ("answers again" if body[1] else "is silent")
    return "identity " + body[2].hex() if code == 10 else "an energy register went backwards"
