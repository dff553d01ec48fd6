"""A backup can be restored, and what was lost with the rest can be seen and proven."""

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cli_world import follow, run, run_json, with_keys
from collector_world import BILLING, NOW_MS, Chain, World
from evidence_world import REPOSITORY

from collector.evidence.cose import message_hash
from collector.evidence.downlink import Restored, read_restored
from collector.evidence.frame import Stream
from collector.ledger import coverage
from collector.ledger.checkpoints import Checkpoints
from collector.ledger.ledger import Ledger
from collector.registry.configurations import Configurations
from collector.registry.store import Registry
from collector.storage import backup, open_database, reading


@pytest.fixture
def database_of() -> str:
    """What a backup copies: of PostgreSQL it says that pg_dump does."""
    return "sqlite"


class Lost:
    """A collector that was backed up at 10 frames, went on to 16, and burned down."""

    def __init__(self, world: World, home: Path) -> None:
        self.world, self.home = world, home
        self.directory, self.copy = home / "collector", home / "copy"
        self.directory.mkdir()
        self.signed = with_keys(world, home)
        self.chain: Chain = world.gateway.chain(BILLING)
        self.frames = [self.chain.next() for _ in range(16)]

    def run(self) -> bytes:
        """Until it burns; the last checkpoint that it published."""
        self.append(0, 10)
        self.signed.sign(NOW_MS)
        run("backup", self.home, self.copy)
        self.append(10, 16)
        made = self.signed.sign(NOW_MS + 1000)
        assert made is not None
        return made[1]

    def append(self, first: int, last: int) -> None:
        self.world.append(self.frames[first:last])
        follow(self.world)

    def restored(self, directory: Path) -> World:
        engine = open_database(directory)
        configurations = Configurations(engine, self.world.root.public)
        return World(engine, Registry(engine), self.world.root, self.world.gateway, configurations)


@pytest.fixture
def lost(world: World, tmp_path: Path) -> Lost:
    return Lost(world, tmp_path)


def test_a_backup_holds_all_that_cannot_be_made_again(lost: Lost) -> None:
    lost.run()
    names = {path.name for path in lost.copy.iterdir()}
    assert names == {"backup.json", "collector.sqlite", "root.pub", "keys", "checkpoints"}
    for path in lost.copy.rglob("*.pem"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(lost.copy.stat().st_mode) == 0o700
    assert "name a new directory" in run("backup", lost.home, lost.copy, code=2).output


def test_it_is_of_one_moment_while_the_collector_writes(
    lost: Lost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit between any two of its steps neither is in it nor makes it begin again."""
    lost.append(0, 10)
    monkeypatch.setattr(backup, "_PAGES", 1)
    steps = []
    real = backup.copy_database

    def interrupted(source: Path, target: Path, _on_bytes: object) -> None:
        def on_bytes(size: int) -> None:
            steps.append(size)
            if len(steps) % 10 == 0 and len(steps) <= 60:
                lost.world.append([lost.frames[9 + len(steps) // 10]])

        real(source, target, on_bytes)

    monkeypatch.setattr(backup, "copy_database", interrupted)
    run("backup", lost.home, lost.copy)
    assert Ledger(lost.world.engine).head() == 16
    pages = (lost.copy / "collector.sqlite").stat().st_size // 4096
    assert pages > 60
    assert len(steps) <= pages + 1
    monkeypatch.undo()
    run("restore", lost.copy, lost.home / "new")
    assert Ledger(open_database(lost.home / "new")).head() == 10


def test_what_is_restored_is_what_was_there(lost: Lost) -> None:
    lost.run()
    said = run("restore", lost.copy, lost.home / "new").output
    assert "10 frames. Generation " in said
    new = lost.restored(lost.home / "new")
    assert [entry.raw for entry in Ledger(new.engine).entries()] == lost.frames[:10]
    for path in (lost.home / "keys").iterdir():
        copied = lost.home / "new" / "keys" / path.name
        assert copied.read_bytes() == path.read_bytes()
        assert copied.stat().st_mode == path.stat().st_mode
    assert run_json("verify", lost.home / "new")["holds"]


def test_archives_are_backed_up_and_read_after_it(
    lost: Lost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.cli.archive.FOLLOWERS", ())
    lost.append(0, 10)
    lost.signed.sign(NOW_MS)
    run("archive", lost.home, "--upto", 7)
    run("backup", lost.home, lost.copy)
    shutil.rmtree(lost.home / "archive")
    run("restore", lost.copy, lost.home / "new")
    new = lost.restored(lost.home / "new")
    assert [entry.raw for entry in Ledger(new.engine).entries()] == lost.frames[:10]


def test_a_backup_that_is_not_whole_is_not_restored(lost: Lost) -> None:
    lost.run()
    with (lost.copy / "collector.sqlite").open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff")
    said = run("restore", lost.copy, lost.home / "new", code=2).output
    assert "collector.sqlite is missing or changed" in " ".join(said.split())
    assert not (lost.home / "new").exists()
    assert "is no backup" in run("restore", lost.home, lost.home / "new", code=2).output
    assert "exists" in run("restore", lost.copy, lost.home, code=2).output


# --- what comes after it


def test_gateways_are_asked_again_for_what_came_after_the_backup(lost: Lost) -> None:
    """What they still hold comes again; what they have forgotten is a gap that says its range."""
    lost.run()
    run("restore", lost.copy, lost.home / "new")
    new = lost.restored(lost.home / "new")
    with reading(new.engine) as connection:
        receipt = coverage.stream_receipt(connection, new.gateway.id, Stream.BILLING, 1)
    assert receipt.upto == 10  # lower than the receipts that the gateway has
    new.append([lost.chain.next(), lost.frames[15], lost.frames[14]])
    follow(new)
    with reading(new.engine) as connection:
        receipt = coverage.stream_receipt(connection, new.gateway.id, Stream.BILLING, 1)
    assert (receipt.upto, receipt.wanted) == (10, ((11, 14),))
    [found] = run_json("gaps", lost.home / "new", code=1)
    assert found["missing"] == [[11, 14]]
    verdict = run_json("verify", lost.home / "new", code=1)
    assert (verdict["faults"], verdict["gaps"]) == ([], 4)


def signed_after(lost: Lost, *options: object) -> tuple[World, bytes]:
    """Restored, and the frames came again in another order: a checkpoint over them."""
    run("restore", lost.copy, lost.home / "new", *options)
    new = lost.restored(lost.home / "new")
    new.append([*lost.frames[12:], *lost.frames[10:12], lost.chain.next()])
    follow(new)
    signed = Checkpoints(new.engine, lost.signed._signer, lost.home / "new")
    made = signed.sign(NOW_MS + 2000)
    assert made is not None
    return new, made[1]


def test_the_next_checkpoint_says_that_another_tree_begins(lost: Lost) -> None:
    last = lost.run()
    kept = lost.home / "last.cose"
    kept.write_bytes(last)
    _, after = signed_after(lost, "--checkpoint", kept)
    restored = read_restored(after)
    assert restored is not None
    assert restored == Restored(restored.generation, 10, message_hash(last))
    name = f"{restored.generation}-17.cose"
    assert (lost.home / "new" / "checkpoints" / name).read_bytes() == after
    assert (lost.home / "new" / "checkpoints" / "16.cose").read_bytes() == last


def test_without_a_newer_one_the_backups_checkpoint_is_the_last_known(lost: Lost) -> None:
    lost.run()
    _, after = signed_after(lost)
    ten = (lost.home / "new" / "checkpoints" / "10.cose").read_bytes()
    restored = read_restored(after)
    assert restored is not None
    assert restored.before == message_hash(ten)


def audit(folder: Path, *options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auditor", str(folder), *map(str, options)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_restored_ledger_holds_and_says_what_is_not_proven(lost: Lost) -> None:
    kept = lost.home / "last.cose"
    kept.write_bytes(lost.run())
    signed_after(lost, "--checkpoint", kept)
    new = lost.home / "new"
    verdict = run_json("verify", new)
    assert verdict["holds"]
    [said] = verdict["restored"]
    assert "covers 16 frames of the ledger before it was restored: the first 10 are here" in said
    run("export", new, lost.home / "out")
    judged = audit(lost.home / "out")
    assert judged.returncode == 0, judged.stdout
    assert "2 checkpoints cover 17 of 17" in judged.stdout


def test_a_checkpoint_that_somebody_kept_contradicts_it(lost: Lost) -> None:
    """The operator's word that he restored is no proof for its holder."""
    kept, early = lost.home / "last.cose", lost.home / "checkpoints" / "10.cose"
    kept.write_bytes(lost.run())
    signed_after(lost)
    new = lost.home / "new"
    [fault] = run_json("verify", new, "--checkpoint", kept, code=1)["faults"]
    assert "before it was restored" in fault
    assert run_json("verify", new, "--checkpoint", early)["holds"]
    run("export", new, lost.home / "out")
    judged = audit(lost.home / "out", "--checkpoint", kept)
    assert judged.returncode == 1
    assert "before it was restored" in judged.stdout
    assert audit(lost.home / "out", "--checkpoint", early).returncode == 0


def test_before_any_new_checkpoint_it_is_contradicted_too(lost: Lost) -> None:
    """Nothing signed says yet that the ledger was restored."""
    kept = lost.home / "last.cose"
    kept.write_bytes(lost.run())
    run("restore", lost.copy, lost.home / "new")
    [fault] = run_json("verify", lost.home / "new", "--checkpoint", kept, code=1)["faults"]
    assert "of its 16 frames only 10 are here" in fault


def test_restored_twice_each_generation_keeps_its_place(lost: Lost) -> None:
    lost.run()
    signed_after(lost)
    run("backup", lost.home / "new", lost.home / "copy2")
    run("restore", lost.home / "copy2", lost.home / "third")
    third = lost.restored(lost.home / "third")
    third.append([lost.chain.next()])
    made = Checkpoints(third.engine, lost.signed._signer, lost.home / "third").sign(NOW_MS + 3000)
    assert made is not None
    restored = read_restored(made[1])
    assert restored is not None
    assert restored.size == 17
    assert run_json("verify", lost.home / "third")["holds"]


def test_two_restored_from_one_backup_are_not_taken_for_each_other(
    lost: Lost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first is given up; a checkpoint of it that somebody kept proves what both have."""
    lost.run()
    monkeypatch.setattr("collector.cli.backup.now_ms", lambda: NOW_MS)
    _, first = signed_after(lost)
    kept = lost.home / "first.cose"
    kept.write_bytes(first)
    shutil.rmtree(lost.home / "new")
    monkeypatch.setattr("collector.cli.backup.now_ms", lambda: NOW_MS + 60_000)
    run("restore", lost.copy, lost.home / "new")
    new = lost.restored(lost.home / "new")
    new.append(lost.frames[10:])
    Checkpoints(new.engine, lost.signed._signer, lost.home / "new").sign(NOW_MS + 61_000)
    [fault] = run_json("verify", lost.home / "new", "--checkpoint", kept, code=1)["faults"]
    assert "before it was restored: the first 10 are here" in fault


def test_a_checkpoint_of_another_operator_is_not_taken(lost: Lost) -> None:
    lost.run()
    foreign = lost.home / "foreign.cose"
    foreign.write_bytes(b"nothing")
    said = run("restore", lost.copy, lost.home / "new", "--checkpoint", foreign, code=2).output
    assert "--checkpoint" in said
    assert not (lost.home / "new").exists()


def test_the_manifest_says_when_it_was_made(lost: Lost) -> None:
    lost.run()
    manifest = json.loads((lost.copy / "backup.json").read_text())
    assert manifest["has_database"] is True
    assert "collector.sqlite" in manifest["files"]
