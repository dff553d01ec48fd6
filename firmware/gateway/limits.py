"""What limits a site and what its load is: the schedule that is held, the heartbeat, a setpoint."""

import asyncio
import hashlib
from time import ticks_diff, ticks_ms

from micropython import const

from gateway import cbor, limiter, records, schedule
from gateway.cose import WireError
from gateway.health import alive, log
from gateway.loads import Loads
from gateway.watch import SCHEDULE, SETPOINT, SITE, Watch

_CELL = "limiter"
_TICK_MS = const(1_000)
_ANY_WH = const(0xFFFFFFFF)
# Of a setpoint where no schedule says how it is to be kept: ms above, ms of room, and its margin.
_MANNERS = (5_000, 300_000, 1_100)
# Anyone who can publish could fill the journal with refusals of what nobody signed.
_REFUSALS = const(10)
_REFUSALS_PERIOD_MS = const(60_000)


class Limits:
    """`bill(record)` keeps an event; `order` is [order-id, counter].

    `shed_order` are ids of stages, the first to be shed first; `places` are the meters that count,
    as of `Loads`. `is_linked()` says whether the broker answers.
    """

    def __init__(self, context, shed_order, places, is_linked, bill):
        self._trust, self._clock, self._journal, self._gateway, self._stages = context
        self._is_linked = is_linked
        self._bill = bill
        self.loads = Loads(places)
        self._schedule = schedule.held(self._journal)
        self._permit = limiter.NONE
        self._beat_ms = 0  # Unix time of the last receipt
        self._beat_at = self._clock.uptime_ms()
        self._hourly = Watch(SCHEDULE, self, self.loads, self._stages, shed_order)
        self._capped = Watch(SETPOINT, self, self.loads, self._stages, shed_order)
        self._setpoint = None  # [order-id, counter, W, until, stages or None]
        self._spared = 0  # W × ms of the period, that enforcing would have
        self._spared_at = 0  # uptime
        self._refused_digest = b""
        self._refused = 0
        self._refused_since = ticks_ms()
        self._restore()

    # ---- what comes --------------------------------------------------------------------------

    async def take(self, message: bytes) -> None:
        """A schedule, by whatever way it came."""
        serial = self._schedule.serial if self._schedule else 0
        try:
            if not self.loads.has(SITE):
                raise WireError("unmeasured")
            taken = await schedule.take(
                message, self._trust, self._clock, self._journal, self._gateway, serial
            )
        except WireError as error:
            self._refuse(message, error.reason, serial)
            return
        if taken is None:
            return
        if self._schedule and self._schedule.enforced != taken.enforced:
            self._hourly.let_go()  # what would be open is not, and what is open need not
        self._schedule = taken
        self._bill(
            records.schedule(self._clock.now_ms(), taken.digest, taken.serial, taken.enforced)
        )
        if not self._beat_ms:  # from here on one is awaited
            self._beat_ms = self._clock.now_ms()
        self._feed_permit(limiter.FRESH, "schedule")
        if not taken.heartbeat_ms:
            self.beat()
        self.keep()

    def beat(self) -> None:
        """A receipt came: the operator is there."""
        self._beat_at = self._clock.uptime_ms()
        self._beat_ms = self._clock.now_ms()
        self._feed_permit(limiter.BEAT, "heartbeat")

    def hold(self, order, power_w: int, until_ms: int, stages):
        """A setpoint, durably: of the site, or of these stages. It takes the place of any before.

        Why there can be none, or None.
        """
        for point in stages or (SITE,):
            if not self.loads.has(point):
                return "unmeasured"
        self._end_setpoint("superseded")
        self._setpoint = [order[0], order[1], power_w, until_ms, stages]
        self._capped.only = stages
        self.keep()
        return None

    # ---- judging -----------------------------------------------------------------------------

    async def run(self) -> None:
        while True:
            alive("limits")
            self.tick()
            await asyncio.sleep_ms(_TICK_MS)

    def tick(self) -> None:
        """Look at times and loads; to be called about every second."""
        self._judge_permit()
        held = self._schedule
        uptime_ms = self._clock.uptime_ms()
        age_ms = self.loads.oldest(uptime_ms)
        if held and age_ms is not None:
            period, since_ms = self._period()
            if self.loads.count(period, since_ms, held.period_ms):
                self._spared = 0
                self.keep()
            self._spare(uptime_ms)
        blind = self._is_blind(age_ms)
        self._hourly.judge(uptime_ms, blind)
        if self._setpoint and self._clock.proven_ms() >= self._setpoint[3]:
            self._end_setpoint(None)
            self.keep()
        self._capped.judge(uptime_ms, blind)

    def _spare(self, uptime_ms):
        """What would be open draws on: that is not to be held against the rest."""
        if not self.acts(self._hourly):
            self._spared += self._spared_w() * (uptime_ms - self._spared_at)
        self._spared_at = uptime_ms

    def _spared_w(self):
        return sum([self.loads.power_w(stage_id) or 0 for stage_id in self._hourly.open])

    def _period(self):
        """(its number, ms since it began)"""
        held = self._schedule
        return divmod(self._clock.now_ms() - held.first_ms, held.period_ms)

    def _judge_permit(self):
        held = self._schedule
        if held is None:
            return
        uptime_ms = self._clock.uptime_ms()
        silent_ms = uptime_ms - self._beat_at
        if held.heartbeat_ms and silent_ms >= held.heartbeat_ms:
            # who is reached by nobody cannot say whose fault it is; a broker that answers can
            self._feed_permit(limiter.LOST, "operator" if self._is_linked() else "link")
        if self._clock.range_ms(held.clock_ms)[0] >= held.expires_ms:
            self._feed_permit(limiter.EXPIRED, "expired")

    def _feed_permit(self, what, cause):
        before = self._permit
        self._permit = limiter.permit_after(before, what)
        if self._permit != before:
            self.tell(self._hourly, cause, self._hourly.state, (), before)
            self.keep()

    def limit(self, watch, in_ms: int = 0):
        """(Wh, W) that holds for a watch now, or will by then; None where nothing does."""
        if watch.owner == SETPOINT:
            return (_ANY_WH, self._setpoint[2]) if self._setpoint else None
        held = self._schedule
        if held is None:
            return None
        earliest_ms, latest_ms = self._clock.range_ms(held.clock_ms)
        scheduled = held.limit(earliest_ms + in_ms, latest_ms and latest_ms + in_ms)
        # nobody gains by cutting the line
        return limiter.holding(self._permit, scheduled, limiter.lower(scheduled, held.fail_safe()))

    def _is_blind(self, age_ms):
        """Whether nobody measures the site."""
        if age_ms is None:
            return True
        return self._schedule is not None and age_ms >= self._schedule.blind_ms > 0

    def manners(self, watch):
        """(ms above the limit, ms with room, margin in permille) before something is done."""
        held = self._schedule
        if held is None:
            return _MANNERS
        over_ms = held.over_ms
        if watch.owner == SETPOINT or held.is_emergency(*self._clock.range_ms(held.clock_ms)):
            over_ms = held.emergency_over_ms
        return over_ms, held.under_ms, held.margin

    def load(self, watch):
        """(Wh used, W, ms left) of what the watch limits; None: not measured.

        Under `observe` without what would have been opened.
        """
        parts = [self.loads.power_w(point) for point in watch.only or (SITE,)]
        if None in parts:
            return None
        power_w = sum(parts)
        if watch.owner == SETPOINT:
            return 0, power_w, 0
        used_wh, left_ms = self.loads.used_wh(), self._schedule.period_ms - self._period()[1]
        if not self.acts(watch):
            power_w -= self._spared_w()
            used_wh -= self._spared // 3_600_000
        return max(0, used_wh), max(0, power_w), left_ms

    def period_ms(self, watch) -> int:
        return self._schedule.period_ms if watch.owner == SCHEDULE else 0

    def acts(self, watch) -> bool:
        return watch.owner == SETPOINT or bool(self._schedule and self._schedule.enforced)

    def identity(self, watch):
        """The order-id and counter by which a stage that it moves is told."""
        if watch.owner == SETPOINT and self._setpoint:
            return self._setpoint[:2]
        held = self._schedule
        return [held.digest[:16], held.serial] if held else [bytes(16), 0]

    # ---- setpoints ---------------------------------------------------------------------------

    def _end_setpoint(self, why_failed):
        if not self._setpoint:
            return
        self._capped.let_go()
        order = self._setpoint[:2]
        self._setpoint = None
        result = records.FAILED if why_failed else records.RESTORED
        self._bill(records.command(self._clock.now_ms(), order, result, why_failed))

    # ---- events and flash --------------------------------------------------------------------

    def tell(self, watch, cause, load_before, stages, permit_before=None) -> None:
        if permit_before is None:
            permit_before = self._permit
        limit = self.limit(watch)
        load = self.load(watch) if limit else None
        measured = None
        if load:
            measured = [load[0], limiter.expected_wh(*load), load[1]]
        self._bill(
            records.limiter(
                self._clock.now_ms(),
                (permit_before, load_before),
                (self._permit, watch.state),
                cause,
                None if limit is None else [limit[0] if limit[0] != _ANY_WH else None, limit[1]],
                measured,
                1 if self.acts(watch) else 0,
                self._schedule.serial if self._schedule else 0,
                list(stages),
                self._setpoint[0] if watch.owner == SETPOINT and self._setpoint else None,
            )
        )

    def _refuse(self, message, reason, serial):
        """Tell it; of the same again only the first time: a broker that keeps it sends it often."""
        log("schedule refused: " + reason)
        digest = hashlib.sha256(message).digest()
        now = ticks_ms()
        if ticks_diff(now, self._refused_since) > _REFUSALS_PERIOD_MS:
            self._refused = 0
            self._refused_since = now
        if digest == self._refused_digest or self._refused >= _REFUSALS:
            return
        self._refused_digest = digest
        self._refused += 1
        self._bill(records.schedule(self._clock.now_ms(), digest, serial, None, reason))

    def keep(self) -> None:
        kept = [
            self._permit,
            self._beat_ms,
            [
                [watch.open + watch.returning, watch.drew_w]
                for watch in (self._hourly, self._capped)
            ],
            self._setpoint,
            self.loads.kept(),
        ]
        self._journal.put_cell(_CELL, cbor.encode(kept))

    def _restore(self):
        cell = self._journal.get_cell(_CELL)
        watches = [[[], {}], [[], {}]]
        if cell:
            self._permit, self._beat_ms, watches, self._setpoint, loads = cbor.decode(cell)
            self.loads.restore(loads)
        self._capped.only = self._setpoint and self._setpoint[4]
        for watch, (open_for, drew_w) in zip((self._hourly, self._capped), watches):
            watch.drew_w = drew_w
            watch.restore(open_for)
        if self._clock.known() and self._beat_ms:
            self._beat_at -= max(0, self._clock.now_ms() - self._beat_ms)
