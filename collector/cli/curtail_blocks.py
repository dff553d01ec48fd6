"""`esep curtail block`, `unblock` and `blocks`: whether load may return."""

import json
from typing import Annotated, Any

import typer

from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.orders_shown import local
from collector.cli.report import moment
from collector.cli.service import now_ms
from collector.orders import blocks
from collector.orders.blocks import Block, Said
from collector.orders.drafting import ActError, DraftError
from collector.registry.store import Registry
from collector.storage import reading

Zone = Annotated[str | None, typer.Option("--zone", help="in this zone")]
Everywhere = Annotated[bool, typer.Option("--everything", help="everywhere")]
By = Annotated[str, typer.Option("--by", help="the full name of the person who does it")]
Reason = Annotated[str, typer.Option("--reason", help="why")]


def block(
    directory: Directory,
    by: By,
    reason: Reason,
    reference: Annotated[str, typer.Option(help="the entry of the telephone log, the letter")],
    zone: Zone = None,
    everything: Everywhere = False,
    as_json: AsJson = False,
) -> None:
    """No load is released there until that is lifted; what would end is renewed."""
    where = _zone(zone, everything=everything)
    engine = open_directory(directory)
    view = Registry(engine).view()
    try:
        with engine.begin() as connection:
            begun = blocks.begin(connection, view, where, Said(now_ms(), by, reason, reference))
    except (ActError, DraftError) as error:
        raise fail(f"{error}. Nothing was changed") from None
    _show(begun, as_json=as_json)


def unblock(
    directory: Directory,
    by: By,
    reason: Reason,
    zone: Zone = None,
    everything: Everywhere = False,
    as_json: AsJson = False,
) -> None:
    """Lift a block; of many sites two people must, one after the other."""
    where = _zone(zone, everything=everything)
    engine = open_directory(directory)
    view = Registry(engine).view()
    try:
        with engine.begin() as connection:
            found = blocks.lift(connection, view, where, Said(now_ms(), by, reason))
    except (ActError, DraftError) as error:
        raise fail(f"{error}. Nothing was changed") from None
    _show(found, as_json=as_json)


def blocks_(
    directory: Directory,
    every: Annotated[bool, typer.Option("--all", help="also those that were lifted")] = False,
    as_json: AsJson = False,
) -> None:
    """Where no load may return, since when, why, by whom."""
    with reading(open_directory(directory)) as connection:
        found = blocks.every(connection) if every else blocks.standing(connection)
    if as_json:
        typer.echo(json.dumps([plain(each) for each in found], ensure_ascii=False, indent=2))
    elif not found:
        typer.echo("returns are blocked nowhere")
    else:
        typer.echo("\n".join(block_line(each) for each in found))


def plain(each: Block) -> dict[str, Any]:
    """Times in UTC."""
    return {
        "block": each.number,
        "zone": each.zone,
        "began": _said(each.began),
        "asked": _said(each.asked),
        "lifted": _said(each.lifted),
    }


def block_line(each: Block) -> str:
    began = each.began
    said = (
        f"returns are blocked {each.where} since {local(began.at_ms)} by {began.person}:"
        f" {began.reason} ({began.reference})"
    )
    if each.lifted is not None:
        return f"{said}; lifted {local(each.lifted.at_ms)} by {each.lifted.person}"
    if each.asked is not None:
        return f"{said}; {each.asked.person} asked to lift it: another person must too"
    return said


def _said(said: Said | None) -> dict[str, Any] | None:
    if said is None:
        return None
    return {
        "at": moment(said.at_ms),
        "by": said.person,
        "reason": said.reason,
        "reference": said.reference,
    }


def _zone(zone: str | None, *, everything: bool) -> str | None:
    if (zone is None) != everything:
        raise fail("say where: --zone NAME, or --everything")
    return zone


def _show(each: Block, *, as_json: bool) -> None:
    typer.echo(
        json.dumps(plain(each), ensure_ascii=False, indent=2) if as_json else block_line(each)
    )
