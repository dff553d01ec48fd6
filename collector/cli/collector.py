"""`esep collector`: run it, look at it, prove it."""

import json
import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from collector.cli import (
    archive,
    backup,
    ca,
    check,
    closings,
    correction,
    feeders,
    finding_life,
    findings,
    gaps,
    interval_edits,
    intervals,
    logs,
    months,
    prove,
    quarantine,
    rebuild,
    report,
    rollout,
    running,
    series,
    status,
    work,
)
from collector.cli import export as export_room
from collector.cli.arguments import AsJson, Directory, fail, open_directory
from collector.cli.intake import intake
from collector.cli.progress import progress
from collector.cli.service import Service, now_ms
from collector.cli.take import take as take_file
from collector.cli.verify import verify_directory
from collector.evidence.downlink import Role
from collector.intake.transport import Broker
from collector.ledger.checkpoints import Checkpoints, InconsistentError, copy_name, said
from collector.ledger.ledger import Ledger
from collector.ledger.tree import HoleError
from collector.orders.reading import order_reading
from collector.registry.keyring import Keyring, create_keyring
from collector.registry.store import Registry
from collector.storage import DatabaseError, lock, open_database
from collector.storage.engine import is_empty
from collector.storage.settings import name_database

app = typer.Typer(no_args_is_help=True, help="The operator's side: run it, look at it, prove it.")
app.add_typer(ca.app, name="ca")
app.add_typer(rollout.release_app, name="release")
app.add_typer(rollout.rollout_app, name="rollout")
app.command("rebuild-series")(series.rebuild_series)
app.command("reconcile")(series.reconcile)
app.command()(check.check)
app.command()(closings.closings)
app.command()(status.status)
app.command()(gaps.gaps)
app.command()(quarantine.quarantine)
app.command()(archive.archive)
app.command()(prove.prove)
app.command()(backup.backup)
app.command()(backup.restore)
app.command("intervals")(intervals.intervals)
app.command("edit-interval")(interval_edits.edit)
app.command("undo-edit")(interval_edits.undo)
app.command("rebuild-intervals")(rebuild.rebuild_intervals)
app.command()(correction.correction)
app.command("statement-import")(months.statement_import)
app.command("reconcile-month")(months.reconcile_month)
app.command("decide-month")(months.decide_month)
app.command("feeder-import")(feeders.feeder_import)
app.command("feeder-score")(feeders.feeder_score)
app.command()(feeders.grey)
app.command()(findings.findings)
app.command()(findings.finding)
app.command()(finding_life.explain)
app.command()(finding_life.dispute)
app.command()(finding_life.uphold)
app.command()(finding_life.close)
app.command()(intake)
app.command()(work.work)
log = structlog.get_logger()

_SWITCH_S = 0.0002
"""A thread that waits for the database at every row would else wait 5 ms at each for a busy one."""


@app.command()
def init(
    directory: Directory,
    root_key: Annotated[
        Path | None, typer.Option(help="where the root's private key goes; keep it offline")
    ] = None,
    database: Annotated[
        str | None, typer.Option(help="postgresql+psycopg://USER@HOST/NAME; else SQLite")
    ] = None,
) -> None:
    """Make a data directory: the database, the operator's keys, their certificates."""
    if directory.is_dir() and any(directory.iterdir()):
        raise fail(f"{directory} is not empty; name a new directory")
    if root_key is not None and (root_key.exists() or not root_key.parent.is_dir()):
        raise fail(f"--root-key {root_key}: name a new file in a folder that is there")
    if database is not None:
        _check_empty(database)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise fail(f"{directory}: {error.strerror}; name a new directory") from None
    root_path = root_key or directory / "root.pem"
    create_keyring(directory, root_path)
    if database is not None:
        name_database(directory, database)
    open_database(directory, create=True)
    typer.echo(f"{directory} is ready. The root's private key is {root_path}: take it offline.")


@app.command()
def run(
    directory: Directory,
    broker: Annotated[str, typer.Option(help="HOST:PORT of the MQTT broker")],
    ca: Annotated[Path | None, typer.Option(help="PEM, with --certificate and --key")] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM of this client")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM of this client's key")] = None,
    http: Annotated[str | None, typer.Option(help="HOST:PORT of the pages; none without")] = None,
    intake_apart: Annotated[
        bool, typer.Option("--intake-apart", help="`esep collector intake` takes the frames in")
    ] = False,
) -> None:
    """Run until SIGINT or SIGTERM. Facts go to standard output as JSON lines."""
    logs.to_stdout()
    sys.setswitchinterval(_SWITCH_S)
    address, listener = running.address(broker, "--broker"), running.listen(http)
    tls = running.tls(ca, certificate, key)
    with running.told():
        engine = open_database(directory)
        held = lock.take(directory)
        taken = None if intake_apart else lock.take(directory, lock.INTAKE)
        service = Service(directory, engine, Broker(*address, tls), is_intake_apart=intake_apart)
        service.registry.view().policy  # noqa: B018
    running.until_stopped(service, engine, listener)
    for file in (held, taken):
        if file is not None:
            file.close()


@app.command("report")
def report_(directory: Directory) -> None:
    """Frames, energies, periods, orders and findings, as JSON."""
    engine = open_directory(directory)
    json.dump(report.full(engine, Registry(engine), directory), sys.stdout, indent=2)
    sys.stdout.write("\n")


@app.command()
def verify(
    directory: Directory,
    as_json: AsJson = False,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="a checkpoint kept elsewhere; may be repeated")
    ] = None,
) -> None:
    """Judge everything anew. Exit 1 when something does not hold, or no checkpoint covers it."""
    try:
        kept = {str(path): path.read_bytes() for path in checkpoint or []}
    except OSError as error:
        raise fail(f"--checkpoint {error.filename}: {error.strerror}") from None
    engine = open_directory(directory)
    with progress("frames", Ledger(engine).head()) as advance:
        verdict = verify_directory(engine, Keyring(directory).root, kept, lambda: advance(1))
    typer.echo(json.dumps(verdict.as_dict(), indent=2) if as_json else verdict.text())
    if not verdict.holds:
        raise typer.Exit(1)


@app.command()
def checkpoint(directory: Directory) -> None:
    """Sign the ledger's tree as it stands."""
    signer = Keyring(directory).signer(Role.CHECKPOINTS)
    try:
        signed = Checkpoints(open_directory(directory), signer, directory).sign(now_ms())
    except (InconsistentError, HoleError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if signed is None:
        raise fail("there is no frame yet, and so nothing to sign")
    size, message = signed
    name = copy_name(said(message))
    typer.echo(f"checkpoint over {size} frames, {len(message)} bytes: checkpoints/{name}")


@app.command()
def export(
    directory: Directory, out: Annotated[Path, typer.Argument(help="a new directory")]
) -> None:
    """Write the evidence as files that `python -m auditor` verifies without this program."""
    if out.exists():
        raise fail(f"{out} exists; name a new directory")
    frames = export_room.write(
        open_directory(directory), Registry(open_directory(directory)), directory, out
    )
    typer.echo(f"{frames} frames and what they rest on: {out}")


@app.command()
def take(
    directory: Directory,
    files: Annotated[list[Path], typer.Argument(help="what gateways handed over")],
    as_json: AsJson = False,
) -> None:
    """Take in frames that came as files. The collector may run. Exit 1 when any was refused."""
    engine = open_directory(directory)
    taken = []
    for path in files:
        try:
            taken.append(take_file(engine, path, now_ms()))
        except OSError as error:
            raise fail(f"{path}: {error.strerror}; the files before it are taken in") from None
        if not as_json:
            typer.echo(taken[-1].text())
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in taken], indent=2))
    if not all(each.is_whole for each in taken):
        raise typer.Exit(1)


@app.command("read")
def read_now(directory: Directory, gateway: str) -> None:
    """Ask a gateway to read every meter now; prints the id its events will carry."""
    engine = open_directory(directory)
    view = Registry(engine).view()
    if not view.knows_id(gateway):
        raise fail(f"there is no gateway {gateway!r} in the register")
    ttl_s = view.policy.command_ttl_s
    signer = Keyring(directory).signer(Role.ORDERS)
    typer.echo(order_reading(engine, signer, gateway, ttl_s, now_ms()).hex())


def _check_empty(url: str) -> None:
    try:
        if not is_empty(url):
            raise fail("--database: it holds tables already; name a new, empty database")
    except DatabaseError as error:
        raise fail(f"--database: {error}; nothing was made") from None
