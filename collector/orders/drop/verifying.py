"""Gathers what a drop is judged by: samples, contacts, voltages. Judges first, and then again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from sqlalchemy import Connection

from collector.checks.meters import AHEAD_MS, POWER
from collector.intervals.interlocks import interlocks
from collector.model.order import JUDGED, DropCause, DropResult, Step
from collector.model.records import Meter, Site
from collector.orders.drop import contacts, setpoint, verification
from collector.orders.drop.measured import Contact, Evidence, Metered, Reading, StageEvidence
from collector.orders.drop.verdict import Verdict
from collector.orders.loads import setpoint_over_ms
from collector.orders.order import Part, StepRecord
from collector.registry.profiles import ProfileError, load_profile
from collector.registry.view import View
from collector.series.store import Point, SeriesStore

_PHASES = (
    ("voltage_l1", "voltage_l2", "voltage_l3"),
    ("voltage_l12", "voltage_l23", "voltage_l31"),
)
_TRIPPED = "tripped"
_WORSE = (DropResult.FULL, DropResult.PARTIAL, DropResult.NONE)


@dataclass(frozen=True)
class Judged:
    """A verdict with the windows, Unix ms, whose samples it rests on; of each meter `after_ms`
    begins later by its response. `upto`: the last frame in the ledger that it knew of; what comes
    late changes no verdict, and no certificate.
    """

    step: Step
    verdict: Verdict
    before_ms: tuple[int, int]
    after_ms: tuple[int, int]
    upto: int

    @property
    def details(self) -> dict[str, object]:
        windows = {"before_ms": list(self.before_ms), "after_ms": list(self.after_ms)}
        return {**self.verdict.details(), **windows, "upto": self.upto}


@dataclass(frozen=True)
class Judge:
    """Within one transaction, at one moment. `order`: the id of the one whose parts are judged."""

    connection: Connection
    view: View
    series: SeriesStore
    order: bytes
    now_ms: int

    def first(self, part: Part) -> Judged | None:
        """None while there are too few samples and time for more."""
        if part.cut.cap_w is not None:
            return self._first_of_cap(part)
        policy = self.view.policy
        timeout_ms = policy.verify_timeout_s * 1000
        settled_ms = self._settled_ms(part)
        after_ms = (settled_ms, settled_ms + timeout_ms)
        is_late = self.now_ms >= part.steps[Step.APPLIED].recorded_ms + timeout_ms
        if not is_late and self._is_early(part, settled_ms):
            return None
        evidence = self._evidence(part, after_ms)
        if evidence.silent(policy.min_samples) and not is_late:
            return None
        verdict = self._verdict(part, evidence, None)
        if verdict.cause is DropCause.NO_METER and not is_late:
            return None  # one may be entered yet, and what it measured be on its way
        return self._judged(part, Step.VERIFIED, verdict, evidence, after_ms)

    def _first_of_cap(self, part: Part) -> Judged | None:
        """At the cap: at once. Above it: when its time is over, for stage opens after stage."""
        policy = self.view.policy
        timeout_ms = policy.verify_timeout_s * 1000
        is_late = self.now_ms >= part.steps[Step.APPLIED].recorded_ms + timeout_ms
        settled_ms = self._settled_ms(part)
        until_ms = max(self._known_until_ms(part) or 0, settled_ms)
        after_ms = (max(until_ms - policy.before_window_s * 1000, settled_ms), until_ms)
        evidence = self._evidence(part, after_ms)
        if evidence.silent(policy.min_samples) and not is_late:
            return None
        verdict = self._verdict(part, evidence, None)
        if verdict.result is not DropResult.FULL and not is_late:
            return None
        return self._judged(part, Step.VERIFIED, verdict, evidence, after_ms)

    def _verdict(self, part: Part, evidence: Evidence, last: StepRecord | None) -> Verdict:
        if part.cut.cap_w is not None:
            return setpoint.judge(evidence, part.cut.cap_w, self.view.policy)
        return verification.judge(evidence, self.view.policy, None if last is None else _was(last))

    def again(self, part: Part) -> Judged | None:
        """What a cut that holds has become; None when nothing changed, or nothing new is known.

        Worse than it was judged last: rebounded. Its samples are not those of the last verdict.
        """
        policy = self.view.policy
        last = _last(part)
        until_ms = self._known_until_ms(part)
        window_ms = policy.before_window_s * 1000
        is_silent = until_ms is None or until_ms < self.now_ms - policy.verify_timeout_s * 1000
        if until_ms is None or is_silent:
            until_ms = self.now_ms
        judged_ms = last.details.get("after_ms", [0, self._settled_ms(part)])[1]
        from_ms = max(until_ms - window_ms, judged_ms, self._settled_ms(part))
        after_ms = (from_ms, until_ms)
        evidence = self._evidence(part, after_ms)
        if evidence.silent(policy.min_samples) and not is_silent:
            return None
        verdict = self._verdict(part, evidence, last)
        was = DropResult(last.details["result"])
        if (verdict.result, verdict.cause) == (was, last.details.get("cause")):
            return None
        if verdict.result is was and verdict.result is not DropResult.UNVERIFIABLE:
            return None  # the same by other words
        is_worse = (
            last.step is Step.VERIFIED
            and was in _WORSE
            and verdict.result in _WORSE
            and _WORSE.index(verdict.result) > _WORSE.index(was)
        )
        step = Step.REBOUNDED if is_worse else Step.VERIFIED
        return self._judged(part, step, verdict, evidence, after_ms)

    def _judged(
        self,
        part: Part,
        step: Step,
        verdict: Verdict,
        evidence: Evidence,
        after_ms: tuple[int, int],
    ) -> Judged:
        """The window ends behind the last sample."""
        moments = [
            meter.after[-1].at_ms
            for meter in (*evidence.delivery, *_meters(evidence.stages))
            if meter.after
        ]
        until_ms = min(after_ms[1], max(moments, default=after_ms[1] - 1) + 1)
        used = (*evidence.delivery, *evidence.others, *_meters(evidence.stages))
        positions = [each.position for meter in used for each in (*meter.before, *meter.after)]
        window_ms = (after_ms[0], until_ms)
        return Judged(step, verdict, self._before_ms(part), window_ms, max(positions, default=0))

    def _before_ms(self, part: Part) -> tuple[int, int]:
        """The gateway's clock, which times the samples, may be behind ours."""
        issued_ms = min(
            part.steps[step].at_ms for step in (Step.ISSUED, Step.RECEIVED) if step in part.steps
        )
        return issued_ms - self.view.policy.before_window_s * 1000, issued_ms

    def _settled_ms(self, part: Part) -> int:
        settle_ms = int(Fraction(self.view.policy.settle_s) * 1000)
        if part.cut.cap_w is not None:
            settle_ms += setpoint_over_ms(self.view.policy)
        return contact_record(part).at_ms + settle_ms

    def _known_until_ms(self, part: Part) -> int | None:
        """Behind the last moment of which every meter that must speak has spoken."""
        moments = []
        for meter in self.view.meters_of(part.cut.site, self.now_ms):
            if meter.point == "delivery" or meter.point in part.cut.stages:
                point = self.series.last_power(meter.serial, self.now_ms + AHEAD_MS)
                if point is None:
                    return None
                moments.append(point.at_ms)
        return min(moments) + 1 if moments else None

    def _is_early(self, part: Part, settled_ms: int) -> bool:
        """Whether nothing can be known yet: cheap, since it is asked of very many."""
        if self.now_ms < settled_ms:
            return True
        until_ms = self._known_until_ms(part)
        return until_ms is not None and until_ms <= settled_ms

    def _evidence(self, part: Part, after_ms: tuple[int, int]) -> Evidence:
        view, before_ms = self.view, self._before_ms(part)
        gateway, cut = part.cut.gateway, part.cut.stages
        metered = view.meters_of(part.cut.site, self.now_ms)
        site = view.one(Site, part.cut.site)
        others = contacts.moved_by_others(
            self.connection, site, part.cut, self.order, before_ms[0], after_ms[1]
        )
        opened_ms = contact_record(part).at_ms
        locks = interlocks(self.connection, gateway)

        def of(points: Iterable[object]) -> list[Metered]:
            wanted = set(points)
            found = [meter for meter in metered if meter.point in wanted]
            return [self._metered(meter, before_ms, after_ms) for meter in found]

        return Evidence(
            stages=[
                StageEvidence(
                    stage,
                    of([stage]),
                    self._contact(part, stage),
                    _TRIPPED in locks.get(stage, ())
                    or contacts.opened_by_itself(
                        self.connection, gateway, stage, before_ms[0], opened_ms
                    ),
                )
                for stage in cut
            ],
            delivery=of(["delivery"]),
            generation=of(["generation"]),
            others=of(others),
            is_dark=self._is_dark(metered, before_ms, after_ms),
        )

    def _contact(self, part: Part, stage: int) -> Contact:
        """Its last movement; a gateway that confirmed it may have sent none."""
        seen = contacts.contact(self.connection, part.cut.gateway, stage)
        if seen is not Contact.UNKNOWN:
            return seen
        is_confirmed = Step.CONTACT_CONFIRMED in part.steps
        return Contact.OPEN if is_confirmed else Contact.CLOSED

    def _metered(
        self, meter: Meter, before_ms: tuple[int, int], after_ms: tuple[int, int]
    ) -> Metered:
        quantum_w, response_ms = instrument(meter)
        if response_ms is None:
            response_ms = self.view.policy.drop.response_ms
        from_ms, until_ms = after_ms
        return Metered(
            meter.serial,
            readings(self.series.window(meter.serial, *before_ms)),
            readings(self.series.window(meter.serial, from_ms + response_ms, until_ms)),
            quantum_w,
            response_ms,
        )

    def _is_dark(
        self, metered: Sequence[Meter], before_ms: tuple[int, int], after_ms: tuple[int, int]
    ) -> bool | None:
        before_v: list[Fraction] = []
        after_v: list[Fraction] = []
        for meter in metered:
            if meter.point == "delivery":
                before_v += _voltages(self.series.window(meter.serial, *before_ms))
                after_v += _voltages(self.series.window(meter.serial, *after_ms))
        return verification.is_dark(before_v, after_v, self.view.policy)


def contact_record(part: Part) -> StepRecord:
    """The step at which its contacts, or if they never said so its outputs, were open."""
    return part.steps.get(Step.CONTACT_CONFIRMED) or part.steps[Step.APPLIED]


def readings(points: Iterable[Point]) -> list[Reading]:
    """Power as far as it is believed."""
    return [
        Reading(point.at_ms, Fraction(power_w), point.position)
        for point in points
        if (power_w := point.believed(POWER)) is not None
    ]


def instrument(meter: Meter) -> tuple[Fraction, int | None]:
    """By its profile: the step in which it tells power, W, and how old its value may be, ms."""
    return _instrument(meter.profile, Fraction(*meter.ct), Fraction(*meter.vt))


@lru_cache(maxsize=10_000)
def _instrument(profile: str, ct: Fraction, vt: Fraction) -> tuple[Fraction, int | None]:
    try:
        known = load_profile(profile)
    except ProfileError:
        return Fraction(0), None
    quanta = [
        register.quantum * register.ratio(ct, vt)
        for register in known.registers
        if register.name == POWER
    ]
    return max(quanta, default=Fraction(0)), known.instrument.update_ms


class Looks:
    """When each part was judged last. Lost with the process, which then only looks sooner."""

    def __init__(self) -> None:
        self._looked_ms: dict[tuple[bytes, int], int] = {}

    def are_due(self, order: bytes, number: int, look_s: int, now_ms: int) -> bool:
        return now_ms >= self._looked_ms.get((order, number), 0) + look_s * 1000

    def note(self, order: bytes, numbers: Collection[int], look_s: int, now_ms: int) -> None:
        """These were looked at: when that is kept, for a transaction may be done again."""
        for number in numbers:
            if self.are_due(order, number, look_s, now_ms):
                self._looked_ms[order, number] = now_ms

    def keep_only(self, orders: Collection[bytes]) -> None:
        self._looked_ms = {
            name: at_ms for name, at_ms in self._looked_ms.items() if name[0] in orders
        }


def _last(part: Part) -> StepRecord:
    return next(record for record in reversed(part.history) if record.step in JUDGED)


def _was(record: StepRecord) -> Mapping[int | None, DropResult]:
    stages = record.details.get("stages", ())
    found: dict[int | None, DropResult] = {
        each["stage"]: DropResult(each["result"]) for each in stages
    }
    return found | {None: DropResult(record.details["result"])}


def _meters(stages: Iterable[StageEvidence]) -> list[Metered]:
    return [meter for stage in stages for meter in stage.meters]


def _voltages(points: Iterable[Point]) -> list[Fraction]:
    """Of each point the mean of its phases."""
    found = []
    for point in points:
        for names in _PHASES:
            known = [value for name in names if (value := point.values.get(name)) is not None]
            if known:
                found.append(Fraction(sum(known)) / len(known))
                break
    return found
