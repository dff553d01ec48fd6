"""Runs the checks at a moment: closes periods, looks ahead, judges licences."""

from sqlalchemy import Connection, Engine

from collector.checks import closing, findings, meters
from collector.checks.allocation import Holder, project
from collector.checks.findings import Code, Finding
from collector.checks.licence import is_licensed, last_end
from collector.model.records import Site
from collector.registry.store import Registry
from collector.registry.view import View
from collector.series.store import SeriesStore

NO_LOAD_PERMILLE = 50
"""Stages below this share of the site's draw are off: what runs is auxiliaries, not mining."""


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
        with self._engine.begin() as connection:
            for holder in holders(view):
                closing.close_again(connection, holder)
                closing.close_ended(connection, view, holder, now_ms, began_ms)
                self._look_ahead(connection, view, holder, now_ms)
            for site in view.all(Site).values():
                self._judge_licence(connection, view, site, now_ms)

    def _look_ahead(self, connection: Connection, view: View, holder: Holder, now_ms: int) -> None:
        start_ms = view.market.period_start(now_ms)
        end_ms = start_ms + view.market.period_ms
        allowed = closing.allowed_wh(view, holder, start_ms)
        metered = closing.delivery_meters(view, holder)
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

    def _judge_licence(self, connection: Connection, view: View, site: Site, now_ms: int) -> None:
        licences = view.licences_of(site.name)
        if is_licensed(licences, now_ms):
            return
        power_w = meters.power_w(view, self._series, view.delivery_meters(site.name), now_ms)
        staged = [meter for meter in view.meters_of(site.name) if meter.point != "delivery"]
        # without meters of stages all load is taken for mining
        mining_w = meters.power_w(view, self._series, staged, now_ms) if staged else power_w
        if power_w is None or mining_w is None or mining_w * 1000 <= power_w * NO_LOAD_PERMILLE:
            return
        ended_ms = last_end(licences, now_ms)
        details = {
            "site": site.name,
            "licences": [licence.number for licence in licences],
            "ended_ms": ended_ms,
            "power_w": str(round(power_w)),
        }
        findings.keep(
            connection, Finding(Code.UNLICENSED_LOAD, site.name, ended_ms or 0, now_ms, details)
        )


def holders(view: View) -> list[Holder]:
    """Licensees by zone, with their sites."""
    pairs = sorted({(site.licensee, site.zone) for site in view.all(Site).values()})
    return [
        Holder(licensee, zone, tuple(site.name for site in view.sites_of(licensee, zone)))
        for licensee, zone in pairs
    ]
