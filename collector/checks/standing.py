"""The checks of what is so at a moment, as one table, and how they are run.

They are judged from a connection that only reads, so that nobody waits for them; what they found is
written in short transactions.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from collector.checks import (
    data,
    findings,
    ghost,
    licence_load,
    licence_papers,
    licence_past,
    papers,
    rounds,
    silence,
)
from collector.checks.codes import Code, Round
from collector.checks.findings import Finding
from collector.checks.scene import Readings
from collector.checks.states import Lasting, Scene, State
from collector.checks.storms import Silence
from collector.intervals.many import in_parts
from collector.model.records import Gateway, Site
from collector.registry.view import View
from collector.storage import reading

log = structlog.get_logger()

Check = Callable[[Scene], Iterable[State]]
_KEPT_AT_ONCE = 200

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
"""Every `look_s` of the policy, and when the register has changed; load that may lead to an order
is judged at every run.
"""


class StandingChecks:
    """Remembers only what it can read again: which findings go on, and when it looked last."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lasting: Lasting | None = None
        self._looked: tuple[View, int] | None = None

    def run(self, view: View, series: Readings, now_ms: int, began_ms: int) -> None:
        lasting = self._lasting
        with reading(self._engine) as connection:
            if lasting is None:
                lasting = self._lasting = Lasting.stored(connection, now_ms)
            scene = Scene(connection, view, series, now_ms, began_ms, lasting)
            found = [
                finding
                for name, site in view.all(Site).items()
                for finding in _judged(name, partial(licence_load.judge_site, site=site), scene)
            ]
        self._keep(found, lasting)
        if self._is_due(view, now_ms):
            self._looked = view, now_ms
            found = []
            past = {
                name: partial(licence_past.judge_site, site=site)
                for name, site in view.all(Site).items()
            }
            with reading(self._engine) as connection:
                scene = Scene(connection, view, series, now_ms, began_ms, lasting)
                for subject, check in (OF_ALL | past).items():
                    found += _judged(subject, check, scene)
            self._keep([each for each in found if each.code is not Code.GATEWAY_SILENT], lasting)
            silent = [each for each in found if each.code is Code.GATEWAY_SILENT]
            is_known = now_ms - began_ms > view.policy.data.silent_s * 1000
            is_told = is_known and (bool(silent) or self._has_storm())
            with reading(self._engine) as connection:
                is_news = is_told or rounds.is_worth_noting(connection, Round.LOOK, now_ms)
            if is_news:
                with self._engine.begin() as connection:
                    if is_told:
                        _keep_silent(connection, view, silent, now_ms)
                    rounds.note(connection, Round.LOOK, now_ms)

    def _keep(self, found: Sequence[Finding], lasting: Lasting) -> None:
        for part in in_parts(found, _KEPT_AT_ONCE):
            with self._engine.begin() as connection:
                findings.keep_all(connection, part)
        for finding in found:
            lasting.keep(finding)

    def _has_storm(self) -> bool:
        with reading(self._engine) as connection:
            return silence.may_go_on(connection, Code.GATEWAY_SILENT)

    def _is_due(self, view: View, now_ms: int) -> bool:
        if self._looked is None or self._looked[0] is not view:
            return True
        return abs(now_ms - self._looked[1]) >= view.policy.data.look_s * 1000


def _judged(subject: str, check: Check, scene: Scene) -> list[Finding]:
    """Of one check: when it fails, all others are still made."""
    try:
        return [scene.finding(state) for state in check(scene)]
    except OperationalError:
        raise  # the disk or a lock: nobody can be judged now
    except Exception as error:
        scene.connection.rollback()  # PostgreSQL answers nothing more in a transaction that failed
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
    ]
    watched = Counter(zones.values())
    silence.keep(connection, Code.GATEWAY_SILENT, silences, watched, view.policy, now_ms)
