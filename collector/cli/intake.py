"""`esep collector intake`: take frames in, in a process that does nothing else."""

import os
import signal
import threading
from pathlib import Path
from types import FrameType
from typing import Annotated

import structlog
import typer
from sqlalchemy import Engine

from collector.cli import logs, running
from collector.cli.guarding import guarded
from collector.cli.service import now_ms
from collector.intake.admission import Admission
from collector.intake.garbage import collect_seldom
from collector.intake.inlet import Inlet
from collector.intake.intake import Intake
from collector.intake.judging import Here, Judge
from collector.intake.processes import Processes
from collector.intake.transport import Broker
from collector.registry.keys import GatewayKeys
from collector.registry.store import Registry
from collector.storage import lock, open_database

log = structlog.get_logger()

CLIENT_ID = "esep-collector"
"""That of `run`, so that the broker keeps one queue, whoever takes from it."""
_TICK_S = 0.1


def intake(
    directory: Annotated[Path, typer.Argument(help="the collector's data directory")],
    broker: Annotated[str, typer.Option(help="HOST:PORT of the MQTT broker")],
    ca: Annotated[Path | None, typer.Option(help="PEM, with --certificate and --key")] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM of this client")] = None,
    key: Annotated[Path | None, typer.Option(help="PEM of this client's key")] = None,
    judges: Annotated[
        int | None,
        typer.Option(min=0, help="processes that verify signatures; else one for each processor"),
    ] = None,
) -> None:
    """Take frames in until SIGINT or SIGTERM, beside `run --intake-apart`: for many gateways."""
    logs.to_stdout()
    host, port = running.address(broker, "--broker")
    tls = running.tls(ca, certificate, key)
    with running.told():
        engine = open_database(directory)
        held = lock.take(directory, lock.INTAKE)
        inlet = Inlet(Broker(host, port, tls), CLIENT_ID)
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    judges = _processors() if judges is None else judges
    judge = Processes(directory, judges) if judges else here(engine)
    taking = Intake(engine, judge, now_ms, inlet.gather)
    collect_seldom()
    log.info("intake.started", directory=str(directory), judges=judges)
    try:
        while not stopping.is_set():
            guarded("intake", lambda: taking.take(_TICK_S))
        while not taking.is_idle and guarded("intake", lambda: taking.take(0)) is not None:
            pass  # what is not committed is not acknowledged, and comes again
    finally:
        inlet.close()
        if isinstance(judge, Processes):
            judge.close()
    log.info("intake.stopped", frames=taking.frames, repeated=taking.repeated)
    held.close()


def _processors() -> int:
    """Where there is but one, nothing is won by another process: none."""
    count = os.cpu_count() or 1
    return count if count > 1 else 0


def here(engine: Engine) -> Judge:
    """The judge of this process."""
    keys = GatewayKeys(Registry(engine))
    return Here(Admission(keys.is_known, keys.key_of), keys.renew)
