"""Frames that went to an archive are as good as before, whatever happened on the way."""

import os
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cli_world import follow, run, run_json, with_keys
from collector_world import BILLING, NOW_MS, TELEMETRY, World, clock_event
from evidence_world import audit
from sqlalchemy import func, select

from collector.cli import archive as archive_verb
from collector.ledger import archiving
from collector.ledger.archives import ArchiveError, known
from collector.ledger.archiving import CannotArchiveError, archive
from collector.ledger.chain import ChainFollower
from collector.ledger.followers import begin_again
from collector.ledger.ledger import Ledger
from collector.storage import lock, reading
from collector.storage.tables import chain_fault, frame

FRAMES = 600
"""Two strides of an index and a bit."""


@pytest.fixture
def raws(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was taken in, a second apart, followed, and under a checkpoint."""
    monkeypatch.setattr(archive_verb, "FOLLOWERS", ("chain",))
    checkpoints = with_keys(world, tmp_path)
    chain = world.gateway.chain(TELEMETRY)
    made = [chain.next() for _ in range(FRAMES)]
    for number in range(0, FRAMES, 100):
        world.append(made[number : number + 100], NOW_MS + number * 1000)
    follow(world)
    checkpoints.sign(NOW_MS)
    return made


def held(world: World) -> int:
    """How many frames have their bytes in the table."""
    with reading(world.engine) as connection:
        query = select(func.count()).select_from(frame).where(func.length(frame.c.raw) > 0)
        return connection.scalar(query) or 0


def entries(world: World, *between: int) -> list[bytes]:
    return [entry.raw for entry in Ledger(world.engine).entries(*between)]


def archived(world: World, upto: int, frames: int = archiving.FRAMES) -> None:
    archive(world.engine, upto, ["chain"], NOW_MS, frames=frames)


def test_what_is_archived_is_read_as_before(world: World, raws: list[bytes]) -> None:
    archived(world, 550, frames=300)
    assert held(world) == 50
    assert entries(world) == raws
    assert entries(world, 298, 302) == raws[298:302]
    assert entries(world, 255, 258) == raws[255:258]
    assert entries(world, 549) == raws[549:]
    archived(world, 560)
    assert (held(world), entries(world)) == (40, raws)


def test_the_file_is_an_exports_and_read_only(
    world: World, raws: list[bytes], tmp_path: Path
) -> None:
    [made] = run_json("archive", tmp_path, "--upto", 520)["archives"]
    path = tmp_path / "archive" / "1-520.frames"
    content = path.read_bytes()
    assert content == b"".join(len(raw).to_bytes(4) + raw for raw in raws[:520])
    assert made == {
        "first": 1,
        "last": 520,
        "size": len(content),
        "sha256": sha256(content).hexdigest(),
    }
    for file in (path, path.with_suffix(".index")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o440


def test_it_verifies_is_exported_and_proven(
    world: World, raws: list[bytes], tmp_path: Path
) -> None:
    before = run_json("verify", tmp_path)
    run("archive", tmp_path, "--upto", 600)
    assert run_json("verify", tmp_path) == before
    run("export", tmp_path, tmp_path / "out")
    assert (tmp_path / "out" / "frames.bin").read_bytes() == (
        tmp_path / "archive" / "1-600.frames"
    ).read_bytes()
    assert "600 of 600 frames" in audit(tmp_path / "out").stdout
    run("prove", tmp_path, 17, "--out", tmp_path / "proof.json")


def test_a_frame_that_comes_again_is_still_known(world: World, raws: list[bytes]) -> None:
    archived(world, 600)
    world.append(raws[:3])
    assert entries(world) == raws


def test_a_fork_of_an_archived_frame_is_still_a_fork(world: World, raws: list[bytes]) -> None:
    archived(world, 600)
    world.append([world.gateway.frame(TELEMETRY, 5, letter="U")])
    follow(world)
    with reading(world.engine) as connection:
        faults = connection.execute(select(chain_fault.c.seq, chain_fault.c.fault)).all()
    assert (5, "fork") in [tuple(fault) for fault in faults]


def test_a_follower_that_begins_again_reads_the_archive(world: World, raws: list[bytes]) -> None:
    archived(world, 600)
    begin_again(world.engine, ChainFollower.name)
    follow(world)


# --- what may not be archived


def test_never_what_a_follower_has_not_passed(
    world: World, raws: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_verb, "FOLLOWERS", ("chain", "series"))
    said = run("archive", tmp_path, "--upto", 1, code=1).output
    assert "the follower series has come no further" in said
    assert run_json("archive", tmp_path, "--before", "2100-01-01")["archives"] == []
    assert held(world) == FRAMES


def test_never_what_no_checkpoint_covers(world: World, raws: list[bytes]) -> None:
    world.append([world.gateway.chain(BILLING).next()])
    follow(world)
    with pytest.raises(CannotArchiveError, match=r"position 600 .* under a checkpoint"):
        archived(world, 601)


def test_before_a_moment(world: World, raws: list[bytes], tmp_path: Path) -> None:
    moment = "2026-11-23T14:03:20+05:00"  # 200 s after the first
    assert run_json("archive", tmp_path, "--before", moment)["upto"] == 200
    assert run_json("archive", tmp_path, "--before", moment)["archives"] == []
    assert "write 2026-11-01" in run("archive", tmp_path, "--before", "soon", code=2).output
    assert "either" in run("archive", tmp_path, code=2).output


def test_one_at_a_time(world: World, raws: list[bytes], tmp_path: Path) -> None:
    with lock.take(tmp_path, lock.ARCHIVING):
        assert "archives" in run("archive", tmp_path, "--upto", 5, code=1).output
    run("archive", tmp_path, "--upto", 5)


def test_a_frame_that_is_not_what_it_was_is_not_archived(world: World, raws: list[bytes]) -> None:
    with world.engine.begin() as connection:
        connection.execute(frame.update().where(frame.c.position == 9).values(raw=b"other"))
    with pytest.raises(CannotArchiveError, match="position 9"):
        archived(world, 20)
    assert held(world) == FRAMES


# --- what may go wrong


class Killed(BaseException):
    """The process ends here, and nothing tidies up."""


STEPS = {
    "while a file is written": (os, "fsync"),
    "before it bears its name": (Path, "rename"),
    "before it is read back": (archiving, "fault"),
    "in the commit": (archiving, "update"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("call", [1, 2])
def test_killed_at_any_step_it_loses_nothing(
    world: World,
    raws: list[bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    call: int,
) -> None:
    owner, name = STEPS[step]
    real: Callable[..., object] = getattr(owner, name)
    calls = []

    def dies(*arguments: object, **named: object) -> object:
        calls.append(name)
        if len(calls) == call:
            raise Killed
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, dies)
        with pytest.raises(Killed):
            archived(world, 500, frames=250)
    assert entries(world) == raws
    archived(world, 500, frames=200)
    assert (held(world), entries(world)) == (100, raws)
    with reading(world.engine) as connection:
        entered = {each.name for each in known(connection)}
    names = {path.name for path in (tmp_path / "archive").iterdir()}
    assert names == {f"{name}.{kind}" for name in entered for kind in ("frames", "index")}


def test_a_file_that_is_not_written_as_it_should_be_is_noticed(
    world: World, raws: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "_settle", lambda descriptor: os.ftruncate(descriptor, 10))
    with pytest.raises(CannotArchiveError, match="does not read back"):
        archived(world, 100)
    assert held(world) == FRAMES


def test_an_archive_that_is_changed_or_gone_is_named(
    world: World, raws: list[bytes], tmp_path: Path
) -> None:
    archived(world, 100)
    path = tmp_path / "archive" / "1-100.frames"
    content = bytearray(path.read_bytes())
    content[len(raws[0]) + 20] ^= 1  # of the second frame
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="position 2 has other bytes"):
        entries(world)
    faults = run_json("verify", tmp_path, code=1)["faults"]
    assert any("1-100.frames has other bytes" in fault for fault in faults)
    assert any(fault.startswith("position 2: ") for fault in faults)
    path.unlink()
    with pytest.raises(ArchiveError, match="bring the file back from a backup"):
        entries(world)
    faults = run_json("verify", tmp_path, code=1)["faults"]
    assert sum(fault.startswith("position ") and "1-100" in fault for fault in faults) == 100


def test_the_last_event_of_an_archived_chain_is_followed(world: World, raws: list[bytes]) -> None:
    """A frame below an archived one is judged with it: their link is in the archive."""
    archived(world, 600)
    world.append([world.gateway.frame(BILLING, 1, [clock_event("late")])])
    follow(world)
