"""Watches one limit of a site, the schedule's or a setpoint's: opens stages for it, and lets them go."""

from micropython import const

from gateway import limiter

SCHEDULE = 1  # owners of an open stage beside orders (stages.py), a bit each
SETPOINT = 2
SITE = 0  # the point of the delivery meters (loads.py)

_RAMP = (10_000, 1_000)  # random offset, step between stages; ms
_START_MS = const(60_000)  # by then every meter was asked


class Watch:
    """One use of the table LOAD.

    `keeper` knows `limit(watch, in_ms)`, `load(watch)`, `manners(watch)`, whether the watch
    `acts(watch)`, in whose name (`identity`), and is told of what changes (`tell`, `keep`).
    """

    def __init__(self, owner: int, keeper, loads, stages, shed_order: list):
        self.owner = owner
        self.only: list | None = None  # the stages that it may open; None: all
        self._keeper = keeper
        self._loads = loads
        self._stages = stages
        self._order = shed_order
        self.state = limiter.UNDER
        self._since = 0  # uptime, from when the load was above, or room was there
        self._has_room = False
        self.open: list = []  # stages that are open for it, or would be, as they were opened
        self.returning: list = []
        self.drew_w: dict = {}  # stage: [what it drew, what the site drew] before it was opened
        self._is_spent = False  # whether it was told that there is nothing left to open

    def acts(self) -> bool:
        return self._keeper.acts(self)

    def judge(self, uptime_ms: int, blind: bool) -> None:
        """`blind`: nobody measures the site, whose load is above every limit then."""
        limit = self._keeper.limit(self)
        if limit is None:
            if self.state != limiter.UNDER:
                self.let_go()
            return
        load = self._keeper.load(self)
        blind = blind or load is None
        if blind and uptime_ms < _START_MS:
            return
        over_ms, under_ms, _ = self._keeper.manners(self)
        above = blind or limiter.is_above(limit, *load)
        self._feed(limiter.ABOVE if above else limiter.BELOW, uptime_ms, blind)
        if self.state in (limiter.OVER, limiter.SHED_OVER):
            if uptime_ms - self._since >= over_ms:
                self._feed(limiter.DUE, uptime_ms, blind)
        elif self.state == limiter.SHED:
            if not self._may_return(limit, load):
                self._has_room = False
            elif not self._has_room:
                self._has_room = True
                self._since = uptime_ms
            elif uptime_ms - self._since >= under_ms:
                self._feed(limiter.ROOM, uptime_ms)
        elif self.state == limiter.READY and self._are_back():
            self.returning = []
            self._feed(limiter.BACK_SOME if self.open else limiter.BACK_ALL, uptime_ms)

    def _feed(self, what, uptime_ms, blind=False):
        before = self.state
        self.state, act = limiter.load_after(before, what)
        if self.state == before and act == limiter.NOTHING:
            return
        self._since = uptime_ms
        self._has_room = False
        cause = "limit"
        stages: list = []
        if act == limiter.OPEN:
            stages = self._open_next()
            if not stages and self._is_spent:
                return
            self._is_spent = not stages
            if blind:
                cause = "blind"
            elif not stages:
                cause = "nothing left"
        elif act == limiter.RELEASE:
            cause = "room"
            stages = self._release()
        elif act == limiter.HALT:
            stages = self._halt()
        elif before == limiter.READY:
            cause = "returned"
        else:
            return  # a duration begins or ends to run, which is no event
        self._keeper.tell(self, cause, before, stages)
        self._keeper.keep()

    def _open_next(self):
        """The next stages in shed order: so many that their own load brings it under, as far as
        that is known, and one at least.
        """
        load = self._keeper.load(self)
        limit = self._keeper.limit(self)
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
            if not limiter.is_above(limit, *load):
                break
        self.open += opened
        if opened and self.acts():
            self._stages.limit(opened, self.owner, self._keeper.identity(self))
        return opened

    def _may_return(self, limit, load):
        """Those opened last for which there is room; the site's own number where none is open.

        A stage without a meter of its own returns when there is room for all that the site drew.
        """
        margin = self._keeper.manners(self)[2]
        # what the next period would open again at once stays open
        following = self._keeper.limit(self, load[2])
        period_ms = self._keeper.period_ms(self)
        found: list = []
        for stage_id in reversed(self.open):
            own_w, site_w = self.drew_w.get(stage_id, (None, None))
            if own_w is None:
                own_w = 0 if site_w is None else max(0, site_w - load[1])
            load = load[0], load[1] + own_w, load[2]
            if not limiter.has_room(limit, *load, margin):
                break
            if limiter.is_above(following, 0, load[1], period_ms):
                break
            found.append(stage_id)
        return found or ([] if self.open else [SITE])

    def _release(self):
        may = self._may_return(self._keeper.limit(self), self._keeper.load(self))
        self.returning = [stage_id for stage_id in may if stage_id != SITE]
        self.open = [stage_id for stage_id in self.open if stage_id not in self.returning]
        self._is_spent = False
        if self.returning and self.acts():
            identity = self._keeper.identity(self)
            self._stages.unlimit(self.returning, self.owner, _RAMP, identity)
        return self.returning

    def _are_back(self):
        return not self.acts() or self._stages.are_back(self.returning)

    def _halt(self):
        """What has permission and is open still stays so."""
        halted = self.returning
        if self.acts():
            halted = [stage_id for stage_id in halted if not self._stages.are_back([stage_id])]
            self._stages.limit(halted, self.owner, self._keeper.identity(self))
        self.returning = []
        self.open += halted
        return halted

    def let_go(self) -> None:
        """There is no limit for it any more: all that it holds returns by the ramp."""
        before, stages = self.state, self.open + self.returning
        self._close(self._stages.limited(self.owner))
        self.open, self.returning, self.state = [], [], limiter.UNDER
        if before not in (limiter.UNDER, limiter.OVER):
            self._keeper.tell(self, "ended", before, stages)
            self._keeper.keep()

    def _close(self, ids):
        if ids:
            self._stages.unlimit(ids, self.owner, _RAMP, self._keeper.identity(self))

    def restore(self, open_for: list) -> None:
        """After a start: what was open stays so, as the stages know it; durations begin anew."""
        held = self._stages.limited(self.owner)
        if self.acts():
            self.open = [stage_id for stage_id in open_for if stage_id in held]
            self.open += [stage_id for stage_id in held if stage_id not in self.open]
        else:
            self._close(held)
            self.open = open_for
        self.state = limiter.SHED if self.open else limiter.UNDER
