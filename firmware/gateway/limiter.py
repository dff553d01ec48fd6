"""The gateway's own limit as tables, without a clock or an input of its own (docs/limiter.md).

Two regions stand side by side. PERMIT says which limit holds: after the heartbeat and the fail-safe
of EEBus LPC. LOAD says what is done about the load: after DLMS limiter (class 71) and disconnect
control (class 70).
"""

from micropython import const

# The states of PERMIT.
NONE = const(0)  # no schedule was ever held
CURRENT = const(1)
FAILSAFE = const(2)
BEATING = const(3)  # fail-safe: the heartbeat is back, a fresh limit is not
RENEWED = const(4)  # fail-safe: a fresh limit is here, the heartbeat is not back

# Its inputs.
FRESH = const(0)  # a schedule of a higher serial number was taken
BEAT = const(1)  # a receipt
LOST = const(2)  # no receipt for too long
EXPIRED = const(3)  # the schedule's time is surely over

# The states of LOAD.
UNDER = const(0)
OVER = const(1)  # above the limit, not for long enough yet
SHED = const(2)  # stages are open for it
SHED_OVER = const(3)  # stages are open, and the load is above the limit still
READY = const(4)  # permission was given: stages are on their way back

# Its inputs.
ABOVE = const(0)  # the load is above the limit, or nobody measures it
BELOW = const(1)
DUE = const(2)  # it was above for its minimum duration
ROOM = const(3)  # there was room for a stage for the minimum duration
BACK_SOME = const(4)  # those that had permission are closed, others are open
BACK_ALL = const(5)

# What a transition of LOAD does.
NOTHING = const(0)
OPEN = const(1)  # the next stages in the order of shedding
RELEASE = const(2)  # those for which there is room, by the ramp
HALT = const(3)  # what is not closed yet stays open

# state × 8 + input: the next state. What is not listed changes nothing.
PERMIT = {
    NONE << 3 | FRESH: CURRENT,
    CURRENT << 3 | LOST: FAILSAFE,
    CURRENT << 3 | EXPIRED: FAILSAFE,
    FAILSAFE << 3 | BEAT: BEATING,
    FAILSAFE << 3 | FRESH: RENEWED,
    BEATING << 3 | FRESH: CURRENT,
    BEATING << 3 | LOST: FAILSAFE,
    RENEWED << 3 | BEAT: CURRENT,
    RENEWED << 3 | EXPIRED: FAILSAFE,
}

# state × 8 + input: next state × 8 + what is done.
LOAD = {
    UNDER << 3 | ABOVE: OVER << 3 | NOTHING,
    OVER << 3 | BELOW: UNDER << 3 | NOTHING,
    OVER << 3 | DUE: SHED << 3 | OPEN,
    SHED << 3 | ABOVE: SHED_OVER << 3 | NOTHING,
    SHED << 3 | ROOM: READY << 3 | RELEASE,
    SHED_OVER << 3 | BELOW: SHED << 3 | NOTHING,
    SHED_OVER << 3 | DUE: SHED << 3 | OPEN,
    READY << 3 | ABOVE: SHED_OVER << 3 | HALT,
    READY << 3 | BACK_SOME: SHED << 3 | NOTHING,
    READY << 3 | BACK_ALL: UNDER << 3 | NOTHING,
}

_HOUR_MS = const(3_600_000)


def permit_after(state: int, what: int) -> int:
    return PERMIT.get(state << 3 | what, state)


def load_after(state: int, what: int) -> tuple:
    """(the next state, what is done)"""
    after = LOAD.get(state << 3 | what, state << 3)
    return after >> 3, after & 7


def holding(permit: int, scheduled, fail_safe):
    """Of two limits the one that holds; None before there was ever a schedule."""
    if permit == NONE:
        return None
    return scheduled if permit == CURRENT else fail_safe


def lower(*limits) -> tuple:
    """The lowest energy and the lowest power of limits (Wh in a delivery period, W)."""
    return min([limit[0] for limit in limits]), min([limit[1] for limit in limits])


def expected_wh(used_wh: int, power_w: int, left_ms: int) -> int:
    """What the period comes to if the load stays as it is; rounded up."""
    return used_wh - -power_w * left_ms // _HOUR_MS


def is_above(limit: tuple, used_wh: int, power_w: int, left_ms: int) -> bool:
    """Energy and power both count: never one alone."""
    allowed_wh, most_w = limit
    return power_w > most_w or (power_w > 0 and expected_wh(used_wh, power_w, left_ms) > allowed_wh)


def has_room(limit: tuple, used_wh: int, power_w: int, left_ms: int, margin_permille: int) -> bool:
    """Whether what is expected with this load fits, and `margin_permille` / 1000 times as much."""
    allowed_wh, most_w = limit
    coming_wh = expected_wh(0, power_w, left_ms) * margin_permille
    return power_w * margin_permille <= most_w * 1000 and coming_wh <= (allowed_wh - used_wh) * 1000
