"""`esep registry import DIRECTORY quota FILE.pdf`: KOREM's daily result."""

import hashlib
import json
from pathlib import Path
from typing import Any

import typer
from sqlalchemy import Engine

from collector.cli.entitlement_texts import (
    change_lines,
    counts,
    excess_entries,
    excess_lines,
)
from collector.registry.entitlement_changes import (
    Change,
    Excess,
    over_quota,
    preview,
    require_hours,
    take,
)
from collector.registry.korem import HourRow, Result, read_layout, read_result
from collector.registry.store import Registry
from collector.storage import reading


def import_quota(
    engine: Engine,
    file: Path,
    now_ms: int,
    *,
    layout_file: Path | None = None,
    dry_run: bool = False,
    as_json: bool = False,
) -> None:
    """Take the quotas of a result and say what it holds.

    Raises OSError, and ResultError and RefusedError, which are ValueErrors: then nothing was taken.
    """
    layout = read_layout(layout_file)
    content = file.read_bytes()
    document = hashlib.sha256(content)
    result = read_result(content, layout)
    require_hours(Registry(engine).view())
    quotas = result.quotas(document.hexdigest())
    changes = (
        preview(engine, quotas) if dry_run else take(engine, quotas, document.digest(), now_ms)
    )
    with reading(engine) as connection:
        excess = over_quota(connection, ((quota.zone, quota.start) for quota in quotas))
    if as_json:
        told = _as_dict(result, document.hexdigest(), changes, excess)
        typer.echo(json.dumps(told | {"taken": not dry_run}, indent=2, ensure_ascii=False))
        return
    typer.echo(f"{file}: SHA-256 {document.hexdigest()}")
    typer.echo(f"traded {result.traded}, delivered {result.delivered}; {_hours_text(result)}")
    for block in result.zones:
        price = block.start_price_text or "none printed"
        typer.echo(f"{block.zone}: start price {price}" + ("" if block.has_bids else "; no bids"))
        for kind, row in block.rows.items():
            typer.echo(f"  {kind}: {row.total_mwh} MWh in all")
    typer.echo("quotas: " + "\n".join(change_lines(changes)))
    for line in excess_lines(excess):
        typer.echo(line, err=True)
    if dry_run:
        typer.echo("nothing was taken: a dry run")


def _hours_text(result: Result) -> str:
    known = "" if result.is_hour_confirmed else " (an assumption of the layout file)"
    return result.hour_convention + known


def _as_dict(
    result: Result, document: str, changes: list[Change[Any]], excess: list[Excess]
) -> dict[str, Any]:
    return {
        "sha256": document,
        "traded": result.traded.isoformat(),
        "delivered": result.delivered.isoformat(),
        "hour_convention": result.hour_convention,
        "hour_convention_is_confirmed": result.is_hour_confirmed,
        "unit": "MWh",
        "zones": [
            {
                "zone": block.zone,
                "start_price": None if block.start_price is None else str(block.start_price),
                "start_price_text": block.start_price_text,
                "has_bids": block.has_bids,
                "rows": {kind: _row(row) for kind, row in block.rows.items()},
            }
            for block in result.zones
        ],
        "quotas": counts(changes),
        "above_quota": excess_entries(excess),
    }


def _row(row: HourRow) -> dict[str, Any]:
    return {
        "hours": [None if value is None else str(value) for value in row.hours_mwh],
        "total": None if row.total_mwh is None else str(row.total_mwh),
    }
