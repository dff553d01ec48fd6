"""`esep curtail`: orders by hand, and everything about every order."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection, Engine

from collector.cli import logs
from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.certificate import certificate
from collector.cli.curtail_blocks import block, block_line, blocks_, unblock
from collector.cli.curtail_plan import ledger_, plan
from collector.cli.curtail_scopes import (
    Everything,
    Feeders,
    Licensees,
    Megawatts,
    Percent,
    Setpoint,
    Sites,
    Zones,
    amount_of,
    cap_of,
    planned,
    planned_setpoint,
    scope_of,
)
from collector.cli.intervals import moment_of
from collector.cli.orders_shown import lines, plain
from collector.cli.service import now_ms
from collector.cli.site_schedule import schedule
from collector.model.order import Step
from collector.model.records import OrderReason
from collector.orders import acts, blocks, store
from collector.orders.choice import planning, setpoints
from collector.orders.drafting import ActError, Asked, DraftError, terms_of
from collector.orders.order import Order
from collector.registry.store import Registry
from collector.storage import reading

app = typer.Typer(no_args_is_help=True, help="Orders: draft, approve, prove, release, look.")
app.callback()(logs.to_stderr)
app.command()(certificate)
app.command()(schedule)
app.command()(plan)
app.command("ledger")(ledger_)
app.command()(block)
app.command()(unblock)
app.command("blocks")(blocks_)

By = Annotated[str, typer.Option("--by", help="the full name of the person who does it")]
Reason = Annotated[str, typer.Option("--reason", help="why")]
Named = Annotated[str, typer.Argument(metavar="ORDER", help="its id, or how that begins")]
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
_LENGTH = re.compile(r"(\d{1,7})([smh]?)")
_REFUSED = (ActError, DraftError)


@app.command()
def draft(
    directory: Directory,
    reason: Annotated[OrderReason, typer.Option("--reason", help="the kind of order")],
    by: By,
    why: Annotated[str, typer.Option(help="what for, in words the licensee is told")],
    site: Sites = None,
    feeder: Feeders = None,
    licensee: Licensees = None,
    zone: Zones = None,
    everything: Everything = False,
    mw: Megawatts = None,
    percent: Percent = None,
    to_mw: Setpoint = None,
    hold: Annotated[str | None, typer.Option(help="how long: 30m, 2h, 900 (s)")] = None,
    until: Annotated[str | None, typer.Option(help="when it ends: a time with its offset")] = None,
    reference: Annotated[
        str | None, typer.Option(help="the entry of the telephone log, the letter")
    ] = None,
    authority: Annotated[str | None, typer.Option(help="if several allow it")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what is to be cut, or held to a setpoint. Nothing happens before it is approved."""
    engine = open_directory(directory)
    scope = scope_of(site, feeder, licensee, zone, everything=everything)
    cap_w, amount = cap_of(to_mw, mw, percent), amount_of(mw, percent)
    asked = Asked(
        reason=reason,
        cuts=scope.sites,
        person=by,
        why=why,
        reference=reference,
        hold_s=None if hold is None else _seconds(hold),
        until_ms=None if until is None else moment_of(until),
        authority=authority,
        is_by_zone=scope.is_by_zone and amount.is_all and cap_w is None,
        cap_w=cap_w,
    )
    view, now = Registry(engine).view(), now_ms()
    said: dict[str, Any] = {}
    try:
        if cap_w is not None:
            held = planned_setpoint(engine, directory, view, scope, cap_w, now)
            asked = replace(asked, cuts=held.cuts, caps_w=held.caps_w)
            said = {"plan": setpoints.said(held)}
        elif not (scope.is_of_sites and amount.is_all):
            made = planned(engine, directory, view, scope, amount, now)
            asked, said = replace(asked, cuts=made.cuts), {"plan": planning.said(made)}
        terms = terms_of(view, asked, now)
    except DraftError as error:
        raise _refused(error) from None
    with engine.begin() as connection:
        order = store.draft(connection, terms, now, said)
    _show(order, as_json=as_json)
    if not as_json:
        who = "another person" if terms.two_persons else "a person"
        typer.echo(
            f"drafted; {who} approves it: esep curtail approve {directory}"
            f" {order.id.hex()[:8]} --by PERSON"
        )


@app.command()
def approve(directory: Directory, order: Named, by: By, as_json: AsJson = False) -> None:
    """Let a draft go on. A mass order, and one that opens a line, by another than its drafter."""
    engine = open_directory(directory)
    view = Registry(engine).view()
    _act(
        engine,
        order,
        lambda connection, found, now: acts.approve(connection, view, found, by, now),
        as_json=as_json,
    )


@app.command()
def notice(
    directory: Directory,
    order: Named,
    by: Annotated[str | None, typer.Option("--by", help="who recorded the proof")] = None,
    proof: Annotated[
        str | None, typer.Option(help="a file, whose SHA-256 is kept, or a reference in words")
    ] = None,
    at: Annotated[
        str | None, typer.Option(help="when it was delivered: a time with its offset; else now")
    ] = None,
    licensee: Annotated[str | None, typer.Option(help="of this BIN only")] = None,
    as_json: AsJson = False,
) -> None:
    """What the licensees were told; with --proof, record how it was delivered."""
    engine = open_directory(directory)
    if proof is None:
        with reading(engine) as connection:
            found = _one(connection, order)
        told = [
            {"part": part.number, **dict(record.details)}
            for part in found.parts
            if (record := part.steps.get(Step.NOTIFIED)) is not None
        ]
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    if by is None:
        raise fail("--proof needs the person who recorded it (--by)")
    kept = _proof(proof)
    delivered = None if at is None else moment_of(at)
    _act(
        engine,
        order,
        lambda connection, found, now: acts.prove(
            connection, found, by, kept, now if delivered is None else delivered, now, licensee
        ),
        as_json=as_json,
    )


@app.command()
def cancel(
    directory: Directory, order: Named, by: By, reason: Reason, as_json: AsJson = False
) -> None:
    """Take an order back before it is issued."""
    _act(
        open_directory(directory),
        order,
        lambda connection, found, now: acts.cancel(connection, found, by, reason, now),
        as_json=as_json,
    )


@app.command()
def release(
    directory: Directory, order: Named, by: By, reason: Reason, as_json: AsJson = False
) -> None:
    """End an order before its time; the running collector sends the release."""
    engine = open_directory(directory)
    found = _act(
        engine,
        order,
        lambda connection, found, now: acts.release(connection, found, by, reason, now),
        as_json=as_json,
    )
    if not as_json:
        _say_blocked(engine, found)


@app.command()
def wrongful(
    directory: Directory,
    order: Named,
    by: By,
    reason: Reason,
    reference: Annotated[str | None, typer.Option(help="the decision that says so")] = None,
    as_json: AsJson = False,
) -> None:
    """Close an order that should never have been, with the energy it cost, for compensation."""
    _act(
        open_directory(directory),
        order,
        lambda connection, found, now: acts.wrongful(connection, found, by, reason, reference, now),
        as_json=as_json,
    )


@app.command("list")
def list_(
    directory: Directory,
    is_open: Annotated[bool, typer.Option("--open", help="those that are not over")] = False,
    site: Annotated[str | None, typer.Option(help="that cut this site")] = None,
    limit: Annotated[int, typer.Option(min=1, help="at most so many, the newest")] = 50,
    as_json: AsJson = False,
) -> None:
    """Orders, the newest first."""
    with reading(open_directory(directory)) as connection:
        found = [
            order
            for order in reversed(store.load_all(connection))
            if not (is_open and order.is_over) and (site is None or site in order.terms.sites)
        ]
        standing = blocks.standing(connection)
    if as_json:
        typer.echo(
            json.dumps([plain(each) for each in found[:limit]], ensure_ascii=False, indent=2)
        )
        return
    for block_ in standing:
        typer.echo(block_line(block_))
    for each in found[:limit]:
        typer.echo(lines(each)[0])
    if not found:
        typer.echo("no order")


@app.command()
def show(directory: Directory, order: Named, as_json: AsJson = False) -> None:
    """All about one: its terms, every step of every part, every command."""
    engine = open_directory(directory)
    with reading(engine) as connection:
        found = _one(connection, order)
    _show(found, as_json=as_json)
    if not as_json and not found.is_over:
        _say_blocked(engine, found)


def _act(
    engine: Engine,
    name: str,
    act: Callable[[Connection, Order, int], Order],
    *,
    as_json: bool,
) -> Order:
    try:
        with engine.begin() as connection:
            order = act(connection, _one(connection, name), now_ms())
    except _REFUSED as error:
        raise _refused(error) from None
    _show(order, as_json=as_json)
    return order


def _say_blocked(engine: Engine, order: Order) -> None:
    """Where its load may not return, whatever is asked."""
    view = Registry(engine).view()
    with reading(engine) as connection:
        standing = blocks.standing(connection)
    for site in order.terms.sites:
        found = blocks.of_site(standing, view, site)
        if found is not None:
            typer.echo(f"  {site}: {block_line(found)}; no release is sent before it is lifted")


def _one(connection: Connection, name: str) -> Order:
    found = store.load_prefix(connection, name) if name.strip() else []
    if len(found) != 1:
        said = f"{len(found)} orders begin with" if found else "there is no order"
        raise fail(f"{said} {name!r}; `esep curtail list` names them")
    return found[0]


def _show(order: Order, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(plain(order), ensure_ascii=False, indent=2))
    else:
        typer.echo("\n".join(lines(order)))


def _refused(error: Exception) -> typer.Exit:
    return fail(f"{error}. Nothing was changed")


def _seconds(text: str) -> int:
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        raise fail(f"--hold {text}: write a length of time, as 900, 30m or 2h")
    return int(found[1]) * _UNITS[found[2]]


def _proof(text: str) -> dict[str, Any]:
    """A file's name and SHA-256, or the words themselves."""
    path = Path(text)
    try:
        if path.is_file():
            return {"file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    except OSError as error:
        raise fail(f"--proof {text}: {error.strerror}; nothing was kept") from None
    if not text.strip():
        raise fail("--proof: name a file, or say by which call or letter it is known")
    return {"reference": text.strip()}
