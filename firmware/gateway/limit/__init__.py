"""What limits a site, and what its load is: the schedule that is held, the heartbeat, a setpoint.

Imported when there is a schedule or a setpoint (docs/limiter.md).
"""

import asyncio
import hashlib

from micropython import const

from gateway import cbor, records
from gateway.cose import WireError
from gateway.health import alive, log
from gateway.limit import limiter, schedule
from gateway.limit.limiter import Terms, Watch
from gateway.limit.loads import Loads

_CELL = "limiter state"
_TICK_MS = const(1_000)
_START_MS = const(60_000)  # by then every meter was asked
# Owners of an open stage beside orders, a bit each: the schedule, and a setpoint.
_SCHEDULE = const(1)
_SETPOINT = const(2)
_FREQUENCY = const(4)
_SITE = const(0)  # the point of the delivery meters (loads.py)
_ANY_WH = const(0xFFFFFFFF)
# Of a setpoint where no schedule says how it is to be kept: ms above, ms of room, and its margin.
_MANNERS = (5_000, 300_000, 1_100)
_REFUSED = const(2)


class Limits:
    """`bill(record)` keeps an event; `order` is [order-id, counter].

    `shed_order` are ids of stages, the first to be shed first; `places` are the meters that count,
    as of `Loads`. `is_linked()` says whether the broker answers; `contact(number)` gives an input.
    """

    def __init__(self, context, shed_order, places, is_linked, bill):
        self._trust, self._clock, self._journal, self._gateway, stages, self._contact = context
        self._stages = stages
        self._is_linked = is_linked
        self._bill = bill
        self._loads = Loads(places)
        self.note = self._loads.note
        self._schedule = schedule.held(self._journal)
        self._permit = 0
        self._beat_ms = 0  # Unix time of the last receipt
        self._beat_at = self._clock.uptime_ms()
        self._hourly = Watch(_SCHEDULE, self._loads, stages, shed_order)
        self._capped = Watch(_SETPOINT, self._loads, stages, shed_order)
        self._setpoint = None  # [order-id, counter, W, until, stages or None]
        self._spared = 0  # W × ms of the period, that enforcing would have
        self._spared_at = 0  # uptime
        self._reduction = None
        self._refusals = schedule.Refusals()
        self._restore()

    # ---- what comes --------------------------------------------------------------------------

    async def take(self, message: bytes) -> None:
        """A schedule, by whatever way it came."""
        held = self._schedule
        try:
            if not self._loads.has(_SITE):
                raise WireError("not_measured")
            taken = await schedule.take(
                message,
                self._trust,
                self._clock,
                self._journal,
                self._gateway,
                held.serial if held else 0,
                self._objection,
            )
        except WireError as error:
            self._refuse(message, error.reason)
            return
        if taken is None:
            return
        if held and held.enforced != taken.enforced:
            # what would be open is not, and what is open need not be
            self._tell(self._hourly, self._hourly.let_go(self._terms(self._hourly)))
        self._schedule = taken
        self._acknowledge(taken.digest, taken.enforced)
        self._take_up()

    def _take_up(self):
        """A fresh schedule is held."""
        if not self._beat_ms:  # from here on one is awaited
            self._beat_ms = self._clock.now_ms()
        self._feed(limiter.FRESH, "fresh_schedule")
        if not self._schedule.heartbeat_ms:
            self.receipt()
        self._keep()

    def receipt(self) -> None:
        """A receipt came: the operator is there."""
        self._beat_at = self._clock.uptime_ms()
        self._beat_ms = self._clock.now_ms()
        self._feed(limiter.BEAT, "heartbeat_back")

    def limit(self, order, power_w: int, until_ms: int, stages):
        """A setpoint, durably: of the site, or of these stages. It takes the place of any before.

        Why there can be none, or None.
        """
        for point in stages or (_SITE,):
            if not self._loads.has(point):
                return "not_measured"
        if self._setpoint and self._setpoint[:2] != [order[0], order[1]]:
            self._end_setpoint("superseded")
        self._setpoint = [order[0], order[1], power_w, until_ms, stages]
        self._capped.only = stages
        self._keep()
        return None

    def _objection(self, reduction):
        """Why it cannot be done here, or None."""
        if any(stage_id not in self._stages.ids() for stage_id in reduction[4]):
            return "unknown_stage"
        return None if self._contacts(reduction[1]) else "unknown_input"

    def _contacts(self, numbers):
        """Of the board; None where it has not all of them."""
        try:
            return [self._contact(number) for number in numbers]
        except (LookupError, ValueError, OSError):
            return None

    # ---- judging -----------------------------------------------------------------------------

    async def run(self) -> None:
        while True:
            alive("schedule")
            self.tick()
            await asyncio.sleep_ms(_TICK_MS)

    def tick(self) -> None:
        """Look at times and loads; to be called about every second."""
        uptime_ms = self._clock.uptime_ms()
        age_ms = self._loads.oldest(uptime_ms)
        held = self._schedule
        blind = age_ms is None
        if held:
            self._judge_permit(held, uptime_ms)
            if not blind:
                blind = age_ms >= held.blind_ms > 0
                if self._loads.count(*held.period(self._clock.now_ms())):
                    self._spared = 0
                    self._keep()
                self._spare(uptime_ms)
        if self._setpoint and self._clock.proven_ms() >= self._setpoint[3]:
            self._end_setpoint(None)
            self._keep()
        self._reduce(held, uptime_ms)
        if uptime_ms < _START_MS and (blind or self._loads.oldest(uptime_ms) is None):
            return
        for watch in (self._hourly, self._capped):
            terms = self._terms(watch)
            self._tell(watch, watch.judge(uptime_ms, blind or terms.load is None, terms))

    def _judge_permit(self, held, uptime_ms):
        if 0 < held.heartbeat_ms <= uptime_ms - self._beat_at:
            # who is reached by nobody cannot say whose fault it is; a broker that answers can
            self._feed(limiter.LOST, "operator_outage" if self._is_linked() else "connection_lost")
        if held.is_over(*self._clock.range_ms(held.clock_ms)):
            self._feed(limiter.EXPIRED, "expired")

    def _reduce(self, held, uptime_ms):
        """While the frequency is low, until the schedule's end."""
        terms = order = None
        if held and not held.is_over(*self._clock.range_ms(held.clock_ms)):
            terms, order = held.reduction, [held.digest[:16], held.serial]
        if self._reduction is None:
            if not (terms or self._stages.limited(_FREQUENCY)):
                return
            # Imported when needed: few sites have a relay.
            from gateway.limit.frequency import Reduction

            self._reduction = Reduction(self._stages, _FREQUENCY, self._contacts)
        for cause, acts, ids in self._reduction.judge(uptime_ms, terms, order):
            states = [self._permit, self._hourly.state]
            self._event(self._hourly, cause, states, ids, acts)

    def _feed(self, what, cause):
        before = self._permit
        self._permit = limiter.permit_after(before, what)
        if self._permit != before:
            self._event(self._hourly, cause, [before, self._hourly.state], [])
            self._keep()

    def _spare(self, uptime_ms):
        """What would be open draws on: that is not to be held against the rest."""
        if not self._schedule.enforced:
            self._spared += self._spared_w() * (uptime_ms - self._spared_at)
        self._spared_at = uptime_ms

    def _spared_w(self):
        return sum([self._loads.power_w(stage_id) or 0 for stage_id in self._hourly.open])

    def _terms(self, watch) -> Terms:
        if watch.owner == _SETPOINT:
            return self._terms_of_setpoint()
        held = self._schedule
        if held is None:
            return Terms(None, None, 0, None, _MANNERS, False, None)
        range_ms = self._clock.range_ms(held.clock_ms)
        _, since_ms, period_ms = held.period(self._clock.now_ms())
        left_ms = period_ms - since_ms
        power_w = self._loads.power_w(_SITE)
        load = None
        if power_w is not None:
            load = self._loads.used_wh(), power_w, left_ms
            if not held.enforced:
                used_wh = max(0, load[0] - self._spared // 3_600_000)
                load = used_wh, max(0, power_w - self._spared_w()), left_ms
        return Terms(
            self._limit(held, range_ms, 0),
            self._limit(held, range_ms, left_ms),
            period_ms,
            load,
            held.manners(range_ms, False),
            bool(held.enforced),
            [held.digest[:16], held.serial],
        )

    def _limit(self, held, range_ms, in_ms):
        earliest_ms, latest_ms = range_ms
        scheduled = held.limit(earliest_ms + in_ms, latest_ms and latest_ms + in_ms)
        # nobody gains by cutting the line
        return limiter.holding(self._permit, scheduled, limiter.lower(scheduled, held.fail_safe))

    def _terms_of_setpoint(self):
        held, point = self._schedule, self._setpoint
        limit = (_ANY_WH, point[2]) if point else None
        parts = [self._loads.power_w(place) for place in self._capped.only or (_SITE,)]
        load = None if None in parts else (0, sum(parts), 0)
        manners = _MANNERS
        if held:
            manners = held.manners(self._clock.range_ms(held.clock_ms), True)
        return Terms(limit, limit, 0, load, manners, True, point[:2] if point else None)

    def _end_setpoint(self, reason):
        point = self._setpoint
        if not point:
            return
        self._tell(self._capped, self._capped.let_go(self._terms(self._capped)))
        self._setpoint = None
        result = records.FAILED if reason else records.RESTORED
        self._bill(records.command(self._clock.now_ms(), point[:2], result, reason))

    # ---- events and flash --------------------------------------------------------------------

    def _tell(self, watch, told):
        for cause, before, stages in told:
            self._event(watch, cause, [self._permit, before], stages)
        if told:
            self._keep()

    def _event(self, watch, cause, before, stages, acts=None):
        """`limiter-event` of docs/wire-format.cddl; `before`: the states."""
        terms = self._terms(watch)
        if acts is None:
            acts = terms.acts
        limit, load = terms.limit, terms.load
        body = {
            0: before,
            1: [self._permit, watch.state],
            2: cause,
            3: limit and [None if limit[0] == _ANY_WH else limit[0], limit[1]],
            4: load and [load[0], limiter.expected_wh(*load), load[1]],
            5: 1 if acts else 0,
            6: self._schedule.serial if self._schedule else 0,
            7: list(stages),
        }
        if watch.owner == _SETPOINT and self._setpoint:
            body[8] = self._setpoint[0]
        self._bill(records.event(self._clock.now_ms(), 16, body))

    def _acknowledge(self, digest, result, reason=None):
        """`schedule-event` of docs/wire-format.cddl."""
        body = {0: digest, 1: self._schedule.serial if self._schedule else 0, 2: result}
        if reason:
            body[3] = reason
        self._bill(records.event(self._clock.now_ms(), 17, body))

    def _refuse(self, message, reason):
        log("schedule refused: " + reason)
        digest = hashlib.sha256(message).digest()
        if self._refusals.tells(digest):
            self._acknowledge(digest, _REFUSED, reason)

    def _keep(self):
        kept = [
            self._schedule.serial if self._schedule else 0,
            self._permit,
            self._beat_ms,
            self._hourly.kept(),
            self._capped.kept(),
            self._setpoint,
            self._loads.kept(),
        ]
        self._journal.put_cell(_CELL, cbor.encode(kept))

    def _restore(self):
        """After a start. Power may have failed when a schedule was in flash, and nothing else."""
        serial = 0
        hourly: list = [[], {}]
        capped: list = [[], {}]
        cell = self._journal.get_cell(_CELL)
        if cell:
            kept = cbor.decode(cell)
            serial, self._permit, self._beat_ms, hourly, capped, self._setpoint = kept[:6]
            self._loads.restore(kept[6])
        self._capped.only = self._setpoint and self._setpoint[4]
        self._hourly.restore(hourly, self._terms(self._hourly))
        self._capped.restore(capped, self._terms(self._capped))
        if self._clock.known() and self._beat_ms:
            self._beat_at -= max(0, self._clock.now_ms() - self._beat_ms)
        held = self._schedule
        if held:
            self._acknowledge(held.digest, held.enforced)
            if held.serial != serial:
                self._take_up()
