"""The verbs of `esep registry` that ask it: what holds, what was known, and since when."""

import json
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from collector.cli.arguments import AsJson, Directory, fail
from collector.cli.registry_changes import open_registry
from collector.model.instant import astana
from collector.model.moments import MomentError, read_moment
from collector.model.records import KINDS, Record
from collector.registry.columns import as_texts
from collector.registry.files import Format, write_file
from collector.registry.preview import Difference
from collector.registry.reading import FileError
from collector.registry.store import Change

Kind = Annotated[str, typer.Argument(metavar="KIND", help="as `esep registry show --help` says")]
At = Annotated[
    str | None,
    typer.Option("--at", metavar="T", help="only what held then: a date or time in Astana"),
]
Known = Annotated[
    str | None,
    typer.Option("--known", metavar="T", help="as it was known then, not as it is known now"),
]


def show(
    directory: Directory,
    kind: Kind,
    key: Annotated[str | None, typer.Argument(help="of one record")] = None,
    at: At = None,
    known: Known = None,
    as_json: AsJson = False,
) -> None:
    """The records of a kind, or one of them."""
    found = _records(directory, kind, at, known)
    if key is not None:
        found = [record for record in found if record.key == key]
        if not found:
            when = "".join(
                f" {name} {text}" for name, text in (("at", at), ("known", known)) if text
            )
            raise fail(f"the register holds no {kind} {key!r}{when}")
    if as_json:
        rows = [{"key": record.key} | record.model_dump(mode="json") for record in found]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for record in found:
        typer.echo(f"{kind} {record.key}")
        for name, text in as_texts(record).items():
            if text is not None:
                typer.echo(f"  {name}: {text}")


def export(
    directory: Directory,
    kind: Kind,
    file: Annotated[Path | None, typer.Argument(help="else to standard output")] = None,
    format_: Annotated[
        str | None, typer.Option("--format", help="toml, csv or xlsx; else by the file's name")
    ] = None,
    at: At = None,
    known: Known = None,
) -> None:
    """The records of a kind as a file that `import` reads as the same."""
    name = format_ or ("csv" if file is None else file.suffix.lower().removeprefix("."))
    found = _records(directory, kind, at, known)
    for known_format in get_args(Format):
        if name == known_format:
            break
    else:
        raise fail(f"--format {name or '...'}: it is one of {', '.join(get_args(Format))}")
    try:
        content = write_file(found, kind, known_format)
        if file is None:
            typer.echo(content, nl=False)
        else:
            file.write_bytes(content)
    except FileError as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"{file}: cannot be written: {error.strerror}") from None
    typer.echo(f"{len(found)} records of {kind}", err=True)


def history(directory: Directory, kind: Kind, key: str, as_json: AsJson = False) -> None:
    """Every version of a record: when it was known, from which document, by whom."""
    _require(kind)
    changes = open_registry(directory).history(KINDS[kind], key)
    if not changes:
        raise fail(f"the register holds no {kind} {key!r}")
    before = [None, *(change.record for change in changes)]
    steps = [
        (change, Difference(change.record, was))
        for change, was in zip(changes, before, strict=False)
    ]
    if as_json:
        rows = [_step_json(change, step) for change, step in steps]
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for change, step in steps:
        when = astana(change.recorded_ms).strftime("%Y-%m-%d %H:%M:%S")
        typer.echo(
            f"version {change.id}, known {when}{_by(change)}, document {change.document.hex()}"
        )
        typer.echo(str(step))


def _step_json(change: Change, step: Difference) -> dict[str, Any]:
    return {
        "version": change.id,
        "recorded_ms": change.recorded_ms,
        **change.persons._asdict(),
        "document": change.document.hex(),
        "record": change.record.model_dump(mode="json"),
        **step.as_json(),
    }


def _by(change: Change) -> str:
    given, approved = change.persons
    if given is None:
        return ""
    return f" by {given}" + (f", approved by {approved}" if approved else "")


def _records(directory: Path, kind: str, at: str | None, known: str | None) -> list[Record]:
    """By their keys; those of a kind without times hold always."""
    _require(kind)
    known_ms = None if known is None else _moment("--known", known)
    found = open_registry(directory).records(KINDS[kind], known_ms)
    if at is not None:
        at_ms = _moment("--at", at)
        found = [record for record in found if _holds(record, at_ms)]
    return sorted(found, key=lambda record: record.key)


def _holds(record: Any, at_ms: int) -> bool:
    if getattr(record, "withdrawn", False):
        return False
    ends_ms = getattr(record, "valid_until", None)
    return getattr(record, "valid_from", 0) <= at_ms and (ends_ms is None or at_ms < ends_ms)


def _moment(option: str, text: str) -> int:
    try:
        return read_moment(text)
    except MomentError as error:
        raise fail(f"{option}: {error}") from None


def _require(kind: str) -> None:
    if kind not in KINDS:
        raise fail(f"there is no kind {kind!r}; the kinds are {', '.join(KINDS)}")
