"""The checks of what is so at a moment, as one table, and how they are run.

They are judged from a connection that only reads, so that nobody waits for them; what they found is
written in one short transaction.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from collector.checks import data, findings, ghost, licence_load, licence_papers, papers, silence
from collector.checks.findings import Code, Finding
from collector.checks.states import Lasting, Scene, State
from collector.checks.storms import Silence
from collector.model.records import Gateway, Site
from collector.registry.view import View
from collector.series.store import SeriesStore
from collector.storage import reading

log = structlog.get_logger()

Check = Callable[[Scene], Iterable[State]]

OF_A_SITE: tuple[Callable[[Scene, Site], Iterable[State]], ...] = (
    licence_load.judge_site,
    licence_load.judge_tenants,
)
"""At every run: they may lead to an order."""
OF_ALL: dict[str, Check] = {
    "licences that end": licence_papers.judge_ends,
    "sites of licences": licence_papers.judge_sites,
    "data centres": licence_papers.judge_data_centres,
    "acts on licences": licence_papers.judge_conflicts,
    "papers of meters": papers.judge,
    "gateways' data": data.judge_gateways,
    "gaps": data.judge_gaps,
    "stale values": data.judge_stale,
    "register steps": data.judge_quanta,
    "ghost loads": ghost.judge,
}
"""Every `look_s` of the policy, and when the register has changed."""


class StandingChecks:
    """Remembers only what it can read again: which findings go on, and when it looked last."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lasting: Lasting | None = None
        self._looked: tuple[View, int] | None = None

    def run(self, view: View, series: SeriesStore, now_ms: int, began_ms: int) -> None:
        if self._lasting is None:
            with reading(self._engine) as connection:
                self._lasting = Lasting.stored(connection, now_ms)
        sites = view.all(Site)
        checks: dict[str, Check] = {
            name: partial(_judge_site, site=site) for name, site in sites.items()
        }
        is_due = self._is_due(view, now_ms)
        if is_due:
            checks |= OF_ALL
            self._looked = view, now_ms
        found: list[Finding] = []
        for subject, check in checks.items():
            found += self._judged(subject, check, view, series, now_ms, began_ms)
        is_known = is_due and now_ms - began_ms > view.policy.data.silent_s * 1000
        if not found and not (is_known and self._has_storm()):
            return
        with self._engine.begin() as connection:
            for finding in found:
                if finding.code is not Code.GATEWAY_SILENT:
                    findings.keep(connection, finding)
            if is_known:
                _keep_silent(connection, view, found, now_ms)
        for finding in found:
            self._lasting.keep(finding)

    def _has_storm(self) -> bool:
        with reading(self._engine) as connection:
            return silence.may_go_on(connection, Code.GATEWAY_SILENT)

    def _is_due(self, view: View, now_ms: int) -> bool:
        if self._looked is None or self._looked[0] is not view:
            return True
        return abs(now_ms - self._looked[1]) >= view.policy.data.look_s * 1000

    def _judged(
        self,
        subject: str,
        check: Check,
        view: View,
        series: SeriesStore,
        now_ms: int,
        began_ms: int,
    ) -> list[Finding]:
        """Of one check: when it fails, all others are still made."""
        try:
            with reading(self._engine) as connection:
                lasting = self._lasting or Lasting()
                scene = Scene(connection, view, series, now_ms, began_ms, lasting)
                return [scene.finding(state) for state in check(scene)]
        except OperationalError:
            raise  # the disk or a lock: nobody can be judged now
        except Exception as error:
            log.exception("checks.failed", subject=subject, error=str(error))
            return []


def _keep_silent(connection: Connection, view: View, found: Iterable[Finding], now_ms: int) -> None:
    """Of all gateways before any is told: many by one cause are one finding."""
    sites = view.all(Site)
    zones = {
        gateway.id: sites[gateway.site].zone
        for gateway in view.all(Gateway).values()
        if gateway.site in sites
    }
    silences = [
        Silence(each.subject, zones.get(each.subject, ""), each.first_ms, each.details)
        for each in found
        if each.code is Code.GATEWAY_SILENT
    ]
    watched = Counter(zones.values())
    silence.keep(connection, Code.GATEWAY_SILENT, silences, watched, view.policy, now_ms)


def _judge_site(scene: Scene, site: Site) -> Iterator[State]:
    for check in OF_A_SITE:
        yield from check(scene, site)
