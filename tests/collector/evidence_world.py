"""A ledger worth verifying, its export, and the auditor."""

import subprocess
import sys
from pathlib import Path

from collector_world import (
    BILLING,
    NOW_MS,
    TELEMETRY,
    World,
    dropped_event,
    interval,
    sample,
    signer_for,
)

from collector.cli import export
from collector.evidence.downlink import Role
from collector.ledger.checkpoints import Checkpoints
from collector.ledger.ledger import Ledger
from collector.registry.profiles import load_profile

REPOSITORY = Path(__file__).parents[2]
PROFILE = load_profile("schneider-pm5560")


def zeros(*, interval_only: bool) -> bytes:
    entries = [entry for entry in PROFILE.registers if entry.interval or not interval_only]
    return bytes(sum(2 * entry.registers for entry in entries))


def fill(world: World, directory: Path) -> None:
    """Nine billing and nine telemetry frames, telemetry 4 thinned; two checkpoints."""
    billing, telemetry = world.gateway.chain(BILLING), world.gateway.chain(TELEMETRY)
    checkpoints = Checkpoints(world.engine, signer_for(world.root, Role.CHECKPOINTS), directory)
    for number in range(9):
        at_ms = NOW_MS + number * 5000
        records = [interval(0, at_ms, zeros(interval_only=True))]
        if number == 5:
            records.append(dropped_event(1, 4, 4))
        reading = telemetry.next(sample(0, at_ms, zeros(interval_only=False)))
        world.append([billing.next(*records), *([] if number == 3 else [reading])], at_ms)
        if number in (4, 8):
            checkpoints.sign(at_ms)


def audit(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auditor", str(folder)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def exported(world: World, directory: Path) -> Path:
    (directory / "root.pub").write_bytes(world.root.public.raw)
    frames = export.write(world.engine, world.registry, directory, directory / "out")
    assert frames == Ledger(world.engine).head()
    return directory / "out"
