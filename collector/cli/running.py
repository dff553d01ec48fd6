"""What the verbs share that run until they are told to stop."""

from pathlib import Path

import typer

from collector.intake.transport import Tls


def fail(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(2)


def address(text: str, what: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise typer.BadParameter(f"{what} is HOST:PORT, for example 127.0.0.1:1883; not {text!r}")
    return host, int(port)


def tls(ca: Path | None, certificate: Path | None, key: Path | None) -> Tls | None:
    if ca is None and certificate is None and key is None:
        return None
    if ca is None or certificate is None or key is None:
        raise fail("--ca, --certificate and --key are given together or not at all")
    for path in (ca, certificate, key):
        if not path.is_file():
            raise fail(f"{path}: there is no such file")
    return Tls(ca, certificate, key)
