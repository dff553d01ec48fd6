"""`esep collector gaps`: what is missing, and what stands there twice."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from collector.cli.arguments import AsJson, Directory, open_directory
from collector.evidence.chains import Range
from collector.ledger.gaps import ChainGaps, chains
from collector.storage import reading


def gaps(
    directory: Directory,
    gateway: Annotated[
        str | None, typer.Option(help="only this gateway, by its id of 16 hex digits")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Missing frames by gateway, epoch and stream. Exit 1 when any is missing, or twice there."""
    with reading(open_directory(directory)) as connection:
        found = [
            each for each in chains(connection) if gateway is None or each.gateway.hex() == gateway
        ]
    if as_json:
        typer.echo(json.dumps([_as_dict(each) for each in found], indent=2))
    else:
        for each in found:
            for line in _lines(each):
                typer.echo(line)
    if not all(each.is_whole for each in found):
        raise typer.Exit(1)


def _as_dict(found: ChainGaps) -> dict[str, Any]:
    return {
        "gateway": found.gateway.hex(),
        "epoch": found.epoch,
        "stream": found.stream.name.lower(),
        "upto": found.upto,
        "highest": found.highest,
        "missing": [list(gap) for gap in found.missing],
        "frames_missing": found.frames_missing,
        "dropped": [list(gap) for gap in found.dropped],
        "forks": list(found.forks),
        "faults": [{"seq": seq, "fault": fault} for seq, fault in found.faults],
    }


def _lines(found: ChainGaps) -> list[str]:
    chain = f"{found.gateway.hex()} epoch {found.epoch} {found.stream.name.lower()}"
    lines = [f"{chain}: contiguous to {found.upto} of {found.highest}"]
    if found.missing:
        lines.append(f"  MISSING {found.frames_missing} frames: {_ranges(found.missing)}")
    if found.dropped:
        lines.append(f"  dropped, says the gateway: {_ranges(found.dropped)}")
    if found.forks:
        lines.append(f"  FORK: several frames of one name: {', '.join(map(str, found.forks))}")
    lines += [f"  FAULT {fault}: {seq}" for seq, fault in found.faults]
    return lines


def _ranges(ranges: Sequence[Range]) -> str:
    return ", ".join(f"{first}-{last}" if first < last else str(first) for first, last in ranges)
