"""Copies of a data directory that can be opened again; the collector may run meanwhile."""

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from collector.storage.engine import FILE_NAME
from collector.storage.settings import FILE_NAME as SETTINGS

MANIFEST = "backup.json"
# beside the database: what cannot be made again, keys first. Archives only grow, and are read-only,
# so that those which the copied database names are whole when they are copied after it
_BESIDE = ("root.pub", SETTINGS, "keys", "ca", "checkpoints", "archive")
_PAGES = 4096


class BackupError(RuntimeError):
    """The copy cannot be made or is not what was written; the text says what to do."""


def copy_database(source: Path, target: Path, on_bytes: Callable[[int], None]) -> None:
    """An SQLite database as of one moment, by its own online backup, checked afterwards."""
    read = sqlite3.connect(
        f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=30, isolation_level=None
    )
    written = sqlite3.connect(target)
    (page_size,) = read.execute("PRAGMA page_size").fetchone()
    # held to the end: else every commit meanwhile would make the copy begin again
    read.execute("BEGIN")
    read.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    try:
        target.chmod(0o600)
        read.backup(
            written, pages=_PAGES, progress=lambda *_: on_bytes(_PAGES * page_size), sleep=0
        )
        written.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        [(verdict,)] = written.execute("PRAGMA integrity_check(1)")
    finally:
        written.close()
        read.close()
    if verdict != "ok":
        raise BackupError(f"{source} is damaged: {verdict}; keep it, and restore an older backup")


def copy_beside(source: Path, target: Path) -> None:
    """Everything but the database, with the modes that keep keys to their owner."""
    for name in _BESIDE:
        path = source / name
        if path.is_dir():
            shutil.copytree(path, target / name, ignore=shutil.ignore_patterns("*.part"))
        elif path.exists():
            shutil.copy2(path, target / name)


def write_manifest(folder: Path, made_ms: int, facts: dict[str, object]) -> None:
    """The SHA-256 of every file: what is restored is what was written."""
    files = {str(path.relative_to(folder)): _sha256(path) for path in _files(folder)}
    text = json.dumps({"made_ms": made_ms, **facts, "files": files}, indent=1)
    (folder / MANIFEST).write_text(text + "\n")


def check_manifest(folder: Path) -> dict[str, object]:
    """What a backup says of itself. Raises BackupError when it is not whole."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        files = dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{folder} is no backup: {MANIFEST}: {error}") from None
    for name, digest in files.items():
        path = folder / name
        if not path.is_file() or _sha256(path) != digest:
            raise BackupError(f"{path} is missing or changed; take another copy of this backup")
    return {name: value for name, value in manifest.items() if name != "files"}


def has_database(folder: Path) -> bool:
    return (folder / FILE_NAME).exists()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
