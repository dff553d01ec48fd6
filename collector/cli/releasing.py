"""What the running collector does of a roll-out: one step of it, and the parts that are due."""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from sqlalchemy import Engine

from collector.checks import rollouts
from collector.checks.rollouts import Rollout, State
from collector.cli.carrying import Carrier
from collector.intervals import gateways
from collector.registry import releases
from collector.registry.releases import Release
from collector.storage import reading

log = structlog.get_logger()

LOOK_MS = 5_000


class Releasing:
    """`publish(topic, payload)` says whether it was taken."""

    def __init__(self, engine: Engine, publish: Callable[[str, bytes], bool]) -> None:
        self._engine = engine
        self._publish = publish
        self._carrier = Carrier()
        self._looked_ms = 0
        self._due: tuple[Release, tuple[bytes, bytes], list[str]] | None = None
        self._known: tuple[int, int, State] | None = None

    def run(self, statuses: Mapping[str, Mapping[str, Any]], now_ms: int) -> None:
        """To be called about once a second."""
        if now_ms - self._looked_ms >= LOOK_MS:
            self._looked_ms = now_ms
            self._look(statuses, now_ms)
        if self._due is None:
            return
        for gateway, part in self._carrier.parts(*self._due, statuses, now_ms):
            if not self._publish(f"esep/v1/{gateway}/object", part):
                return

    def _look(self, statuses: Mapping[str, Mapping[str, Any]], now_ms: int) -> None:
        with reading(self._engine) as connection:
            if rollouts.running(connection) is None:
                self._due = None
                return
        with self._engine.begin() as connection:
            rollout = rollouts.advance(connection, statuses, now_ms)
        self._tell(rollout)
        self._due = None
        if rollout is None or rollout.state is not State.RUNNING:
            return
        with reading(self._engine) as connection:
            release = releases.by_number(connection, rollout.release)
            if release is None:
                return
            said = rollouts.told(connection)
            hashes = gateways.firmware_hashes(connection)
            lacking = [
                each
                for each in rollout.due
                if not rollouts.is_done(release, said.get(each), hashes.get(each))
                and not rollouts.is_trying(release, said.get(each))
            ]
            if lacking:
                self._due = release, releases.content(connection, release.number), lacking

    def _tell(self, rollout: Rollout | None) -> None:
        if rollout is None:
            return
        now = rollout.id, rollout.stage, rollout.state
        if now != self._known:
            self._known = now
            log.info(
                "rollout.now",
                state=rollout.state.value,
                release=rollout.release,
                stage=rollout.stage + 1,
                gateways=len(rollout.due),
                why=rollout.why,
            )
