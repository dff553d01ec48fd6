"""The verbs of `esep registry` that change it: by one person, or by two."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.cli.arguments import UNUSABLE, AsJson, Directory, fail
from collector.cli.registry_files import FORMATS, Form, content_of, kind_and_file, read_given
from collector.cli.service import now_ms
from collector.model.instant import astana
from collector.model.records import Meter
from collector.registry import proposals as papers
from collector.registry.preview import Difference, Preview
from collector.registry.profiles import unconfirmed
from collector.registry.proposals import Proposal, ProposalError
from collector.registry.reading import FileError, Reading, Wrong, told
from collector.registry.store import Registry
from collector.registry.taking import Office, RefusedError, Source
from collector.storage import open_database, reading

PROPOSED = 3
"""The exit code of an import that waits for a second person: nothing is taken yet."""
_SHOWN = 50

By = Annotated[str, typer.Option("--by", help="the person who does it")]


def import_(
    directory: Directory,
    words: Annotated[list[str], typer.Argument(metavar="[KIND] FILE", help="a sheet needs KIND")],
    format_: Annotated[
        str | None, typer.Option("--format", help=f"{FORMATS}; else by the file's name")
    ] = None,
    by: Annotated[str | None, typer.Option("--by", help="the person who gives it")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what would change, and change nothing")
    ] = False,
    sheet: Annotated[str | None, typer.Option(help="of a workbook with several")] = None,
    encoding: Annotated[str | None, typer.Option(help="of a CSV that is not UTF-8")] = None,
    delimiter: Annotated[str | None, typer.Option(help="of a CSV, if not the one found")] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="allocation: which columns a register of winners has")
    ] = None,
    complete: Annotated[
        bool, typer.Option("--complete", help="allocation: cancel what stands beside and is absent")
    ] = False,
    layout: Annotated[
        Path | None, typer.Option(help="quota: how KOREM's result is laid out, if not as shipped")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take a file: all of it, or nothing.

    Ends with 0 when all was taken, 2 when nothing was, 3 when another person must approve.
    """
    kind, path = kind_and_file(words)
    registry = open_registry(directory)
    office = Office(registry)
    try:
        content = content_of(path)
        options = {"sheet": sheet, "encoding": encoding, "delimiter": delimiter}
        form = Form(kind, format_, options, mapping, layout, is_complete=complete)
        given = read_given(registry, content, path, form)
        source = Source.of(path.name, content, by)
        if dry_run:
            seen = office.look(given)
            _show_preview(_report(path, source, given, seen), seen, path, as_json=as_json)
            raise typer.Exit(2 if seen.wrong else 0)
        outcome = office.take(given, source, now_ms())
    except RefusedError as refused:
        seen = refused.preview
        _show_preview(_report(path, source, given, seen), seen, path, as_json=as_json)
        raise typer.Exit(2) from None
    except FileError as error:
        if as_json:
            typer.echo(json.dumps({"file": str(path), "taken": 0, "error": str(error)}))
        raise fail(str(error)) from None
    seen = outcome.preview
    report = _report(path, source, given, seen)
    report |= {"taken": outcome.taken, "proposal": outcome.proposal}
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _say(seen.notes, seen.odd)
        if outcome.proposal is None:
            typer.echo(
                f"{outcome.taken} records taken from {path} ({_counted(seen)};"
                f" SHA-256 {source.document.hex()})"
            )
            warn(registry.view().all(Meter).values())
        else:
            typer.echo(
                f"proposal {outcome.proposal}: nothing is taken until another person approves it:"
                f" esep registry approve {directory} {outcome.proposal} --by PERSON"
            )
    if outcome.proposal is not None:
        raise typer.Exit(PROPOSED)


def proposals(
    directory: Directory,
    number: Annotated[int | None, typer.Argument(help="of one, with all that it changes")] = None,
    also_decided: Annotated[bool, typer.Option("--all", help="decided ones as well")] = False,
    as_json: AsJson = False,
) -> None:
    """What waits for a second person."""
    registry = open_registry(directory)
    with reading(registry.engine) as connection:
        try:
            found = (
                papers.proposals(connection, also_decided=also_decided)
                if number is None
                else [papers.proposal(connection, number)]
            )
        except ProposalError as error:
            raise fail(str(error)) from None
    if as_json:
        rows = [_proposal_json(each) for each in found]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for each in found:
        typer.echo(_proposal_line(each))
        for line in _lines(each.differences, None if number is not None else 10):
            typer.echo(line)
    if not found:
        typer.echo("no proposal is open")


def approve(directory: Directory, number: int, by: By) -> None:
    """Take a proposal that another person made; it is judged anew."""
    try:
        found = Office(open_registry(directory)).approve(number, by, now_ms())
    except (ProposalError, FileError) as error:
        raise fail(str(error)) from None
    typer.echo(
        f"proposal {number}: {len(found.differences)} records taken from {found.file}, proposed by"
        f" {found.proposed_by}, approved by {by}"
    )


def reject(
    directory: Directory,
    number: int,
    by: By,
    reason: Annotated[str, typer.Option(help="why, for whoever proposed it")],
) -> None:
    """Put a proposal away: nothing of it is taken."""
    try:
        Office(open_registry(directory)).reject(number, by, reason, now_ms())
    except (ProposalError, FileError) as error:
        raise fail(str(error)) from None
    typer.echo(f"proposal {number}: rejected by {by}")


def open_registry(directory: Path) -> Registry:
    try:
        return Registry(open_database(directory))
    except UNUSABLE as error:
        raise fail(str(error)) from None


def warn(meters: Iterable[Meter]) -> None:
    for line in unconfirmed(meters):
        typer.echo(line, err=True)


def _report(path: Path, source: Source, given: Reading, seen: Preview) -> dict[str, Any]:
    return {
        "file": str(path),
        "sha256": source.document.hex(),
        "notes": list(seen.notes),
        "document": given.said,
        "counts": {state: seen.counts[state] for state in ("new", "changed", "same")},
        "changes": [each.as_json() for each in seen.changes],
        "wrong": [each.as_json() for each in seen.wrong],
        "warnings": [each.as_json() for each in seen.odd],
        "taken": 0,
        "proposal": None,
    }


def _show_preview(report: dict[str, Any], seen: Preview, path: Path, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False, indent=2))
        return
    _say(seen.notes, seen.odd)
    if seen.wrong:
        typer.echo("\n".join([f"{path}: nothing was taken:", *told(seen.wrong)]), err=True)
        return
    typer.echo(f"{path}: {_counted(seen)}; nothing was changed")
    for line in _lines(seen.changes, _SHOWN):
        typer.echo(line)


def _say(notes: Iterable[str], odd: Iterable[Wrong]) -> None:
    for note in notes:
        typer.echo(note, err=True)
    for line in told(odd):
        typer.echo(f"warning:{line[1:]}", err=True)


def _counted(seen: Preview) -> str:
    return ", ".join(f"{seen.counts[state]} {state}" for state in ("new", "changed", "same"))


def _lines(found: Iterable[Difference], most: int | None) -> list[str]:
    lines = list(found)
    shown = [str(each) for each in lines[:most]]
    if most is not None and len(lines) > most:
        shown.append(f"  and {len(lines) - most} others; --json names them")
    return shown


def _time(instant_ms: int) -> str:
    return astana(instant_ms).strftime("%Y-%m-%d %H:%M:%S")


def _proposal_line(found: Proposal) -> str:
    line = (
        f"proposal {found.id}, {found.state}: {len(found.differences)} records of {found.file},"
        f" by {found.proposed_by} at {_time(found.proposed_ms)}"
    )
    if found.decided_ms is not None:
        line += f"; {found.state} by {found.decided_by} at {_time(found.decided_ms)}"
    return line + (f": {found.reason}" if found.reason else "")


def _proposal_json(found: Proposal) -> dict[str, Any]:
    names = ("id", "file", "state", "proposed_ms", "proposed_by", "decided_ms", "decided_by")
    return {
        **{name: getattr(found, name) for name in names},
        "reason": found.reason,
        "sha256": found.document.hex(),
        "changes": [each.as_json() for each in found.differences],
    }
