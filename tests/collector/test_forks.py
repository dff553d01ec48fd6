"""A fork keeps both frames, stands in the status, and is a finding."""

from pathlib import Path

from collector_world import NOW_MS, SITE, TELEMETRY, World

from collector.checks import findings
from collector.checks.codes import Code, Severity
from collector.checks.findings import Finding
from collector.checks.runner import Checks
from collector.cli import report
from collector.ledger.chain import ChainFollower
from collector.ledger.followers import advance
from collector.ledger.ledger import Ledger
from collector.series.embedded import EmbeddedSeries
from collector.storage import reading
from collector.words.of_findings import finding_text


def follow(world: World) -> None:
    while advance(world.engine, ChainFollower()):
        pass


def forks(world: World, directory: Path) -> list[Finding]:
    Checks(world.engine, world.registry, EmbeddedSeries(directory)).run(NOW_MS)
    with reading(world.engine) as connection:
        return [each for each in findings.stored(connection) if each.code is Code.FORK]


def test_a_fork_is_one_finding_for_its_chain(world: World, tmp_path: Path) -> None:
    chain, clone = world.gateway.chain(TELEMETRY), world.gateway.chain(TELEMETRY)
    world.append([chain.next() for _ in range(3)], NOW_MS)
    follow(world)
    assert forks(world, tmp_path) == []
    false = [clone.next(at_ms=NOW_MS + 7) for _ in range(3)]
    world.append(false[:2], NOW_MS + 1000)
    follow(world)
    [found] = forks(world, tmp_path)
    assert found.severity is Severity.BREACH
    assert (found.first_ms, found.last_ms) == (NOW_MS + 1000, NOW_MS + 1000)
    assert found.details == {
        "site": SITE,
        "epoch": 1,
        "stream": "telemetry",
        "first_seq": 1,
        "count": 2,
        "positions": [4, 5],
    }
    world.append(false[2:], NOW_MS + 2000)
    follow(world)
    [again] = forks(world, tmp_path)
    assert (again.details["count"], again.last_ms) == (3, NOW_MS + 2000)
    assert "3 names of telemetry have two frames" in finding_text("en", again)
    assert len(list(Ledger(world.engine).entries())) == 6
    status = report.status(world.engine)
    assert status["faults"]["fork"] == 3
    [whole] = status["chains"]
    assert (whole["upto"], whole["highest"], whole["missing"]) == (3, 3, 0)
