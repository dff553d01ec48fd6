"""`esep collector`: run it, look at it, prove it."""

import json
import signal
import socket
import ssl
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import structlog
import typer
import uvicorn
from sqlalchemy import Engine

from collector.cli import export as export_room
from collector.cli import logs, report
from collector.cli.intake import intake
from collector.cli.service import Service, now_ms
from collector.cli.take import take as take_file
from collector.cli.verify import verify_directory
from collector.evidence.downlink import Role
from collector.intake.transport import Broker, Tls
from collector.ledger.checkpoints import Checkpoints
from collector.orders.reading import order_reading
from collector.registry.keyring import Keyring, create_keyring
from collector.registry.store import Registry
from collector.registry.view import UnknownError
from collector.storage import lock, open_database
from collector.web.app import create_app

app = typer.Typer(no_args_is_help=True, help="The operator's side: run it, look at it, prove it.")
app.command()(intake)
log = structlog.get_logger()

_SWITCH_S = 0.0002
"""A thread that waits for the database at every row would else wait 5 ms at each for a busy one."""

Directory = Annotated[Path, typer.Argument(help="the collector's data directory")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output")]


def _fail(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(2)


def _address(text: str, what: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise typer.BadParameter(f"{what} is HOST:PORT, for example 127.0.0.1:1883; not {text!r}")
    return host, int(port)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise _fail(f"--http {host}:{port}: {error.strerror}; choose another") from None


def _tls(ca: Path | None, certificate: Path | None, key: Path | None) -> Tls | None:
    if ca is None and certificate is None and key is None:
        return None
    if ca is None or certificate is None or key is None:
        raise _fail("--ca, --certificate and --key are given together or not at all")
    for path in (ca, certificate, key):
        if not path.is_file():
            raise _fail(f"{path}: there is no such file")
    return Tls(ca, certificate, key)


@app.command()
def init(
    directory: Directory,
    root_key: Annotated[
        Path | None, typer.Option(help="where the root's private key goes; keep it offline")
    ] = None,
) -> None:
    """Make a data directory: the database, the operator's keys, their certificates."""
    if directory.is_dir() and any(directory.iterdir()):
        raise _fail(f"{directory} is not empty; name a new directory")
    if root_key is not None and (root_key.exists() or not root_key.parent.is_dir()):
        raise _fail(f"--root-key {root_key}: name a new file in a folder that is there")
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _fail(f"{directory}: {error.strerror}; name a new directory") from None
    root_path = root_key or directory / "root.pem"
    create_keyring(directory, root_path)
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
    host, port = _address(broker, "--broker")
    tls = _tls(ca, certificate, key)
    listener = None if http is None else _listen(*_address(http, "--http"))
    try:
        engine = open_database(directory)
        held = lock.take(directory)
        taken = None if intake_apart else lock.take(directory, lock.INTAKE)
        service = Service(directory, engine, Broker(host, port, tls), is_intake_apart=intake_apart)
        service.registry.view().policy  # noqa: B018
    except (FileNotFoundError, PermissionError, UnknownError, lock.InUseError) as error:
        raise _fail(str(error.args[-1])) from None
    except ssl.SSLError as error:
        raise _fail(f"--ca, --certificate, --key: not the PEM files of a client: {error}") from None
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    service.start()
    pages, page_thread = None, None
    if listener is not None:
        application = create_app(engine, service.registry, service.series, service.statuses)
        pages = uvicorn.Server(
            uvicorn.Config(
                application, log_level="warning", lifespan="off", timeout_graceful_shutdown=1
            )
        )
        page_thread = threading.Thread(
            target=pages.run, args=([listener],), name="pages", daemon=True
        )
        page_thread.start()
    log.info("collector.started", directory=str(directory), http=http)
    stopping.wait()
    if pages is not None and page_thread is not None:
        pages.should_exit = True
        page_thread.join()
    service.stop()
    for file in (held, taken):
        if file is not None:
            file.close()


@app.command()
def status(directory: Directory, as_json: AsJson = False) -> None:
    """How far each gateway's chains are whole, and what was refused."""
    state = report.status(_open(directory))
    if as_json:
        typer.echo(json.dumps(state, indent=2))
        return
    typer.echo(f"ledger: {state['frames']} frames; refused: {state['refused'] or 'none'}")
    typer.echo(f"faults: {state['faults'] or 'none'}; flagged: {state['flagged'] or 'none'}")
    for row in state["chains"]:
        typer.echo(
            f"{row['gateway']} epoch {row['epoch']} {row['stream']}: contiguous to {row['upto']}"
            f" of {row['highest']}"
        )
    for row in state["configurations"]:
        refused = f"; {row['refused']}" if row["refused"] else ""
        typer.echo(
            f"{row['gateway']} configuration: issued {row['issued_version'] or 'none'},"
            f" in force {row['in_force_version'] or 'not known'}{refused}"
        )


@app.command("report")
def report_(directory: Directory) -> None:
    """Frames, energies, periods, orders and findings, as JSON."""
    engine = _open(directory)
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
        raise _fail(f"--checkpoint {error.filename}: {error.strerror}") from None
    verdict = verify_directory(_open(directory), Keyring(directory).root, kept)
    typer.echo(json.dumps(verdict.as_dict(), indent=2) if as_json else verdict.text())
    if not verdict.holds:
        raise typer.Exit(1)


@app.command()
def checkpoint(directory: Directory) -> None:
    """Sign the ledger's tree as it stands."""
    signer = Keyring(directory).signer(Role.CHECKPOINTS)
    signed = Checkpoints(_open(directory), signer, directory).sign(now_ms())
    if signed is None:
        raise _fail("there is no frame yet, and so nothing to sign")
    size, message = signed
    typer.echo(f"checkpoint over {size} frames, {len(message)} bytes: checkpoints/{size}.cose")


@app.command()
def export(
    directory: Directory, out: Annotated[Path, typer.Argument(help="a new directory")]
) -> None:
    """Write the evidence as files that `python -m auditor` verifies without this program."""
    if out.exists():
        raise _fail(f"{out} exists; name a new directory")
    frames = export_room.write(_open(directory), Registry(_open(directory)), directory, out)
    typer.echo(f"{frames} frames and what they rest on: {out}")


@app.command()
def take(
    directory: Directory,
    files: Annotated[list[Path], typer.Argument(help="what gateways handed over")],
    as_json: AsJson = False,
) -> None:
    """Take in frames that came as files. The collector may run. Exit 1 when any was refused."""
    engine = _open(directory)
    taken = []
    for path in files:
        try:
            taken.append(take_file(engine, path, now_ms()))
        except OSError as error:
            raise _fail(f"{path}: {error.strerror}; the files before it are taken in") from None
        if not as_json:
            typer.echo(taken[-1].text())
    if as_json:
        typer.echo(json.dumps([each.as_dict() for each in taken], indent=2))
    if not all(each.is_whole for each in taken):
        raise typer.Exit(1)


@app.command("read")
def read_now(directory: Directory, gateway: str) -> None:
    """Ask a gateway to read every meter now; prints the id its events will carry."""
    engine = _open(directory)
    view = Registry(engine).view()
    if not view.knows_id(gateway):
        raise _fail(f"there is no gateway {gateway!r} in the register")
    ttl_s = view.policy.command_ttl_s
    signer = Keyring(directory).signer(Role.ORDERS)
    typer.echo(order_reading(engine, signer, gateway, ttl_s, now_ms()).hex())


def _open(directory: Path) -> Engine:
    try:
        return open_database(directory)
    except FileNotFoundError as error:
        raise _fail(str(error)) from None
