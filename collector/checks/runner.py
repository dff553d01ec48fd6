"""Runs the checks at a moment: closes periods, looks ahead, judges sites."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from collector.checks import closing, findings, gateways, meters, silence, sites, turns
from collector.checks.allocation import Holder, project
from collector.checks.findings import Code, Finding
from collector.checks.standing import StandingChecks
from collector.checks.storms import Silence
from collector.model.records import Site
from collector.registry.store import Registry
from collector.registry.view import View
from collector.series.store import SeriesStore

log = structlog.get_logger()


class Checks:
    """`run` may be called at any time, any number of times; its first moment is remembered."""

    def __init__(self, engine: Engine, registry: Registry, series: SeriesStore) -> None:
        self._engine = engine
        self._registry = registry
        self._series = series
        self._began_ms: int | None = None
        self._standing = StandingChecks(engine)

    def run(self, now_ms: int) -> None:
        began_ms = self._began_ms = now_ms if self._began_ms is None else self._began_ms
        view = self._registry.view()
        for holder in holders(view):
            subject = f"{holder.licensee}/{holder.zone}"
            with self._guarded(subject) as connection:
                closing.close_again(connection, view, holder)
            with self._guarded(subject) as connection:
                closing.close_ended(connection, view, holder, now_ms, began_ms)
            with self._guarded(subject) as connection:
                self._look_ahead(connection, view, holder, now_ms)
        with self._guarded("gateways") as connection:
            gateways.judge_health(connection, view, now_ms)
            gateways.judge_forks(connection, view)
        self._standing.run(view, self._series, now_ms, began_ms)
        for site in view.all(Site).values():
            with self._guarded(site.name) as connection:
                for meter in view.meters_of(site.name, now_ms):
                    turns.judge_identity(connection, meter, now_ms)
            with self._guarded(site.name) as connection:
                sites.judge_export(connection, view, self._series, site, now_ms)
        self._judge_silence(view, now_ms, began_ms)
        with self._guarded("findings") as connection:
            findings.note_opened(connection, now_ms)

    def _judge_silence(self, view: View, now_ms: int, began_ms: int) -> None:
        """Of all sites before any is told: many by one cause are one finding."""
        found: list[Silence] = []
        watched: Counter[str] = Counter()
        for site in view.all(Site).values():
            with self._guarded(site.name) as connection:
                if silence.is_watched(self._series, view, site, now_ms):
                    watched[site.zone] += 1
                    one = silence.judge(connection, view, self._series, site, now_ms, began_ms)
                    found += [one] if one else []
        if watched:
            with self._guarded("silence") as connection:
                if silence.is_known(connection, view.policy, now_ms, began_ms):
                    silence.keep(connection, Code.UNREAD, found, watched, view.policy, now_ms)

    @contextmanager
    def _guarded(self, subject: str) -> Iterator[Connection]:
        """A transaction for one check of one subject: when it fails, all others are still made."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except OperationalError:
            raise  # the disk or a lock: nobody can be judged now
        except Exception as error:
            log.exception("checks.failed", subject=subject, error=str(error))

    def _look_ahead(self, connection: Connection, view: View, holder: Holder, now_ms: int) -> None:
        start_ms = view.market.period_start(now_ms)
        end_ms = start_ms + view.market.period_ms
        allowed = closing.allowed_wh(view, holder, start_ms)
        metered = closing.delivery_meters(view, holder, now_ms)
        draw = meters.draw(connection, view, self._series, metered, start_ms, now_ms)
        if draw is None:
            return
        projection = project(draw, end_ms, allowed)
        if projection.breach_ms is None:
            return
        details = {
            "sites": list(holder.sites),
            "period_start_ms": start_ms,
            "period_end_ms": end_ms,
            "breach_ms": projection.breach_ms,
            "allowed_wh": str(allowed),
            "projected_excess_wh": str(round(projection.energy_wh - allowed)),
        }
        subject = f"{holder.licensee}/{holder.zone}"
        findings.keep(connection, Finding(Code.WILL_EXCEED, subject, start_ms, now_ms, details))


def holders(view: View) -> list[Holder]:
    """Licensees by zone, with their sites."""
    pairs = sorted({(site.licensee, site.zone) for site in view.all(Site).values()})
    return [
        Holder(licensee, zone, tuple(site.name for site in view.sites_of(licensee, zone)))
        for licensee, zone in pairs
    ]
