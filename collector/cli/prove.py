"""`esep collector prove`: one frame, or a checkpoint's past, for somebody who has nothing else."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from collector.cli.arguments import Directory, fail, open_directory
from collector.evidence.errors import EvidenceError
from collector.evidence.frame import Stream, read_frame
from collector.evidence.merkle import leaf_hash, root_by_inclusion
from collector.ledger.checkpoints import Signed, newest, said
from collector.ledger.ledger import entry_at, frame_named
from collector.ledger.tree import HoleError, Tree, grow
from collector.registry.store import Registry
from collector.registry.view import View
from collector.storage import reading


def prove(
    directory: Directory,
    out: Annotated[Path, typer.Option(help="a new file")],
    frame: Annotated[
        str | None, typer.Argument(help="a position, or GATEWAY/EPOCH/STREAM/SEQ")
    ] = None,
    since: Annotated[
        Path | None, typer.Option(help="instead: that the newest checkpoint continues this one")
    ] = None,
) -> None:
    """A proof file, which `python -m auditor proof FILE --root root.pub` judges offline."""
    if (frame is None) == (since is None):
        raise fail("name a frame, or give --since CHECKPOINT")
    if out.exists():
        raise fail(f"{out} exists; name a new file")
    engine = open_directory(directory)
    view = Registry(engine).view()
    try:
        grow(engine)
        with reading(engine) as connection:
            signed = newest(connection)
            if signed is None:
                raise fail("there is no checkpoint yet: esep collector checkpoint DIR")
            tree = Tree(connection)
            if frame is not None:
                proof = _inclusion(connection, tree, signed, view, _position(connection, frame))
            elif since is not None:
                proof = _consistency(tree, signed, since)
    except HoleError as error:
        raise fail(str(error)) from None
    out.write_text(json.dumps(proof, indent=1) + "\n")
    typer.echo(f"{out}: judge it with: python -m auditor proof {out} --root root.pub")


def _inclusion(
    connection: Connection, tree: Tree, signed: Signed, view: View, position: int
) -> dict[str, Any]:
    if not 1 <= position <= signed.size:
        raise fail(
            f"the newest checkpoint covers the positions 1 to {signed.size}, not {position}:"
            " esep collector checkpoint DIR"
        )
    entry = entry_at(connection, position)
    if entry is None:
        raise fail(f"there is no position {position}: see esep collector verify")
    path = tree.inclusion_path(position, signed.size)
    if root_by_inclusion(leaf_hash(entry.raw), position - 1, signed.size, path) != signed.root:
        raise fail("the frames are not those of the checkpoint: see esep collector verify")
    message, said_in = read_frame(entry.raw)
    key = view.gateway_key(message.kid, said_in)
    return {
        "proof": "inclusion",
        "position": position,
        "frame": entry.raw.hex(),
        "key": None if key is None else {"x": key.raw[:32].hex(), "y": key.raw[32:].hex()},
        "path": [node.hex() for node in path],
        "checkpoint": signed.raw.hex(),
    }


def _consistency(tree: Tree, signed: Signed, since: Path) -> dict[str, Any]:
    try:
        old = said(since.read_bytes())
    except OSError as error:
        raise fail(f"--since {since}: {error.strerror}") from None
    except EvidenceError as error:
        raise fail(f"--since {since}: {error}") from None
    if not 1 <= old.size <= signed.size:
        raise fail(f"--since {since}: the newest checkpoint covers {signed.size} frames only")
    if tree.root(old.size) != old.root:
        typer.echo(f"{since} is not of this ledger, or of one before its restoration", err=True)
        raise typer.Exit(1)
    return {
        "proof": "consistency",
        "old": old.raw.hex(),
        "path": [node.hex() for node in tree.consistency_path(old.size, signed.size)],
        "checkpoint": signed.raw.hex(),
    }


def _position(connection: Connection, text: str) -> int:
    if text.isdecimal():
        return int(text)
    try:
        gateway, epoch, stream, seq = text.split("/")
        name = bytes.fromhex(gateway), int(epoch), Stream[stream.upper()], int(seq)
    except (ValueError, KeyError):
        raise fail(f"{text}: a position, or as 0011223344556677/1/billing/42") from None
    found = [position for position, _ in frame_named(connection, *name)]
    if len(found) != 1:
        places = ", ".join(map(str, found))
        raise fail(
            f"there are {len(found)} frames of that name, at the positions {places}: name one"
            if found
            else f"there is no frame {text}"
        )
    return found[0]
