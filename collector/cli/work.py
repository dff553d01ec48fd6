"""`esep collector work`: one of several that share the frames, on PostgreSQL."""

import re
import socket
from pathlib import Path
from typing import Annotated

import typer

from collector.cli import logs, running
from collector.cli.arguments import fail
from collector.cli.service import Service
from collector.intake.transport import Broker, Share
from collector.storage import lock, open_database

_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,64}")


def work(
    directory: Annotated[Path, typer.Argument(help="the collector's data directory")],
    broker: Annotated[str, typer.Option(help="HOST:PORT of the MQTT broker")],
    name: Annotated[
        str | None,
        typer.Option(help="this worker's, no other's, and the same at each start; else the host's"),
    ] = None,
    group: Annotated[str, typer.Option(help="whose workers share the frames")] = "esep",
    ca: Annotated[Path | None, typer.Option(help="PEM, with --certificate and --key")] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM of this client")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM of this client's key")] = None,
    intake_only: Annotated[
        bool, typer.Option("--intake-only", help="take frames in, and have no duty")
    ] = False,
    http: Annotated[str | None, typer.Option(help="HOST:PORT of the pages; none without")] = None,
) -> None:
    """Run one of several workers until SIGINT or SIGTERM: any takes any frame in, and what only
    one may do is done by one of them."""
    client = socket.gethostname() if name is None else name
    for option, value in (("--name", client), ("--group", group)):
        if not _PLAIN.fullmatch(value):
            raise fail(f"{option} {value!r}: letters, digits, '.', '_' and '-' only")
    address, listener = running.address(broker, "--broker"), running.listen(http)
    tls = running.tls(ca, certificate, key)
    with running.told():
        engine = open_database(directory)
        if engine.dialect.name == "sqlite":
            raise fail(
                f"{directory} rests on SQLite, which has one collector: esep collector run. For"
                " several: esep collector init DIR --database URL"
            )
        held = lock.share(directory)
        service = Service(
            directory,
            engine,
            Broker(*address, tls),
            f"esep-{client}",
            Share(group),
            has_duties=not intake_only,
        )
        service.registry.view().policy  # noqa: B018
    logs.to_stdout()
    running.until_stopped(service, engine, listener)
    held.close()
