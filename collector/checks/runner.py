"""Runs the checks at a moment: closes periods, looks ahead, judges sites.

What is judged is read from connections that never wait for a writer; what was found is then kept in
short transactions. When many things are judged at once and one of them cannot be, each is judged by
itself: nobody is kept from it by another.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from collector.checks import (
    changes,
    closing,
    corrections,
    findings,
    gateways,
    now,
    rollouts,
    rounds,
    silence,
    sites,
)
from collector.checks.allocation import Holder
from collector.checks.closing import Closed
from collector.checks.codes import Code, Round
from collector.checks.findings import Finding
from collector.checks.grey import judging
from collector.checks.grey.daily import DailyFeeders
from collector.checks.prescribed import holders
from collector.checks.scene import LatestOnce, Scene
from collector.checks.standing import StandingChecks
from collector.checks.storms import Silence
from collector.intervals.many import in_parts
from collector.intervals.running import RunningPeriod
from collector.model.records import Site
from collector.registry.store import Registry
from collector.registry.view import View
from collector.series.store import SeriesStore
from collector.storage import reading

log = structlog.get_logger()

T = TypeVar("T")
_HOLDERS_AT_ONCE = 200
_SITES_AT_ONCE = 500

SiteCheck = Callable[[Connection, Scene, Site], Iterable[Finding]]
SITE_CHECKS: tuple[SiteCheck, ...] = (
    sites.judge_export,
    now.judge_hours,
    now.judge_capacity,
)


class Checks:
    """`run` may be called at any time, any number of times; its first moment is remembered."""

    def __init__(self, engine: Engine, registry: Registry, series: SeriesStore) -> None:
        self._engine = engine
        self._registry = registry
        self._series = series
        self._began_ms: int | None = None
        self._ending = closing.Ending()
        self._running = RunningPeriod()
        self._feeders = DailyFeeders()
        self._standing = StandingChecks(engine)

    def run(self, now_ms: int) -> None:
        began_ms = self._began_ms = now_ms if self._began_ms is None else self._began_ms
        view = self._registry.view()
        self._note_changes(view)
        self._each(self._due(view), _subject_due, partial(self._close_again, view, now_ms))
        ending = partial(self._close_ended, view, now_ms, began_ms)
        self._each(holders(view), _subject, ending)
        earlier = partial(self._close_earlier, view, now_ms)
        self._each(self._ending.unseen(holders(view)), _subject, earlier)
        scene = Scene(view, LatestOnce(self._series), now_ms, began_ms, self._running)
        self._each(list(self._judge(scene)), _subject_of, self._keep_findings)
        self._standing.run(view, scene.series, now_ms, began_ms)
        self._judge_silence(scene)
        feeders = partial(self._judge_feeders, view, now_ms)
        self._each(self._feeders.next(view, now_ms), str, feeders)
        with reading(self._engine) as connection:
            is_news = findings.is_unopened(connection)
            is_news = is_news or rounds.is_worth_noting(connection, Round.RUN, now_ms)
        if is_news:
            with self._engine.begin() as connection:
                findings.note_opened(connection, now_ms)
                rounds.note(connection, Round.RUN, now_ms)

    def _note_changes(self, view: View) -> None:
        with reading(self._engine) as connection:
            found = changes.look(connection, view)
        self._ending.look_back(found.told)
        if found:
            with self._engine.begin() as connection:
                changes.note(connection, found, view.market.period_ms)

    def _due(self, view: View) -> list[changes.Due]:
        """Closed periods whose readings came, and those that a change bears on."""
        with reading(self._engine) as connection:
            marked = changes.due(connection, holders(view))
            return list(dict.fromkeys([*marked, *closing.completed(connection, holders(view))]))

    def _close_again(self, view: View, now_ms: int, due: Sequence[changes.Due]) -> None:
        with reading(self._engine) as connection:
            judged = list(closing.judge_again(connection, view, due))
        self._keep_periods(judged, view, now_ms, due)

    def _close_ended(self, view: View, now_ms: int, began_ms: int, those: Sequence[Holder]) -> None:
        with reading(self._engine) as connection:
            for closed in self._ending.judge(connection, view, those, now_ms, began_ms):
                self._keep_periods(closed, view, now_ms)

    def _close_earlier(self, view: View, now_ms: int, those: Sequence[Holder]) -> None:
        with reading(self._engine) as connection:
            for holder in those:
                for closed in self._ending.judge_earlier(connection, view, holder, now_ms):
                    self._keep_periods(closed, view, now_ms)

    def _keep_periods(
        self,
        closed: Sequence[Closed],
        view: View,
        now_ms: int,
        due: Sequence[changes.Due] = (),
    ) -> None:
        with self._engine.begin() as connection:
            for each in closed:
                closing.keep(connection, each, now_ms)
            if closed:
                changes.closed_until(connection, max(each.result.end_ms for each in closed))
            changes.take_away(connection, due)
        for each in closed:
            if each.earlier is None:
                self._ending.kept(each, view.market.period_ms)

    def _judge(self, scene: Scene) -> Iterator[Finding]:
        view = scene.view
        yield from self._found(holders(view), _subject, partial(now.look_ahead, scene))
        zones = sorted({holder.zone for holder in holders(view)})
        yield from self._found(zones, str, partial(now.judge_quotas, scene))
        whole = (gateways.judge_health, gateways.judge_forks, rollouts.judge, corrections.judge)
        for check in whole:
            yield from self._found(["gateways"], str, partial(_alone, check, scene))
        everywhere = list(view.all(Site).values())
        yield from self._found(everywhere, _name, partial(sites.judge_identities, scene))
        for each in SITE_CHECKS:
            yield from self._found(everywhere, _name, partial(_of_sites, each, scene))

    def _judge_feeders(self, view: View, now_ms: int, names: Sequence[str]) -> None:
        with reading(self._engine) as connection:
            found = [
                each
                for name in names
                for each in self._feeders.judge(connection, view, name, now_ms)
            ]
        if found:
            with self._engine.begin() as connection:
                judging.keep(connection, found)

    def _judge_silence(self, scene: Scene) -> None:
        """Of all sites before any is told: many by one cause are one finding."""
        policy, now_ms = scene.view.policy, scene.now_ms
        found: list[Silence] = []
        watched: Counter[str] = Counter()
        with reading(self._engine) as connection:
            known_ms = silence.known_until(connection, now_ms)

        def judge(those: Sequence[Site]) -> None:
            seen = [site for site in those if silence.is_watched(scene, site)]
            silent = [silence.judge(scene, site, known_ms) for site in seen]
            watched.update(site.zone for site in seen)
            found.extend(one for one in silent if one is not None)

        self._each(list(scene.view.all(Site).values()), _name, judge, _SITES_AT_ONCE)
        is_known = silence.is_known(policy, known_ms, scene.began_ms)
        with reading(self._engine) as connection:
            is_told = bool(found) or silence.may_go_on(connection, Code.UNREAD)
        if watched and is_known and is_told:
            with self._engine.begin() as connection:
                silence.keep(connection, Code.UNREAD, found, watched, policy, now_ms)

    def _found(
        self,
        things: Sequence[T],
        name: Callable[[T], str],
        work: Callable[[Connection, Sequence[T]], Iterable[Finding]],
    ) -> list[Finding]:
        """What a check finds of things, from one connection for many of them."""
        found: list[Finding] = []

        def judge(those: Sequence[T]) -> None:
            with reading(self._engine) as connection:
                found.extend(list(work(connection, those)))

        self._each(things, name, judge, _SITES_AT_ONCE)
        return found

    def _each(
        self,
        things: Sequence[T],
        name: Callable[[T], str],
        work: Callable[[Sequence[T]], None],
        at_once: int = _HOLDERS_AT_ONCE,
    ) -> None:
        """Do it for many at once; where that fails, for each by itself."""
        for part in in_parts(things, at_once):
            try:
                work(part)
            except OperationalError:
                raise  # the disk or a lock: nobody can be judged now
            except Exception as error:
                if len(part) == 1:
                    log.exception("checks.failed", subject=name(part[0]), error=str(error))
                else:
                    self._each(part, name, work, 1)

    def _keep_findings(self, found: Sequence[Finding]) -> None:
        with self._engine.begin() as connection:
            findings.keep_all(connection, found)


def _of_sites(
    check: SiteCheck, scene: Scene, connection: Connection, those: Sequence[Site]
) -> Iterator[Finding]:
    for site in those:
        yield from check(connection, scene, site)


def _alone(
    check: Callable[[Connection, View, int], Iterable[Finding]],
    scene: Scene,
    connection: Connection,
    _: Sequence[str],
) -> Iterable[Finding]:
    return check(connection, scene.view, scene.now_ms)


def _subject(holder: Holder) -> str:
    return f"{holder.licensee}/{holder.zone}"


def _subject_of(finding: Finding) -> str:
    return finding.subject


def _subject_due(due: changes.Due) -> str:
    return _subject(due[0])


def _name(site: Site) -> str:
    return site.name
