"""What the verbs share that run until they are told to stop."""

import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import structlog
import typer
import uvicorn
from sqlalchemy import Engine

from collector.cli.arguments import UNUSABLE, fail
from collector.cli.service import Service
from collector.evidence.keys import check_mode
from collector.intake.garbage import collect_seldom
from collector.intake.transport import Tls
from collector.intervals.closed.rules import RulesError
from collector.registry.view import UnknownError
from collector.storage import lock
from collector.web import metrics
from collector.web.app import create_app

log = structlog.get_logger()


def address(text: str, what: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise typer.BadParameter(f"{what} is HOST:PORT, for example 127.0.0.1:1883; not {text!r}")
    return host, int(port)


def listen(http: str | None) -> socket.socket | None:
    if http is None:
        return None
    host, port = address(http, "--http")
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise fail(f"--http {http}: {error.strerror}; choose another") from None


def tls(ca: Path | None, certificate: Path | None, key: Path | None) -> Tls | None:
    if ca is None and certificate is None and key is None:
        return None
    if ca is None or certificate is None or key is None:
        raise fail("--ca, --certificate and --key are given together or not at all")
    for path in (ca, certificate, key):
        if not path.is_file():
            raise fail(f"{path}: there is no such file")
    try:
        check_mode(key)
    except PermissionError as error:
        raise fail(str(error)) from None
    return Tls(ca, certificate, key)


@contextmanager
def told() -> Iterator[None]:
    """What keeps a collector from starting, as a text and exit code 2."""
    try:
        yield
    except (*UNUSABLE, RulesError, UnknownError, lock.InUseError) as error:
        raise fail(str(error.args[-1])) from None
    except ssl.SSLError as error:
        raise fail(f"--ca, --certificate, --key: not the PEM files of a client: {error}") from None


def until_stopped(service: Service, engine: Engine, listener: socket.socket | None) -> None:
    """Run it, and its pages, until SIGINT or SIGTERM."""
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    collect_seldom()
    service.start()
    pages, page_thread = None, None
    http = None
    if listener is not None:
        http = "{}:{}".format(*listener.getsockname()[:2])
        measured = metrics.exposition(engine, service.watch, service.intake, service.statuses)
        application = create_app(
            engine,
            service.registry,
            service.series,
            service.statuses,
            unready=service.watch.unready,
            measured=measured,
        )
        pages = uvicorn.Server(
            uvicorn.Config(
                application, log_level="warning", lifespan="off", timeout_graceful_shutdown=1
            )
        )
        page_thread = threading.Thread(
            target=pages.run, args=([listener],), name="pages", daemon=True
        )
        page_thread.start()
    log.info("collector.started", http=http)
    stopping.wait()
    if pages is not None and page_thread is not None:
        pages.should_exit = True
        page_thread.join()
    service.stop()
