"""`esep collector release` and `rollout`: new firmware for the gateways, a few of them first."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from collector.checks import rollouts
from collector.checks.rollouts import Rollout
from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.report import moment
from collector.cli.service import now_ms
from collector.evidence.errors import EvidenceError
from collector.intervals import gateways
from collector.registry import releases
from collector.registry.keyring import Keyring
from collector.registry.releases import Release, ReleaseError
from collector.registry.store import Registry
from collector.storage import reading

release_app = typer.Typer(no_args_is_help=True, help="Releases of the gateways' firmware.")
rollout_app = typer.Typer(no_args_is_help=True, help="A release on its way to the gateways.")
_SOAK_S = 3600


@release_app.command("add")
def add(
    directory: Directory,
    file: Annotated[Path, typer.Argument(help="what `esep device bundle --key` wrote")],
    as_json: AsJson = False,
) -> None:
    """Take in a release that the release key signed."""
    engine = open_directory(directory)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise fail(f"{file}: {error.strerror}") from None
    try:
        with engine.begin() as connection:
            added = releases.add(connection, content, Keyring(directory).root, now_ms())
    except EvidenceError as error:
        raise fail(f"{file.name} is refused ({error.reason}): {error}; nothing was kept") from None
    except ReleaseError as error:
        raise fail(str(error)) from None
    typer.echo(json.dumps(_release(added), indent=2) if as_json else _line(added))


@release_app.command("list")
def list_releases(directory: Directory, as_json: AsJson = False) -> None:
    """Those that are here, the newest first."""
    with reading(open_directory(directory)) as connection:
        found = releases.every(connection)
    if as_json:
        typer.echo(json.dumps([_release(each) for each in found], indent=2))
        return
    for each in found:
        typer.echo(_line(each))


@rollout_app.command("start")
def start(
    directory: Directory,
    number: Annotated[int, typer.Argument(help="of the release")],
    first: Annotated[
        list[str] | None, typer.Option(help="a gateway that is to be among the first")
    ] = None,
    soak_s: Annotated[
        int, typer.Option(min=0, help="how long those of a stage must do well")
    ] = _SOAK_S,
) -> None:
    """Send it to one gateway, then to ten, then to all; each stage only if all before do well."""
    engine = open_directory(directory)
    view = Registry(engine).view()
    try:
        with engine.begin() as connection:
            begun = rollouts.start(connection, view, number, first or [], soak_s, now_ms())
    except ReleaseError as error:
        raise fail(str(error)) from None
    typer.echo(f"release {number}: first to {begun.gateways[0]}, {len(begun.gateways)} in all")


@rollout_app.command("stop")
def stop(
    directory: Directory,
    why: Annotated[str, typer.Option(help="kept with it")],
) -> None:
    """Send nothing more; gateways that have the release keep it, one on trial decides itself."""
    with open_directory(directory).begin() as connection:
        running = rollouts.running(connection)
        if running is None:
            raise fail("no roll-out is running")
        rollouts.stop(connection, running, why, now_ms())
    typer.echo(f"the roll-out of release {running.release} is stopped")


@rollout_app.command("status")
def status(directory: Directory, as_json: AsJson = False) -> None:
    """The newest roll-out, and what each of its gateways said. Exit 1 when it stopped."""
    with reading(open_directory(directory)) as connection:
        newest = rollouts.newest(connection)
        if newest is None:
            raise fail("there was no roll-out yet: `esep collector rollout start`")
        shown = _rollout(connection, newest)
    if as_json:
        typer.echo(json.dumps(shown, indent=2))
    else:
        for line in _lines(shown):
            typer.echo(line)
    if newest.state is rollouts.State.STOPPED:
        raise typer.Exit(1)


def _release(each: Release) -> dict[str, Any]:
    return {
        "number": each.number,
        "version": each.version,
        "signed": moment(each.signed_ms),
        "sha256": each.hash.hex(),
        "firmware_sha256": each.firmware.hex(),
    }


def _line(each: Release) -> str:
    return f"release {each.number}: version {each.version}, signed {moment(each.signed_ms)}"


def _rollout(connection: Connection, newest: Rollout) -> dict[str, Any]:
    said = rollouts.told(connection)
    conditions = gateways.conditions(connection)

    def row(gateway: str) -> dict[str, Any]:
        here, condition = said.get(gateway), conditions.get(gateway)
        return {
            "gateway": gateway,
            "firmware": None if condition is None else condition.firmware,
            "release": None if here is None else here.number,
            "told": None if here is None else here.step.name.lower().replace("_", " "),
            "why": None if here is None else here.why,
        }

    return {
        "release": newest.release,
        "state": newest.state.value,
        "why": newest.why,
        "stage": newest.stage + 1,
        "stages": len(rollouts.STAGES),
        "started": moment(newest.started_ms),
        "due": [row(gateway) for gateway in newest.due],
        "waiting": len(newest.gateways) - len(newest.due),
    }


def _lines(shown: dict[str, Any]) -> list[str]:
    why = f": {shown['why']}" if shown["why"] else ""
    stage = f"stage {shown['stage']} of {shown['stages']}"
    return [
        f"release {shown['release']}, {stage}: {shown['state']}{why}",
        *map(_row_line, shown["due"]),
        f"  {shown['waiting']} more wait for their stage",
    ]


def _row_line(row: dict[str, Any]) -> str:
    why = f" ({row['why']})" if row["why"] else ""
    told = row["told"] or "nothing told yet"
    named = f"{row['firmware'] or '-':10}  release {row['release'] or '-'}"
    return f"  {row['gateway']}  {named}  {told}{why}"
