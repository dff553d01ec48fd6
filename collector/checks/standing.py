"""The checks of what is so at a moment, as one table, and how they are run.

They are judged from a connection that only reads, so that nobody waits for them; what they found is
written in one short transaction.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from collector.checks import data, findings, ghost, licence_load, licence_papers, papers
from collector.checks.findings import Finding
from collector.checks.scene import Readings
from collector.checks.states import Lasting, Scene, State
from collector.model.records import Site
from collector.registry.view import View
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

    def run(self, view: View, series: Readings, now_ms: int, began_ms: int) -> None:
        if self._lasting is None:
            with reading(self._engine) as connection:
                self._lasting = Lasting.stored(connection, now_ms)
        sites = view.all(Site)
        checks: dict[str, Check] = {
            name: partial(_judge_site, site=site) for name, site in sites.items()
        }
        if self._is_due(view, now_ms):
            checks |= OF_ALL
            self._looked = view, now_ms
        found: list[Finding] = []
        with reading(self._engine) as connection:
            scene = Scene(connection, view, series, now_ms, began_ms, self._lasting)
            for subject, check in checks.items():
                found += _judged(subject, check, scene)
        if not found:
            return
        with self._engine.begin() as connection:
            for finding in found:
                findings.keep(connection, finding)
        for finding in found:
            self._lasting.keep(finding)

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


def _judge_site(scene: Scene, site: Site) -> Iterator[State]:
    for check in OF_A_SITE:
        yield from check(scene, site)
