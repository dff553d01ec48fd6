"""A data centre at night: its boundary, two stages, a tenant, and what is judged of its load."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector_world import BIN, LICENCE, LICENSEE, SITE, TestGateway, World
from finding_words import check_words

from collector.checks import licence_load
from collector.checks.findings import Finding
from collector.checks.states import Lasting, Scene
from collector.model.records import DataCentre, Licence, LicenceAct, Record, Site, Tenancy
from collector.series.embedded import EmbeddedSeries
from collector.series.store import Point
from collector.storage import reading

TENANT = "000000000001"
SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
EVER = 4 * 10**12


@dataclass
class Night:
    """Positions of samples are the seconds since `start_ms`, from 1."""

    world: World
    series: EmbeddedSeries
    start_ms: int
    lasting: Lasting

    @classmethod
    def make(cls, directory: Path, start_ms: int) -> "Night":
        return cls(World.make(directory), EmbeddedSeries(directory), start_ms, Lasting())

    @property
    def gateway(self) -> TestGateway:
        return self.world.gateway

    def record(self, *records: Record) -> None:
        self.world.registry.record(records, bytes(32), self.start_ms)

    def draw(self, first_s: int, last_s: int, **powers: float) -> None:
        """A sample each second, from the first to the last, of `feeder`, `stage_1`, `stage_2`."""
        points = [
            Point(
                meter.replace("_", "-"),
                self.start_ms + second * SECOND,
                {"active_power": power_w},
                second + 1,
            )
            for second in range(first_s, last_s + 1)
            for meter, power_w in powers.items()
        ]
        self.series.write(points)

    def look(self, second: float) -> list[Finding]:
        """What is found of the site's load then; remembered as the running checks do."""
        now_ms = self.start_ms + round(second * SECOND)
        view = self.world.registry.view()
        with reading(self.world.engine) as connection:
            scene = Scene(connection, view, self.series, now_ms, 0, self.lasting)
            site = view.one(Site, SITE)
            found = [scene.finding(state) for state in licence_load.judge_site(scene, site)]
        for finding in found:
            check_words(finding)
            self.lasting.keep(finding)
        return found

    def second(self, at_ms: int) -> float:
        return (at_ms - self.start_ms) / SECOND


def licence(number: str = "L-1", until_ms: int = EVER, **changes: Any) -> Licence:
    return LICENCE.model_copy(
        update={"number": number, "valid_from": 0, "valid_until": until_ms} | changes
    )


def suspended(from_ms: int, until_ms: int, number: str = "L-1") -> LicenceAct:
    return act("suspended", from_ms, number, valid_until=until_ms)


def act(kind: Any, from_ms: int, number: str = "L-1", **changes: Any) -> LicenceAct:
    return LicenceAct(
        licence=number,
        act=kind,
        reference="decision",
        document_sha256="ab" * 32,
        valid_from=from_ms,
        **changes,
    )


def tenants(*stages: int) -> list[Record]:
    """A tenant behind these stages of the site, which is a data centre."""
    return [
        LICENSEE.model_copy(update={"bin": TENANT, "name": "Tenant"}),
        DataCentre(name="centre", owner=BIN, site=SITE, valid_from=0),
        Tenancy(data_centre="centre", tenant=TENANT, stages=stages, valid_from=0),
    ]
