"""Closes delivery periods, and closes again those of which data or the register say otherwise."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import structlog
from sqlalchemy import Connection

from collector.checks import findings, periods, turns
from collector.checks.allocation import Holder, PeriodOutcome, PeriodResult, close_period
from collector.checks.allowance import Allowance, Known
from collector.checks.changes import Due
from collector.checks.findings import Finding
from collector.checks.metered import Hung, PeriodMetering
from collector.checks.period_findings import code_of, details_of, finding_of, of_sites
from collector.checks.periods import SupersededError
from collector.checks.prescribed import allowance_of, known, known_allocations
from collector.intervals.energy import first_snapshot
from collector.intervals.follower import IntervalFollower
from collector.ledger.followers import followed_until
from collector.model.records import Allocation, Meter, Site
from collector.registry import entitlements
from collector.registry.view import View

log = structlog.get_logger()

_CLOSE_AT_ONCE = 1000


@dataclass(frozen=True)
class Closed:
    """A period as it was judged now, and as before."""

    result: PeriodResult
    earlier: PeriodResult | None
    found: tuple[Finding, ...]


class Ending:
    """Closes the periods that have ended and can be judged, each holder's in order."""

    def __init__(self) -> None:
        self._next: dict[tuple[str, str], int] = {}
        """When the next period of a holder begins that is to be closed, as it was last seen."""
        self._looked_back: set[tuple[str, str]] = set()
        """Whose readings before his first closed period are known to be none."""

    def judge(
        self,
        connection: Connection,
        view: View,
        those: Iterable[Holder],
        now_ms: int,
        began_ms: int,
    ) -> Iterator[list[Closed]]:
        """One period of each holder after another, at most so many a run.

        A period is unmeasured when all that came until `late_s` after its end has been followed,
        and as long after `began_ms`, when this collector began to take in what had waited for it.
        """
        period_ms = view.market.period_ms
        starts = {}
        for holder in those:
            start_ms = self._start(connection, view, holder, now_ms)
            if start_ms is not None and start_ms + period_ms <= now_ms:
                starts[holder] = start_ms
        waited_ms = self._waited_ms(connection, view, now_ms) if starts else 0
        for _ in range(_CLOSE_AT_ONCE):
            if not starts:
                return
            closed = []
            first_ms = min(starts.values())
            now = [holder for holder, start_ms in starts.items() if start_ms == first_ms]
            end_ms = first_ms + period_ms
            is_waited_for = waited_ms < max(end_ms, began_ms)
            hung = {holder: hung_at(view, holder.sites, first_ms, end_ms) for holder in now}
            judged = _Judging.read(connection, view, hung, first_ms, end_ms)
            for holder in now:
                one = judged.close(holder, hung[holder], None)
                if is_waited_for and one.result.measured_wh is None:
                    del starts[holder]
                    continue
                closed.append(one)
                starts[holder] = end_ms
                if end_ms + period_ms > now_ms:
                    del starts[holder]
            if closed:
                yield closed

    def look_back(self, told: Iterable[tuple[str, str]]) -> None:
        """Of these, licensee and zone, readings came that may be of periods before the first."""
        self._looked_back -= set(told)

    def unseen(self, those: Iterable[Holder]) -> list[Holder]:
        """Whose readings before the first closed period are to be looked for."""
        return [each for each in those if (each.licensee, each.zone) not in self._looked_back]

    def judge_earlier(
        self, connection: Connection, view: View, holder: Holder, now_ms: int
    ) -> Iterator[list[Closed]]:
        """Periods before the first closed one, whose readings came after it was closed: in whatever
        order they come, the same periods are closed.
        """
        first_closed = periods.first_closed(connection, holder.licensee, _zones(view, holder))
        first_ms = _first_period(connection, view, holder, now_ms)
        if first_closed is not None and first_ms is not None:
            missing = range(first_ms, first_closed, view.market.period_ms)
            for start_ms in reversed(missing[-_CLOSE_AT_ONCE:]):
                end_ms = start_ms + view.market.period_ms
                hung = {holder: hung_at(view, holder.sites, start_ms, end_ms)}
                judged = _Judging.read(connection, view, hung, start_ms, end_ms)
                yield [judged.close(holder, hung[holder], None)]
            if len(missing) > _CLOSE_AT_ONCE:
                return
        self._looked_back.add((holder.licensee, holder.zone))

    def kept(self, closed: Closed, period_ms: int) -> None:
        result = closed.result
        key, after_ms = (result.licensee, result.zone), result.start_ms + period_ms
        self._next[key] = max(self._next.get(key, after_ms), after_ms)

    def _start(self, connection: Connection, view: View, holder: Holder, now_ms: int) -> int | None:
        key = (holder.licensee, holder.zone)
        if key not in self._next:
            last = periods.last_closed(connection, holder.licensee, _zones(view, holder))
            if last is None:
                return _first_period(connection, view, holder, now_ms)
            self._next[key] = last + view.market.period_ms
        return self._next[key]

    @staticmethod
    def _waited_ms(connection: Connection, view: View, now_ms: int) -> int:
        """Until when whatever was to come has come, and was followed."""
        known_ms = followed_until(connection, IntervalFollower.name, now_ms)
        return known_ms - int(view.policy.late_s * 1000)


@dataclass(frozen=True)
class _Judging:
    """A period's energy and entitlements, for several holders."""

    view: View
    metering: PeriodMetering
    bought: Mapping[str, Mapping[str, list[Known[Allocation]]]]

    @classmethod
    def read(
        cls,
        connection: Connection,
        view: View,
        hung: Mapping[Holder, Hung],
        start_ms: int,
        end_ms: int,
    ) -> "_Judging":
        metering = PeriodMetering.read(connection, view, hung.values(), start_ms, end_ms)
        zones = {holder.zone for holder in hung}
        return cls(
            view,
            metering,
            {zone: known_allocations(connection, zone, start_ms) for zone in zones},
        )

    def close(self, holder: Holder, hung: Hung, earlier: PeriodResult | None) -> Closed:
        metering = self.metering
        bought = self.bought[holder.zone].get(holder.licensee, [])
        metered = metering.delivery_meters(hung)
        result = close_period(
            holder,
            metering.start_ms,
            metering.end_ms,
            allowance_of(self.view, holder, bought, metering.start_ms),
            metered,
            metering.behind(hung),
        )
        found = [*turns.of_meters(holder.sites, metered)]
        if result.outcome is not PeriodOutcome.UNMEASURED:
            sources = {entry.record.source for entry in bought}
            found += of_sites(self.view, metering, hung, sources)
        return Closed(result, earlier, tuple(found))


def completed(connection: Connection, those: Iterable[Holder]) -> Iterator[Due]:
    """Unmeasured periods whose missing readings have come since, of each holder at most so many."""
    waiting = periods.waiting(connection)
    for holder in those:
        if (holder.licensee, holder.zone) in waiting:
            for earlier in periods.completed(connection, holder, _CLOSE_AT_ONCE):
                yield holder, earlier.start_ms


def judge_again(connection: Connection, view: View, due: Iterable[Due]) -> Iterator[Closed]:
    """Closed periods by what is known now of the meters, and by the register as it stands.

    A site that changed hands since is still whose it was: the register does not date that.
    """
    by_start: dict[int, list[PeriodResult]] = {}
    for holder, start_ms in due:
        for earlier in periods.of_starts(connection, holder, (start_ms,)):
            by_start.setdefault(start_ms, []).append(earlier)
    for start_ms, all_ in sorted(by_start.items()):
        for end_ms in sorted({each.end_ms for each in all_}):
            those = {_holder(each): each for each in all_ if each.end_ms == end_ms}
            hung = {
                holder: _hung_again(connection, view, earlier) for holder, earlier in those.items()
            }
            judged = _Judging.read(connection, view, hung, start_ms, end_ms)
            for holder, earlier in those.items():
                yield judged.close(holder, hung[holder], earlier)


def keep(connection: Connection, closed: Closed, now_ms: int) -> None:
    """Store it with its findings; one closed again, only if it came out otherwise."""
    result, earlier = closed.result, closed.earlier
    if earlier is not None and not is_otherwise(earlier, result):
        return
    try:
        version = periods.keep(connection, result, earlier, now_ms)
    except SupersededError as error:
        log.warning("period.superseded", text=str(error))
        return
    log.info(
        "period.closed",
        outcome=result.outcome,
        version=version,
        earlier=None if earlier is None else earlier.outcome,
        licensee=result.licensee,
        **details_of(result, version),
    )
    before = None if earlier is None else finding_of(earlier, earlier.version)
    if before is not None and before.code != code_of(result):
        why = f"closed again: {result.outcome}"
        findings.resolve(
            connection, before.code, before.subject, before.first_ms, why, before.last_ms
        )
    for found in (finding_of(result, version), *closed.found):
        if found is not None:
            findings.keep(connection, found)


_DECIDING = (
    "outcome",
    "allowed_wh",
    "tolerance_wh",
    "measured_wh",
    "missing",
    "meters",
    "breaks",
    "operational",
    "generation_wh",
    "export_wh",
)


def is_otherwise(earlier: PeriodResult, later: PeriodResult) -> bool:
    """Whether a judgement, or what it rests on, came out otherwise.

    By how much the boundaries may be off is known better when the next reading has come: that
    alone is no other judgement.
    """
    return any(getattr(earlier, name) != getattr(later, name) for name in _DECIDING)


def allowance_for(connection: Connection, view: View, holder: Holder, start_ms: int) -> Allowance:
    """What a holder may draw in a period, as it is known now."""
    bought = entitlements.allocations(connection, holder.licensee, holder.zone, start_ms)
    return allowance_of(view, holder, [known(version) for version in bought], start_ms)


def allowed_wh(connection: Connection, view: View, holder: Holder, start_ms: int) -> Fraction:
    """Energy bought for the period; nothing bought is nothing allowed."""
    return allowance_for(connection, view, holder, start_ms).bought_wh


def delivery_meters(view: View, holder: Holder, at_ms: int) -> list[Meter]:
    return [meter for site in holder.sites for meter in view.delivery_meters(site, at_ms)]


def hung_at(view: View, sites: Iterable[str], start_ms: int, end_ms: int) -> Hung:
    return {site: view.delivery_meters_between(site, start_ms, end_ms) for site in sites}


def _hung_again(connection: Connection, view: View, earlier: PeriodResult) -> Hung:
    """The meters that hung then, as is known now.

    One that was entered since counts if it was read by then, or began within the period.
    """
    start_ms = earlier.start_ms

    def counts(meter: Meter) -> bool:
        if meter.serial in earlier.meters or meter.valid_from > start_ms:
            return True
        first = first_snapshot(connection, meter.serial)
        return first is not None and first.at_ms <= start_ms

    hung = hung_at(view, earlier.sites, start_ms, earlier.end_ms)
    return {site: [meter for meter in meters if counts(meter)] for site, meters in hung.items()}


def _zones(view: View, holder: Holder) -> set[str]:
    """By which his periods may be kept: the zones of his sites may have been sold apart before."""
    return {holder.zone, *(view.one(Site, name).zone for name in holder.sites)}


def _holder(result: PeriodResult) -> Holder:
    return Holder(result.licensee, result.zone, result.sites)


def _first_period(connection: Connection, view: View, holder: Holder, now_ms: int) -> int | None:
    """The first period that began after every delivery meter was first read."""
    newest_ms = None
    for meter in delivery_meters(view, holder, now_ms):
        first = first_snapshot(connection, meter.serial)
        if first is None:
            return None
        newest_ms = first.at_ms if newest_ms is None else max(newest_ms, first.at_ms)
    if newest_ms is None:
        return None
    start_ms = view.market.period_start(newest_ms)
    return start_ms if start_ms == newest_ms else start_ms + view.market.period_ms
