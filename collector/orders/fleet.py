"""What moves in each zone, and may: the ramps of all orders together, looked at once a run."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from collector.checks import meters
from collector.checks.meters import POWER
from collector.model.order import Step
from collector.model.records import Meter, Site, ZoneRamp
from collector.orders.loads import capped, setpoint_over_ms, stage_load
from collector.orders.order import Cut, Order, Part, Sent
from collector.orders.pace import Pace
from collector.orders.ramp import Ramp, Span, Wave, apart_ms, in_turn
from collector.registry.return_slots import return_slots
from collector.registry.view import View
from collector.series.store import SeriesStore

Loads = Mapping[str, int | None]
"""W by stage; None: nobody knows. Of a setpoint what it takes off, under `CAPPED`."""
CAPPED = "capped"
LOADS, SHED, STEP = "loads_w", "shed_w", "step_ms"
"""Details of `issued`: what each stage brings back, what of it the command sheds, and how far apart
the stages return. Each is absent where no ramp asks, or nobody knows.
"""
_MINUTE_MS = 60_000
_LATE_MS = 1_000
"""By so much stages of one gateway may come closer to each other than their step."""
_FREQUENCY = "frequency"
_HZ_IN_MHZ = 1000
_LIMITER_RAMP_MS = (10_000, 1_000)
"""Offset and step by which a gateway without slots brings back what its own limit opened."""


@dataclass
class _Zone:
    """`is_closed`: something waits that came first, so nothing else returns before it.

    `shed_w`: when each load of the zone was ordered off (Unix ms), and how much, W.
    """

    rule: ZoneRamp
    shed: Ramp | None
    back: Ramp | None
    pace: Pace | None = None
    shed_w: list[tuple[int, int]] = field(default_factory=list)
    is_shed_closed: bool = False
    is_back_closed: bool = False
    has_untried: bool = False
    after_ms: dict[int, int] = field(default_factory=dict)


class Fleet:
    """Made anew for each run of the desk, from what is kept: a killed collector forgets nothing.

    What was said of a part in a run is said again: work that comes to write is begun anew.
    A zone without a `zone_ramp` has no bounds. What nobody measures counts as much as may move at
    once.
    """

    def __init__(
        self, view: View, series: SeriesStore, orders: Iterable[Order], now_ms: int
    ) -> None:
        self._view = view
        self._series = series
        self._now_ms = now_ms
        rules = {rule.zone: rule for rule in view.holding(ZoneRamp, now_ms)}
        self._zones = {name: self._zone(rule) for name, rule in rules.items()}
        self._held: dict[str, bool] = {}
        self._cycles_ms: dict[str, int] = {}
        self._said: dict[tuple[str, bytes, int | str], bool] = {}
        self._ends_ms: dict[tuple[bytes, int], int] = {}
        self.wakes_ms: int | None = None
        """When a shed that waits may have its turn: the desk is to look then."""
        if not self._zones:
            return
        for order in orders:
            for part in order.parts:
                if (zone := self._of(part.cut.site)) is not None:
                    self._remember(zone, part)
        for zone in self._zones.values():
            rule = zone.rule
            if rule.shed_step_w is not None and rule.shed_every_s is not None:
                every_ms = rule.shed_every_s * 1000
                zone.pace = Pace(rule.shed_step_w, every_ms, zone.shed_w, now_ms)

    def is_bound(self, site: str) -> bool:
        """Whether its zone has a ramp."""
        return self._of(site) is not None

    def stage_w(self, site: str, stage: int) -> int | None:
        """What it draws now; None: nobody knows."""
        return stage_load(self._view, self._series, site, stage, self._now_ms).power_w

    def capped_w(self, cut: Cut) -> int | None:
        """What its setpoint takes off now; None: nobody knows."""
        found = capped(self._view, self._series, cut, self._now_ms)
        return None if found is None else found.shed_w

    def step_ms(self, site: str, loads: Loads) -> int | None:
        """How far apart its stages must return; None: by the policy's step.

        Those that together are more than returns in a minute come one by one, so that no minute has
        more of them.
        """
        zone, usual_ms = self._of(site), self._view.policy.ramp_step_ms
        if zone is None or zone.back is None:
            return None
        most_w = zone.rule.ordered_w_per_min or 0
        each_w = _known(loads.values(), most_w)
        if sum(each_w) <= most_w or len(each_w) < 2:
            return None
        return max(usual_ms, apart_ms(each_w, most_w, _MINUTE_MS + _LATE_MS))

    def said(self, site: str, loads: Loads, moving: Collection[int]) -> dict[str, Any]:
        """The details of a command that moves these of its stages."""
        shed_w = [loads[key] for key in loads if key == CAPPED or int(key) in moving]
        known: dict[str, Any] = {LOADS: dict(loads)} if loads else {}
        if loads and None not in shed_w:
            known[SHED] = sum(_known(shed_w, 0))
        if (step_ms := self.step_ms(site, loads)) is not None:
            known[STEP] = step_ms
        return known

    def may_shed(self, order: Order, part: Part, load_w: int | None) -> bool:
        """Whether a command may be signed now that sheds so much; if so it is counted."""
        return self._once(("shed", order.id, part.number), lambda: self._may_shed(part, load_w))

    def may_shed_at_once(
        self,
        order: Order,
        zone: str,
        parts: Sequence[Part],
        loads: Sequence[Loads],
        end_ms: int,
    ) -> bool:
        """Whether one message may open all of a zone: in one step, and at its end back in one."""
        return self._once(
            ("zone", order.id, zone), lambda: self._may_shed_at_once(zone, parts, loads, end_ms)
        )

    def may_return(self, order: Order, part: Part) -> bool:
        """Whether a release may be signed now; if so it is counted.

        Those that were never asked come before those that did not answer.
        """
        return self._once(("back", order.id, part.number), lambda: self._may_return(part))

    def end_ms(self, order: Order, part: Part, loads: Loads, end_ms: int, latest_ms: int) -> int:
        """When a part ends by itself, so that those which end together return by the ramp.

        From its end on; before it where that were later than its authority allows.
        """
        key = (order.id, part.number)
        if key not in self._ends_ms:
            self._ends_ms[key] = self._end_ms(part, loads, end_ms, latest_ms)
        return self._ends_ms[key]

    def _once(self, key: tuple[str, bytes, int | str], ask: Callable[[], bool]) -> bool:
        if key not in self._said:
            self._said[key] = ask()
        return self._said[key]

    def _may_shed(self, part: Part, load_w: int | None) -> bool:
        zone = self._of(part.cut.site)
        if zone is None or zone.shed is None:
            return True
        most_w = zone.rule.shed_step_w or 0
        span = Span(self._now_ms, self._given_up_ms(), most_w if load_w is None else load_w)
        if zone.is_shed_closed:
            return False
        is_due = zone.pace is None or zone.pace.allows(span.load_w)
        if not is_due or not zone.shed.fits(span):
            zone.is_shed_closed = True
            self._wake(zone.shed.room_ms(self._now_ms))
            self._wake(None if zone.pace is None else zone.pace.next_ms)
            return False
        zone.shed.add(span)
        if zone.pace is not None:
            zone.pace.add(span.load_w)
        return True

    def _wake(self, at_ms: int | None) -> None:
        if at_ms is not None:
            self.wakes_ms = at_ms if self.wakes_ms is None else min(self.wakes_ms, at_ms)

    def _may_shed_at_once(
        self, name: str, parts: Sequence[Part], loads: Sequence[Loads], end_ms: int
    ) -> bool:
        zone = self._zones.get(name)
        if zone is None or (zone.shed is None and zone.back is None):
            return True
        each_w = [load_w for of_it in loads for load_w in of_it.values()]
        if None in each_w or zone.is_shed_closed:
            return False
        load_w = sum(_known(each_w, 0))
        spread_ms = max(self._spread_ms(part) for part in parts)
        shed = Span(self._now_ms, self._given_up_ms(), load_w)
        back = Span(end_ms, end_ms + spread_ms, load_w)
        ways = (
            (zone.shed, zone.rule.shed_step_w, shed),
            (zone.back, zone.rule.ordered_w_per_min, back),
        )
        bound = [(ramp, most_w or 0, span) for ramp, most_w, span in ways if ramp is not None]
        if any(load_w > most_w or not ramp.fits(span) for ramp, most_w, span in bound):
            return False
        if zone.pace is not None:
            if not zone.pace.allows(load_w):
                return False
            zone.pace.add(load_w)
        for ramp, _, span in bound:
            ramp.add(span)
        return True

    def _may_return(self, part: Part) -> bool:
        zone = self._of(part.cut.site)
        if zone is None:
            return True
        if self._is_held(zone.rule):
            return False
        if zone.back is None:
            return True
        if zone.has_untried and part.newest_release is not None:
            return False
        spans = self._issued_wave(zone, part).spans(self._now_ms, self._given_up_ms())
        if zone.is_back_closed or not zone.back.fit(spans):
            zone.is_back_closed = True
            return False
        zone.back.add(*spans)
        return True

    def _end_ms(self, part: Part, loads: Loads, end_ms: int, latest_ms: int) -> int:
        zone = self._of(part.cut.site)
        if zone is None or zone.back is None:
            return end_ms
        wave = self._wave(zone, part, loads, self.step_ms(part.cut.site, loads))
        found = zone.back.first(wave, max(zone.after_ms.get(end_ms, 0), end_ms))
        zone.after_ms[end_ms] = found
        if found > latest_ms:
            before = zone.back.last(wave, min(end_ms, latest_ms), self._now_ms)
            found = end_ms if before is None else before
        zone.back.add(*wave.spans(found))
        return found

    def _of(self, site: str) -> _Zone | None:
        known = self._view.all(Site).get(site)
        return None if known is None else self._zones.get(known.zone)

    def _zone(self, rule: ZoneRamp) -> _Zone:
        shed = back = None
        if rule.shed_step_w is not None:
            shed = Ramp(rule.shed_step_w, rule.shed_step_s * 1000)
        if rule.ordered_w_per_min is not None:
            back = Ramp(rule.ordered_w_per_min, _MINUTE_MS)
        return _Zone(rule, shed, back)

    def _remember(self, zone: _Zone, part: Part) -> None:
        """What of it has moved a short while ago, may move now, or will by itself."""
        if zone.shed is not None and (span := self._shed_span(zone, part)) is not None:
            zone.shed.add(span)
        if zone.shed is not None and (begun := self._shed_at(zone, part)) is not None:
            zone.shed_w.append(begun)
        if zone.back is not None:
            zone.back.add(*self._back_spans(zone, part))
        if part.step is Step.RELEASED and part.newest_release is None:
            zone.has_untried = True

    def _shed_span(self, zone: _Zone, part: Part) -> Span | None:
        sent = part.newest_hold
        if sent is None:
            return None
        first_ms = next(each.issued_ms for each in part.commands if each.is_hold)
        applied = part.steps.get(Step.APPLIED)
        until_ms = self._answerable_ms(sent) if applied is None else applied.recorded_ms
        if part.cut.cap_w is not None:
            until_ms += setpoint_over_ms(self._view.policy)
        if until_ms <= self._now_ms - zone.rule.shed_step_s * 1000:
            return None
        most_w = zone.rule.shed_step_w or 0
        shed_w = part.steps[Step.ISSUED].details.get(SHED, most_w)
        return Span(min(first_ms, until_ms), until_ms, shed_w)

    def _shed_at(self, zone: _Zone, part: Part) -> tuple[int, int] | None:
        """When it was first ordered off, and how much; None: it was not, or did not obey."""
        first = next((each for each in part.commands if each.is_hold), None)
        if first is None or part.step in (Step.REJECTED, Step.FAILED):
            return None
        most_w = zone.rule.shed_step_w or 0
        return first.issued_ms, part.steps[Step.ISSUED].details.get(SHED, most_w)

    def _back_spans(self, zone: _Zone, part: Part) -> Iterator[Span]:
        restored = part.steps.get(Step.RESTORED)
        sent = part.newest_release
        if sent is not None:
            from_ms, until_ms = sent.issued_ms, self._answerable_ms(sent)
        elif part.until_ms is None or part.step in (Step.SUPERSEDED, Step.REJECTED):
            return
        else:
            from_ms = until_ms = part.until_ms
        for span in self._issued_wave(zone, part).spans(from_ms, until_ms):
            last_ms = span.until_ms
            if restored is not None:
                last_ms = min(last_ms, max(restored.recorded_ms, from_ms))
            if last_ms > self._now_ms - _MINUTE_MS:
                yield Span(min(span.from_ms, last_ms), last_ms, span.load_w)

    def _issued_wave(self, zone: _Zone, part: Part) -> Wave:
        """As its command to open says it."""
        issued = part.steps.get(Step.ISSUED)
        said = {} if issued is None else issued.details
        return self._wave(zone, part, said.get(LOADS, {}), said.get(STEP))

    def _wave(self, zone: _Zone, part: Part, loads: Loads, step_ms: int | None) -> Wave:
        """How its stages return: all in one, or each by itself, `step_ms` apart."""
        most_w = zone.rule.ordered_w_per_min or 0
        keys = [CAPPED] if part.cut.cap_w is not None else [*map(str, sorted(part.cut.stages))]
        each_w = _known((loads.get(key) for key in keys), most_w)
        if step_ms is None:
            # what nobody measures is one load, as much as may return at once
            is_known = all(loads.get(key) is not None for key in keys)
            return Wave(((0, sum(each_w) if is_known else most_w),), self._spread_ms(part))
        return in_turn(each_w, step_ms, _MINUTE_MS, self._spread_ms(part))

    def _answerable_ms(self, sent: Sent) -> int:
        """Until when it may be obeyed, and the answer be on its way."""
        return sent.expires_ms + int(self._view.policy.late_s * 1000)

    def _given_up_ms(self) -> int:
        policy = self._view.policy
        return self._now_ms + policy.command_ttl_s * 1000 + int(policy.late_s * 1000)

    def _spread_ms(self, part: Part) -> int:
        """How much later than its turn a gateway's last stage may close."""
        policy = self._view.policy
        known = self._view.all(Site).get(part.cut.site)
        rests = [stage.min_off_ms for stage in known.stages] if known is not None else []
        offset_ms, step_ms, count = policy.ramp_offset_ms, policy.ramp_step_ms, len(part.cut.stages)
        if part.cut.cap_w is not None:
            (offset_ms, step_ms), count = _LIMITER_RAMP_MS, len(rests)
        ramp_ms = offset_ms + step_ms * max(count - 1, 0)
        if part.cut.cap_w is not None and known is not None:
            ramp_ms = max(ramp_ms, self._cycle_ms(known.zone))
        return ramp_ms + max(rests, default=0)

    def _cycle_ms(self, zone: str) -> int:
        """How long the slots take in which its gateways let load return by themselves."""
        if zone not in self._cycles_ms:
            slots = return_slots(self._view, zone, self._now_ms)
            self._cycles_ms[zone] = 0 if slots is None else slots.cycle_ms
        return self._cycles_ms[zone]

    def _is_held(self, rule: ZoneRamp) -> bool:
        """Whether the frequency, or the zone's draw, says that nothing may return now."""
        if rule.zone not in self._held:
            self._held[rule.zone] = self._says_no(rule)
        return self._held[rule.zone]

    def _says_no(self, rule: ZoneRamp) -> bool:
        metered = [
            meter
            for site in self._view.all(Site).values()
            if site.zone == rule.zone
            for meter in self._view.delivery_meters(site.name, self._now_ms)
        ]
        if rule.hold_below_mhz is not None:
            found = self._fresh(metered, _FREQUENCY)
            if found and round(median(found) * _HZ_IN_MHZ) < rule.hold_below_mhz:
                return True
        if rule.hold_above_w is not None:
            return sum(self._fresh(metered, POWER)) > rule.hold_above_w
        return False

    def _fresh(self, metered: Iterable[Meter], quantity: str) -> list[float]:
        points = (meters.fresh(self._view, self._series, each, self._now_ms) for each in metered)
        values = (point.believed(quantity) for point in points if point is not None)
        return [value for value in values if value is not None]


def _known(loads_w: Iterable[int | None], unknown_w: int) -> list[int]:
    """What nobody measured is as much as may move at once."""
    return [unknown_w if load_w is None else load_w for load_w in loads_w]
