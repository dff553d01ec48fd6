"""`esep collector feeder-import`, `grey` and `feeder-score`: what feeders show."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.checks.grey import judging
from collector.checks.grey.balance import Balance, BalanceOutcome
from collector.checks.grey.judging import ShapeResult
from collector.checks.grey.profile import Quarter, shape
from collector.checks.grey.score import Score, ThresholdsError, read_thresholds, score
from collector.cli import logs
from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.interval_rows import exact
from collector.cli.intervals import moment_of
from collector.cli.service import now_ms
from collector.model.delivery import day_start_ms, moment_text
from collector.model.instant import astana
from collector.model.records import Feeder
from collector.registry.feeder_readings import FeederEnergy, Label, read_file, take
from collector.registry.named_rows import FileFaults
from collector.registry.sheets import SheetError
from collector.registry.store import Registry
from collector.registry.view import UnknownError
from collector.storage import appending, reading

TimesAre = Annotated[
    str, typer.Option(help="a row's time is when its quarter began: start, or end")
]
Encoding = Annotated[str | None, typer.Option(help="of a CSV that is not UTF-8: windows-1251")]


def feeder_import(
    directory: Directory,
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: feeder, time, energy_kwh")],
    times_are: TimesAre = "start",
    encoding: Encoding = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="judge it, take nothing")] = False,
    as_json: AsJson = False,
) -> None:
    """Take a substation's quarters: all of the file, or nothing. Corrections are new versions."""
    engine = open_directory(directory)
    feeders = Registry(engine).view().all(Feeder)
    found, notes = _read(file, set(feeders), times_are, encoding)
    ahead = max(found, key=lambda each: each.start_ms + each.length_ms)
    if ahead.start_ms + ahead.length_ms > now_ms():
        raise fail(
            f"{file}: nothing was taken\nthe quarter of {ahead.feeder} from"
            f" {moment_text(ahead.start_ms)} has not ended yet; are the times Astana's?"
        )
    with engine.connect() as connection, connection.begin() as transaction:
        taken = take(connection, found, notes, now_ms())
        if dry_run:
            transaction.rollback()
    document = asdict(taken) | {"document": taken.document.hex(), "taken": not dry_run}
    first, last = min(each.start_ms for each in found), max(each.start_ms for each in found)
    document |= {"from": moment_text(first), "last": moment_text(last), "times_are": times_are}
    if as_json:
        typer.echo(json.dumps(document, indent=2))
        return
    verb = "would be" if dry_run else "are"
    typer.echo(
        f"{taken.new} quarters {verb} new, {taken.corrected} corrected, {taken.same} as they were;"
        f" from {document['from']} to {document['last']}, times are their {times_are}"
        f" (SHA-256 {document['document']})"
    )
    for note in notes:
        typer.echo(note)


def grey(
    directory: Directory,
    feeder: Annotated[str | None, typer.Option(help="only this one")] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="day in Astana, or time; yesterday without")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="the same; today's begin without")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="keep what is found as findings")] = False,
    as_json: AsJson = False,
) -> None:
    """Balances of feeders by the hour, and the shapes of the loads that nobody accounts for.

    Exit 1 when something was found.
    """
    logs.to_stderr()
    engine = open_directory(directory)
    view = Registry(engine).view()
    if feeder is not None and feeder not in view.all(Feeder):
        raise fail(f"there is no feeder {feeder!r} in the register")
    today = astana(now_ms()).date()
    start_ms = moment_of(since) if since else day_start_ms(today - timedelta(days=1))
    end_ms = moment_of(until) if until else day_start_ms(today)
    if end_ms <= start_ms:
        raise fail("--to is not after --from")
    try:
        thresholds = read_thresholds(directory)
    except ThresholdsError as error:
        raise fail(str(error)) from None
    with reading(engine) as connection:
        try:
            balanced = judging.balances(connection, view, start_ms, end_ms, feeder)
            shaped = judging.shapes(connection, view, thresholds, end_ms, feeder)
        except UnknownError as error:
            raise fail(error.args[0]) from None
    found = list(judging.found_in(view, balanced, shaped))
    if keep:
        with appending(engine) as connection:
            judging.keep(connection, found)
    document = {
        "balances": [_balance(each) for each in balanced],
        "shapes": [_shape(each) for each in shaped],
        "found": len(found),
    }
    typer.echo(json.dumps(document, indent=2) if as_json else _text(balanced, shaped))
    if found:
        raise typer.Exit(1)


def feeder_score(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX: feeder, time, energy_kwh")],
    times_are: TimesAre = "start",
    encoding: Encoding = None,
    thresholds: Annotated[
        Path | None, typer.Option(help="a folder with a grey.toml; the shipped one without")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score the loads of a file, whatever feeders it names; nothing is kept."""
    try:
        marks = read_thresholds(thresholds)
    except ThresholdsError as error:
        raise fail(str(error)) from None
    found, _ = _read(file, None, times_are, encoding)
    loads: dict[str, list[FeederEnergy]] = {}
    for each in found:
        if each.point == "head":
            loads.setdefault(each.feeder, []).append(each)
    scored = {
        name: score(_shape_of(rows), marks, rows[0].length_ms) for name, rows in loads.items()
    }
    if as_json:
        document = {
            "suspicious": marks.suspicious,
            "thresholds_sha256": marks.sha256.hex(),
            "feeders": {name: _score(each) for name, each in scored.items()},
        }
        typer.echo(json.dumps(document, indent=2))
        return
    for name, judged in sorted(scored.items(), key=lambda pair: -(pair[1].points or 0)):
        typer.echo(_score_text(name, judged))


def _read(
    file: Path, feeders: set[str] | None, times_are: str, encoding: str | None
) -> tuple[list[FeederEnergy], tuple[str, ...]]:
    label: Label
    if times_are == "start":
        label = "start"
    elif times_are == "end":
        label = "end"
    else:
        raise fail(f"--times-are {times_are!r}: right would be start or end")
    try:
        return read_file(file.read_bytes(), feeders, label, encoding)
    except OSError as error:
        raise fail(f"{file}: {error.strerror}") from None
    except (SheetError, FileFaults) as error:
        raise fail(f"{file}: nothing was taken\n{error}") from None


def _shape_of(rows: list[FeederEnergy]) -> Any:
    ordered = sorted(rows, key=lambda row: row.start_ms)
    hours = ordered[0].length_ms / 3_600_000
    quarters = [
        Quarter(
            row.start_ms,
            float(row.energy_wh) / hours,
            None if row.power_factor_permille is None else row.power_factor_permille / 1000,
        )
        for row in ordered
    ]
    return shape(quarters, ordered[0].length_ms)


def _balance(each: Balance) -> dict[str, Any]:
    return {
        "feeder": each.feeder,
        "start": moment_text(each.start_ms),
        "end": moment_text(each.end_ms),
        "outcome": each.outcome,
        "head_wh": exact(each.head_wh),
        "children_wh": exact(each.children_wh),
        "difference_wh": exact(each.difference_wh),
        "loss_wh": exact(each.loss_wh),
        "error_wh": exact(each.error_wh),
        "unaccounted_wh": exact(each.unaccounted_wh),
        "unmeasured": list(each.unmeasured),
        "positions": list(each.positions),
        "documents": [document.hex() for document in each.documents],
    }


def _shape(each: ShapeResult) -> dict[str, Any]:
    return {
        "feeder": each.feeder,
        "from": moment_text(each.start_ms),
        "to": moment_text(each.end_ms),
        "figures": None if each.shape is None else asdict(each.shape),
        **_score(each.score),
    }


def _score(each: Score) -> dict[str, Any]:
    return asdict(each) | {"thresholds_sha256": each.thresholds_sha256.hex()}


def _text(balanced: list[Balance], shaped: list[ShapeResult]) -> str:
    lines = [
        f"{each.feeder} {moment_text(each.start_ms)} {each.outcome}: head"
        f" {_kwh(each.head_wh)}, children {_kwh(each.children_wh)}, losses up to"
        f" {_kwh(each.loss_wh)}, errors up to {_kwh(each.error_wh)}: at least"
        f" {_kwh(each.unaccounted_wh)} kWh unaccounted for"
        for each in balanced
        if each.outcome in (BalanceOutcome.MISSING, BalanceOutcome.SURPLUS)
    ]
    counts = Counter(str(each.outcome) for each in balanced)
    told = ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
    lines.append(f"balances: {told}")
    lines += [_score_text(each.feeder, each.score) for each in shaped]
    return "\n".join(lines)


def _score_text(name: str, each: Score) -> str:
    if each.points is None:
        return f"{name}: too little is known of its load"
    reasons = ", ".join(
        f"{reason.code} {reason.value:g} ({reason.points} of {reason.of})"
        for reason in each.reasons
        if reason.points
    )
    word = "like mining" if each.is_suspicious else "not like mining"
    return f"{name}: {each.points} of 100, {word}; {reasons}"


def _kwh(energy_wh: Any) -> str:
    return f"{float(energy_wh) / 1000:.3f}"
