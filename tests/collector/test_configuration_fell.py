"""An old signed configuration that was put back on a gateway is found, by both verifiers."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from collector_world import BILLING, NOW_MS, TELEMETRY, World, epoch_event, sample, signer_for
from evidence_world import audit, exported, zeros

from collector.cli.verify import verify_directory
from collector.evidence.downlink import Role
from collector.ledger.checkpoints import Checkpoints

OLD, NEW, NEWER = 0, 1, 2


@pytest.fixture
def hashes(world: World) -> list[bytes]:
    """Three configurations of the gateway, each issued later than the one before."""
    return [world.configure(world.gateway, NOW_MS - 10**6 + number) for number in range(3)]


def judged(world: World, directory: Path) -> list[str]:
    """The faults that `verify` names; the auditor names as many frames."""
    signer = signer_for(world.root, Role.CHECKPOINTS)
    Checkpoints(world.engine, signer, directory).sign(NOW_MS)
    faults = verify_directory(world.engine, world.root.public).faults
    run = audit(exported(world, directory))
    assert run.stdout.count("configuration_version_fell") == len(faults)
    assert run.returncode == (1 if faults else 0), run.stdout
    return [
        fault.removeprefix(f"configuration_version_fell: {world.gateway.id.hex()} ")
        for fault in faults
    ]


@pytest.mark.parametrize(
    ("versions", "fell"),
    [
        ([OLD, OLD, NEW, NEWER], []),
        ([OLD, NEW, OLD, OLD], [3]),
        ([NEWER, NEW, OLD], [2, 3]),
        ([NEW, OLD, NEWER, NEW], [2, 4]),
    ],
)
def test_where_the_version_falls(
    world: World, hashes: list[bytes], tmp_path: Path, versions: Sequence[int], fell: list[int]
) -> None:
    chain = world.gateway.chain(BILLING)
    frames = [chain.next(configuration=hashes[version]) for version in versions]
    world.append(reversed(frames))
    assert judged(world, tmp_path) == [f"epoch 1 billing seq {seq}" for seq in fell]


def test_a_new_epoch_does_not_hide_it(world: World, hashes: list[bytes], tmp_path: Path) -> None:
    first, second = world.gateway.chain(BILLING), world.gateway.chain(BILLING, epoch=2)
    world.append(
        [
            first.next(configuration=hashes[NEW]),
            second.next(epoch_event(), configuration=hashes[OLD]),
        ]
    )
    assert judged(world, tmp_path) == ["epoch 2 billing seq 1"]


def test_each_stream_is_judged_alone(world: World, hashes: list[bytes], tmp_path: Path) -> None:
    """Billing may name a new configuration before an older frame of telemetry arrives."""
    billing, telemetry = world.gateway.chain(BILLING), world.gateway.chain(TELEMETRY)
    world.append(
        [
            billing.next(configuration=hashes[NEW]),
            telemetry.next(
                sample(0, NOW_MS, zeros(interval_only=False)), configuration=hashes[OLD]
            ),
        ]
    )
    assert judged(world, tmp_path) == []
