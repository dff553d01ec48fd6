"""The gateway's own limit as tables, without a clock or an input of its own (docs/limiter.md).

Two regions stand side by side. PERMIT says which limit holds: after the heartbeat and the fail-safe
of EEBus LPC. LOAD says what is done about the load: after DLMS limiter (class 71) and disconnect
control (class 70). Limits are (Wh in a delivery period, W), loads (Wh used of it, W, ms left).
"""

from micropython import const

# The states of PERMIT.
_NONE = const(0)  # no schedule was ever held
_CURRENT = const(1)
_FAILSAFE = const(2)
_BEATING = const(3)  # fail-safe: the heartbeat is back, a fresh limit is not
_RENEWED = const(4)  # fail-safe: a fresh limit is here, the heartbeat is not back

# Its inputs.
FRESH = 0  # a schedule of a higher serial number was taken
BEAT = 1  # a receipt
LOST = 2  # no receipt for too long
EXPIRED = 3  # the schedule's time is surely over

# The states of LOAD.
_UNDER = const(0)
_OVER = const(1)  # above the limit, not for long enough yet
_SHED = const(2)  # stages are open for it
_SHED_OVER = const(3)  # stages are open, and the load is above the limit still
_READY = const(4)  # permission was given: stages are on their way back

# Its inputs.
_ABOVE = const(0)  # the load is above the limit, or nobody measures it
_BELOW = const(1)
_DUE = const(2)  # it was above for its minimum duration
_ROOM = const(3)  # there was room for a stage for the minimum duration
_BACK_SOME = const(4)  # those that had permission are closed, others are open
_BACK_ALL = const(5)

# What a transition of LOAD does.
_NOTHING = const(0)
_OPEN = const(1)  # the next stages in the order of shedding
_RELEASE = const(2)  # those for which there is room, by the ramp
_HALT = const(3)  # what is not closed yet stays open

# state × 8 + input: the next state. What is not listed changes nothing.
_PERMIT = {
    _NONE << 3 | FRESH: _CURRENT,
    _CURRENT << 3 | LOST: _FAILSAFE,
    _CURRENT << 3 | EXPIRED: _FAILSAFE,
    _FAILSAFE << 3 | BEAT: _BEATING,
    _FAILSAFE << 3 | FRESH: _RENEWED,
    _BEATING << 3 | FRESH: _CURRENT,
    _BEATING << 3 | LOST: _FAILSAFE,
    _RENEWED << 3 | BEAT: _CURRENT,
    _RENEWED << 3 | EXPIRED: _FAILSAFE,
}

# state × 8 + input: next state × 8 + what is done.
_LOAD = {
    _UNDER << 3 | _ABOVE: _OVER << 3 | _NOTHING,
    _OVER << 3 | _BELOW: _UNDER << 3 | _NOTHING,
    _OVER << 3 | _DUE: _SHED << 3 | _OPEN,
    _SHED << 3 | _ABOVE: _SHED_OVER << 3 | _NOTHING,
    _SHED << 3 | _ROOM: _READY << 3 | _RELEASE,
    _SHED_OVER << 3 | _BELOW: _SHED << 3 | _NOTHING,
    _SHED_OVER << 3 | _DUE: _SHED << 3 | _OPEN,
    _READY << 3 | _ABOVE: _SHED_OVER << 3 | _HALT,
    _READY << 3 | _BACK_SOME: _SHED << 3 | _NOTHING,
    _READY << 3 | _BACK_ALL: _UNDER << 3 | _NOTHING,
}

_HOUR_MS = const(3_600_000)
_SITE = const(0)  # the point of the delivery meters (loads.py)
RAMP = (10_000, 1_000)  # random offset, step between stages; ms


def permit_after(state: int, what: int) -> int:
    return _PERMIT.get(state << 3 | what, state)


def load_after(state: int, what: int) -> tuple:
    """(the next state, what is done)"""
    after = _LOAD.get(state << 3 | what, state << 3)
    return after >> 3, after & 7


def holding(permit: int, scheduled, fail_safe):
    """Of two limits the one that holds; None before there was ever a schedule."""
    if permit == _NONE:
        return None
    return scheduled if permit == _CURRENT else fail_safe


def lower(*limits) -> tuple:
    """The lowest energy and the lowest power."""
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


class Terms:
    """What a load is judged by now.

    `limit`: None: none; `following`: that of the next period, of `period_ms`; `load`: None: not
    measured; `manners`: ms above, ms with room, margin in permille. `acts`: else what would be
    done is told, and nothing more; `order` is [order-id, counter], in whose name stages move.
    """

    def __init__(self, limit, following, period_ms, load, manners, acts, order):
        self.limit = limit
        self.following = following
        self.period_ms = period_ms
        self.load = load
        self.over_ms, self.under_ms, self.margin = manners
        self.acts = acts
        self.order = order


class Watch:
    """One use of the table LOAD. `owner`: its bit as an owner of open stages (stages.py).

    What it did it tells as (cause, state before, stages).
    """

    def __init__(self, owner: int, loads, stages, shed_order: list):
        self.owner = owner
        self.only: list | None = None  # the stages that it may open; None: all
        self.state = _UNDER
        self.open: list = []  # stages that are open for it, or would be, as they were opened
        self.drew_w: dict = {}  # stage: [what it drew, what the site drew] before it was opened
        self._loads = loads
        self._stages = stages
        self._order = shed_order
        self._returning: list = []
        self._since = 0  # uptime, from when the load was above, or room was there
        self._has_room = False
        self._is_spent = False  # whether it was told that there is nothing left to open

    def kept(self) -> list:
        """What has to outlive a start."""
        return [self.open + self._returning, self.drew_w]

    def restore(self, kept: list, terms: Terms) -> None:
        """What was open stays so, as the stages know it; durations begin anew."""
        open_for, self.drew_w = kept
        held = self._stages.limited(self.owner)
        if terms.acts:
            open_for = [stage_id for stage_id in open_for if stage_id in held]
            open_for += [stage_id for stage_id in held if stage_id not in open_for]
        else:
            self._unlimit(held, terms)
        self.open = open_for
        self.state = _SHED if open_for else _UNDER

    def judge(self, uptime_ms: int, blind: bool, terms: Terms) -> list:
        """What is done now. `blind`: nobody measures the site: it is above every limit then."""
        if terms.limit is None:
            return self.let_go(terms)
        above = blind or is_above(terms.limit, *terms.load)
        told = self._feed(_ABOVE if above else _BELOW, uptime_ms, blind, terms)
        if self.state in (_OVER, _SHED_OVER):
            if uptime_ms - self._since >= terms.over_ms:
                told += self._feed(_DUE, uptime_ms, blind, terms)
        elif self.state == _SHED:
            if not self._may_return(terms):
                self._has_room = False
            elif not self._has_room:
                self._has_room = True
                self._since = uptime_ms
            elif uptime_ms - self._since >= terms.under_ms:
                told += self._feed(_ROOM, uptime_ms, blind, terms)
        elif self.state == _READY and (not terms.acts or self._stages.are_back(self._returning)):
            self._returning = []
            what = _BACK_SOME if self.open else _BACK_ALL
            told += self._feed(what, uptime_ms, blind, terms)
        return told

    def _feed(self, what, uptime_ms, blind, terms):
        before = self.state
        self.state, act = load_after(before, what)
        if self.state == before and act == _NOTHING:
            return []
        self._since = uptime_ms
        self._has_room = False
        if act == _OPEN:
            stages = self._open_next(terms)
            if not stages and self._is_spent:
                return []
            self._is_spent = not stages
            cause = "not_measured" if blind else ("limit" if stages else "nothing_left")
            return [(cause, before, stages)]
        if act == _RELEASE:
            return [("room", before, self._release(terms))]
        if act == _HALT:
            return [("limit", before, self._halt(terms))]
        if before == _READY:
            return [("stages_returned", before, [])]
        return []  # a duration begins or ends to run, which is no event

    def _open_next(self, terms):
        """The next stages in shed order: so many that their own load brings it under, as far as
        that is known, and one at least.
        """
        load = terms.load
        opened: list = []
        for stage_id in self._order:
            if stage_id in self.open or (self.only is not None and stage_id not in self.only):
                continue
            opened.append(stage_id)
            own_w = self._loads.power_w(stage_id)
            self.drew_w[stage_id] = [own_w, load[1] if load else None]
            if load is None or own_w is None:
                break
            load = load[0], max(0, load[1] - own_w), load[2]
            if not is_above(terms.limit, *load):
                break
        self.open += opened
        self._limit(opened, terms)
        return opened

    def _may_return(self, terms):
        """Those opened last for which there is room; the site's own number where none is open.

        A stage without a meter of its own returns when there is room for all that the site drew.
        What the next period would open again at once stays open.
        """
        load = terms.load
        found: list = []
        for stage_id in reversed(self.open):
            own_w, site_w = self.drew_w.get(stage_id, (None, None))
            if own_w is None:
                own_w = 0 if site_w is None else max(0, site_w - load[1])
            load = load[0], load[1] + own_w, load[2]
            if not has_room(terms.limit, *load, terms.margin):
                break
            if is_above(terms.following, 0, load[1], terms.period_ms):
                break
            found.append(stage_id)
        return found or ([] if self.open else [_SITE])

    def _release(self, terms):
        self._returning = [stage_id for stage_id in self._may_return(terms) if stage_id != _SITE]
        self.open = [stage_id for stage_id in self.open if stage_id not in self._returning]
        self._is_spent = False
        if terms.acts:
            self._unlimit(self._returning, terms)
        return self._returning

    def _halt(self, terms):
        """What has permission and is open still stays so."""
        halted = self._returning
        if terms.acts:
            halted = [stage_id for stage_id in halted if not self._stages.are_back([stage_id])]
        self._limit(halted, terms)
        self._returning = []
        self.open += halted
        return halted

    def let_go(self, terms: Terms) -> list:
        """There is no limit for it any more: all that it holds returns by the ramp."""
        before, stages = self.state, self.open + self._returning
        self._unlimit(self._stages.limited(self.owner), terms)
        self.open, self._returning, self.state = [], [], _UNDER
        return [] if before in (_UNDER, _OVER) else [("ended", before, stages)]

    def _limit(self, ids, terms):
        if ids and terms.acts:
            self._stages.limit(ids, self.owner, terms.order)

    def _unlimit(self, ids, terms):
        if ids:
            self._stages.unlimit(ids, self.owner, RAMP, terms.order)
