"""`esep collector statement-import`, `reconcile-month`, `decide-month`: the month's figures."""

import hashlib
import json
from dataclasses import asdict
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from collector.checks import findings, months
from collector.checks.months import MonthResult
from collector.cli import logs
from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.interval_rows import exact
from collector.cli.service import now_ms
from collector.model.delivery import moment_text
from collector.registry import month_statements
from collector.registry.month_statements import (
    Decision,
    DecisionError,
    Holds,
    Month,
    StatementSource,
    read_file,
    subjects_of,
    take,
)
from collector.registry.named_rows import CellError, FileFaults, figure
from collector.registry.sheets import SheetError
from collector.registry.store import Registry
from collector.storage import appending, reading

MonthName = Annotated[str, typer.Argument(help="as in 2026-11, by Astana's calendar")]
_WH_PER_KWH = 1000


def statement_import(
    directory: Directory,
    source: Annotated[str, typer.Argument(help="utility, or market: who says so")],
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: subject, month, energy_kwh")],
    encoding: Annotated[
        str | None, typer.Option(help="of a CSV that is not UTF-8: windows-1251")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="judge it, take nothing")] = False,
    as_json: AsJson = False,
) -> None:
    """Take the energies of months as others metered them: all of the file, or nothing."""
    if source not in get_args(StatementSource):
        raise fail(f"{source!r}: right would be utility or market")
    engine = open_directory(directory)
    known = months.subjects(Registry(engine).view())
    try:
        found, notes = read_file(file.read_bytes(), _source(source), known, encoding)
    except OSError as error:
        raise fail(f"{file}: {error.strerror}") from None
    except (SheetError, FileFaults) as error:
        raise fail(f"{file}: nothing was taken\n{error}") from None
    with engine.connect() as connection, connection.begin() as transaction:
        taken = take(connection, found, notes, now_ms())
        if dry_run:
            transaction.rollback()
    if as_json:
        document = asdict(taken) | {"document": taken.document.hex(), "taken": not dry_run}
        typer.echo(json.dumps(document, indent=2))
        return
    verb = "would be" if dry_run else "are"
    typer.echo(
        f"{taken.new} months {verb} new, {taken.corrected} corrected, {taken.same} as they were"
        f" (SHA-256 {taken.document.hex()})"
    )
    for note in notes:
        typer.echo(note)


def reconcile_month(
    directory: Directory,
    month: MonthName,
    subject: Annotated[str | None, typer.Option(help="only this site or BIN/zone")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="keep what differs as findings")] = False,
    as_json: AsJson = False,
) -> None:
    """Our registers against the utility's meter and the market's actuals, and what holds.

    Exit 1 when a difference is outside the combined accuracy classes, and nobody has decided.
    """
    logs.to_stderr()
    engine = open_directory(directory)
    view = Registry(engine).view()
    of = _month(month)
    if of.end_ms > now_ms():
        raise fail(f"{month} has not ended yet")
    with reading(engine) as connection:
        named = [subject] if subject is not None else subjects_of(connection, of)
        try:
            results = [months.result_of(connection, view, each, of) for each in named]
        except LookupError as error:
            raise fail(str(error)) from None
    if keep:
        with appending(engine) as connection:
            for result in results:
                for found in months.findings_of(result):
                    findings.keep(connection, found)
    if as_json:
        typer.echo(
            json.dumps({"month": month, "results": [_document(r) for r in results]}, indent=2)
        )
    else:
        for result in results:
            typer.echo(_text(result))
        if not results:
            typer.echo(f"nobody has said anything of {month}: take it in by statement-import")
    if any(result.is_open for result in results):
        raise typer.Exit(1)


def decide_month(
    directory: Directory,
    subject: Annotated[str, typer.Argument(help="a site, or BIN/zone")],
    month: MonthName,
    holds: Annotated[str, typer.Option(help="utility, ours, or agreed with --kwh")],
    by: Annotated[str, typer.Option("--by", help="who decided")],
    reason: Annotated[str, typer.Option(help="why")],
    document: Annotated[Path, typer.Option(help="the signed act; its SHA-256 is kept")],
    kwh: Annotated[str | None, typer.Option(help="the figure that was agreed on")] = None,
) -> None:
    """Keep which figure of a month holds. An earlier decision stays as its earlier version."""
    if holds not in get_args(Holds):
        raise fail(f"--holds {holds!r}: right would be utility, ours or agreed")
    if (holds == "agreed") != (kwh is not None):
        raise fail("--kwh is needed with --holds agreed, and with nothing else")
    engine = open_directory(directory)
    view = Registry(engine).view()
    of = _month(month)
    try:
        content = document.read_bytes()
    except OSError as error:
        raise fail(f"--document {document}: {error.strerror}") from None
    with appending(engine) as connection:
        try:
            result = months.result_of(connection, view, subject, of)
            decision = Decision(
                subject,
                of,
                _holds(holds),
                _decided_wh(result, holds, kwh),
                by,
                reason,
                hashlib.sha256(content).digest(),
                result.utility_version,
                now_ms(),
            )
            version = month_statements.decide(connection, decision)
        except (LookupError, DecisionError, CellError) as error:
            raise fail(str(error)) from None
    typer.echo(f"decision {version}: {exact(decision.energy_wh)} Wh of {subject} in {month}")


def _decided_wh(result: MonthResult, holds: str, kwh: str | None) -> Fraction:
    if kwh is not None:
        return Fraction(figure(kwh)) * _WH_PER_KWH
    if holds == "ours":
        if result.ours.operational:
            raise DecisionError(
                f"{', '.join(result.ours.operational)} is operational: it may warn, and never"
                " bills; right would be utility, or agreed"
            )
        if result.ours.energy_wh is None:
            raise DecisionError("our registers did not measure the whole month")
        return result.ours.energy_wh
    for each in result.comparisons:
        if each.statement.source == "utility":
            return each.statement.energy_wh
    raise DecisionError("the utility has said nothing of that month; take it in first")


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except CellError as error:
        raise fail(str(error)) from None


def _source(text: str) -> StatementSource:
    return "utility" if text == "utility" else "market"


def _holds(text: str) -> Holds:
    if text == "agreed":
        return "agreed"
    return "ours" if text == "ours" else "utility"


def _document(result: MonthResult) -> dict[str, Any]:
    decision = result.decision
    return {
        "subject": result.subject,
        "from": moment_text(result.month.start_ms),
        "to": moment_text(result.month.end_ms),
        "ours_wh": exact(result.ours.energy_wh),
        "error_wh": exact(result.ours.error_wh),
        "meters": list(result.ours.meters),
        "operational": list(result.ours.operational),
        "unmeasured": list(result.ours.unmeasured),
        "may_bill": result.ours.may_bill,
        "positions": list(result.ours.positions),
        "sources": [
            {
                "source": each.statement.source,
                "energy_wh": exact(each.statement.energy_wh),
                "accuracy_class": each.statement.accuracy_class,
                "difference_wh": exact(each.difference_wh),
                "allowed_wh": exact(each.allowed_wh),
                "outcome": each.outcome,
                "version": each.statement.version,
                "document_sha256": each.statement.document.hex(),
            }
            for each in result.comparisons
        ],
        "holds": result.holds,
        "holds_wh": exact(result.holds_wh),
        "is_open": result.is_open,
        "decision": None
        if decision is None
        else {
            "holds": decision.holds,
            "energy_wh": exact(decision.energy_wh),
            "by": decision.person,
            "reason": decision.reason,
            "document_sha256": decision.document.hex(),
            "decided": moment_text(decision.decided_ms),
            "version": decision.version,
            "is_current": result.is_decided,
        },
    }


def _text(result: MonthResult) -> str:
    ours = "not measured" if result.ours.energy_wh is None else f"{_kwh(result.ours.energy_wh)} kWh"
    lines = [f"{result.subject}: {ours} by {', '.join(result.ours.meters) or 'no meter'}"]
    if result.ours.operational:
        lines.append(f"  operational, may never bill: {', '.join(result.ours.operational)}")
    if result.ours.unmeasured:
        lines.append(f"  did not measure the whole month: {', '.join(result.ours.unmeasured)}")
    for each in result.comparisons:
        line = f"  {each.statement.source} {_kwh(each.statement.energy_wh)} kWh: {each.outcome}"
        if each.difference_wh is not None and each.allowed_wh is not None:
            line += f", {_kwh(each.difference_wh)} kWh apart of {_kwh(each.allowed_wh)} allowed"
        lines.append(line)
    held = "" if result.holds_wh is None else f", {_kwh(result.holds_wh)} kWh"
    lines.append(f"  what holds: {result.holds}{held}")
    if result.decision is not None and not result.is_decided:
        lines.append("  the utility corrected its figure after the decision: decide anew")
    return "\n".join(lines)


def _kwh(energy_wh: Fraction) -> str:
    """To a thousandth; --json has it exact."""
    return f"{Decimal(round(energy_wh)) / _WH_PER_KWH:f}"
