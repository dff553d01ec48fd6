"""`esep collector backup` and `restore`."""

import shutil
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from collector.cli.arguments import Directory, fail, open_directory
from collector.cli.progress import progress
from collector.cli.service import now_ms
from collector.evidence.downlink import Restored, read_checkpoint
from collector.evidence.errors import EvidenceError
from collector.evidence.keys import PublicKey
from collector.ledger.checkpoints import FOLDER, Signed, begin_generation, copy_name, said
from collector.registry.keyring import Keyring
from collector.storage import backup as copies
from collector.storage import open_database
from collector.storage.backup import BackupError
from collector.storage.engine import FILE_NAME

_POSTGRESQL = (
    "The database is PostgreSQL's, and not in it. To be of use it must be copied before this, with"
    " pg_dump --format=custom or pg_basebackup, so that all archives which it names are here"
)


def backup(
    directory: Directory, out: Annotated[Path, typer.Argument(help="a new directory")]
) -> None:
    """Copy what cannot be made again: database, keys, checkpoints, archives. It may run."""
    if out.exists():
        raise fail(f"{out} exists; name a new directory")
    engine = open_directory(directory)
    is_file = engine.dialect.name == "sqlite"
    out.mkdir(mode=0o700, parents=True)
    try:
        if is_file:
            _copy(directory / FILE_NAME, out / FILE_NAME)
        copies.copy_beside(directory, out)
        copies.write_manifest(out, now_ms(), {"has_database": is_file})
    except (OSError, BackupError) as error:
        shutil.rmtree(out)
        typer.echo(f"{error}; nothing is left of {out}", err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{out}: it holds private keys, keep it as you keep {directory}")
    if not is_file:
        typer.echo(_POSTGRESQL)


def restore(
    source: Annotated[Path, typer.Argument(help="a backup")],
    directory: Annotated[Path, typer.Argument(help="a new data directory")],
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="checkpoints published since the backup; may be repeated"),
    ] = None,
) -> None:
    """Make a data directory from a backup. A new generation of the tree begins with it."""
    if directory.exists():
        raise fail(f"{directory} exists; name a new directory")
    try:
        facts = copies.check_manifest(source)
        root = Keyring(source).root
        later = [_published(path, root) for path in checkpoint or []]
    except BackupError as error:
        raise fail(str(error)) from None
    directory.mkdir(mode=0o700, parents=True)
    try:
        copies.copy_beside(source, directory)
        if facts["has_database"]:
            _copy(source / FILE_NAME, directory / FILE_NAME)
        begun = _begin(directory, later)
    except (OSError, BackupError, SQLAlchemyError) as error:
        shutil.rmtree(directory)
        typer.echo(f"{error}\nnothing is left of {directory}. {_hint(facts)}", err=True)
        raise typer.Exit(1) from None
    typer.echo(
        f"{directory}: {begun.size} frames. Generation {begun.generation} of the tree begins, which"
        " every checkpoint from now on says. Run it: gateways send again what they still hold, and"
        " esep collector gaps names what they do not"
    )


def _begin(directory: Path, later: list[Signed]) -> Restored:
    engine = open_database(directory)
    folder = directory / FOLDER
    folder.mkdir(exist_ok=True)
    for signed in later:
        (folder / copy_name(signed)).write_bytes(signed.raw)
    on_disk = [said(path.read_bytes()) for path in folder.glob("*.cose")]
    last = max(on_disk, key=lambda signed: (signed.generation, signed.size), default=None)
    with engine.begin() as connection:
        begun = begin_generation(connection, None if last is None else last.raw, now_ms())
    engine.dispose()
    return begun


def _published(path: Path, root: PublicKey) -> Signed:
    try:
        message = path.read_bytes()
        read_checkpoint(message, root)
    except (OSError, EvidenceError) as error:
        raise fail(f"--checkpoint {path}: {error}") from None
    return said(message)


def _copy(source: Path, target: Path) -> None:
    with progress("database", source.stat().st_size) as advance:
        copies.copy_database(source, target, advance)


def _hint(facts: dict[str, object]) -> str:
    return "" if facts["has_database"] else "Is the restored PostgreSQL database running?"
