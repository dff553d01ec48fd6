"""Runs the checks at a moment: closes periods, looks ahead, judges sites."""

from collections.abc import Callable

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from collector.checks import closing, findings, gateways, meters, sites, turns
from collector.checks.allocation import Holder, project
from collector.checks.findings import Code, Finding
from collector.model.records import Site
from collector.registry.store import Registry
from collector.registry.view import View
from collector.series.store import SeriesStore
from collector.storage import deciding

log = structlog.get_logger()

Check = Callable[[Connection], None]


class Checks:
    """`run` may be called at any time, any number of times; its first moment is remembered."""

    def __init__(self, engine: Engine, registry: Registry, series: SeriesStore) -> None:
        self._engine = engine
        self._registry = registry
        self._series = series
        self._began_ms: int | None = None

    def run(self, now_ms: int) -> None:
        began_ms = self._began_ms = now_ms if self._began_ms is None else self._began_ms
        view = self._registry.view()
        for holder in holders(view):
            self._judge_holder(view, holder, now_ms, began_ms)
        self._guarded("gateways", lambda open_: gateways.judge_health(open_, view, now_ms))
        self._guarded("gateways", lambda open_: gateways.judge_forks(open_, view))
        for site in view.all(Site).values():
            self._judge_site(view, site, now_ms, began_ms)

    def _judge_holder(self, view: View, holder: Holder, now_ms: int, began_ms: int) -> None:
        subject = f"{holder.licensee}/{holder.zone}"
        self._guarded(subject, lambda open_: closing.close_again(open_, view, holder))
        self._guarded(
            subject, lambda open_: closing.close_ended(open_, view, holder, now_ms, began_ms)
        )
        self._guarded(subject, lambda open_: self._look_ahead(open_, view, holder, now_ms))

    def _judge_site(self, view: View, site: Site, now_ms: int, began_ms: int) -> None:
        series, hung = self._series, view.meters_of(site.name, now_ms)
        for check in (
            lambda open_: sites.judge_licence(open_, view, series, site, now_ms),
            lambda open_: turns.judge_identities(open_, hung, now_ms),
            lambda open_: sites.judge_export(open_, view, series, site, now_ms),
            lambda open_: sites.judge_silence(open_, view, series, site, now_ms, began_ms),
        ):
            self._guarded(site.name, check)

    def _guarded(self, subject: str, check: Check) -> None:
        """One check of one subject: when it fails, all others are still made."""
        try:
            deciding(self._engine, check)
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
