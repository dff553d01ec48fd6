"""`esep collector ca`: certificates by which gateways and programs are known to the broker."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from collector.cli.arguments import AsJson, Directory, fail
from collector.cli.report import moment
from collector.registry import tls_authority
from collector.registry.tls_authority import AuthorityError, TlsAuthority

app = typer.Typer(
    no_args_is_help=True, help="The authority for TLS certificates of gateways: issue, revoke."
)

Days = Annotated[int, typer.Option(help="how long it is valid", min=1)]


def _authority(directory: Path) -> TlsAuthority:
    try:
        return TlsAuthority(directory)
    except (AuthorityError, PermissionError) as error:
        raise fail(str(error)) from None


@app.command()
def init(
    directory: Directory,
    name: Annotated[str, typer.Option(help="of the authority")] = "Esep gateways",
    days: Days = 7300,
) -> None:
    """Make an authority in DIR/ca. Its key is what DIR/ca/ca.key holds: guard it."""
    if not directory.is_dir():
        raise fail(f"{directory} does not exist; make one with: esep collector init")
    try:
        tls_authority.create(directory, name, days, datetime.now(UTC))
    except AuthorityError as error:
        raise fail(str(error)) from None
    folder = directory / tls_authority.FOLDER
    typer.echo(f"{folder}: ca.pem and crl.pem are for the broker, ca.pem for every client")


@app.command()
def issue(
    directory: Directory,
    name: Annotated[str, typer.Argument(help="a gateway's id, or a program: esep-collector")],
    request: Annotated[Path, typer.Argument(help="its signing request, PEM or DER")],
    out: Annotated[Path, typer.Option(help="where the certificate goes (PEM)")],
    host: Annotated[
        list[str] | None, typer.Option(help="of a server: its name or address; may be repeated")
    ] = None,
    days: Days = 1095,
) -> None:
    """Certify the key of a request under a name, which the broker's rules go by."""
    authority = _authority(directory)
    try:
        content = request.read_bytes()
        pem = authority.issue(content, name, days, datetime.now(UTC), tuple(host or ()))
    except AuthorityError as error:
        raise fail(f"{request}: {error}") from None
    except OSError as error:
        raise fail(f"{request}: {error.strerror}") from None
    out.write_bytes(pem)
    typer.echo(f"{out}: {name}, {days} days")


@app.command()
def revoke(
    directory: Directory,
    which: Annotated[str, typer.Argument(help="a name (all of it) or a serial number")],
    reason: Annotated[str, typer.Option(help=", ".join(tls_authority.REASONS))] = "unspecified",
) -> None:
    """Take certificates back. The broker must load crl.pem anew (SIGHUP to Mosquitto)."""
    if reason not in tls_authority.REASONS:
        raise fail(f"--reason is one of {', '.join(tls_authority.REASONS)}")
    authority = _authority(directory)
    try:
        gone = authority.revoke(which, reason, datetime.now(UTC))
    except AuthorityError as error:
        raise fail(str(error)) from None
    for each in gone:
        typer.echo(f"{each.serial_hex} of {each.name} is revoked")
    typer.echo(f"now let the broker load {authority.crl_file} anew")


@app.command("list")
def list_(directory: Directory, as_json: AsJson = False) -> None:
    """Everything that was issued, and what of it is revoked."""
    found = _authority(directory).issued()
    rows = [
        {
            "name": each.name,
            "serial": each.serial_hex,
            "until": moment(each.not_after_ms),
            "revoked": None if each.revoked_ms is None else moment(each.revoked_ms),
        }
        for each in found
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        state = f"REVOKED {row['revoked']}" if row["revoked"] else f"until {row['until']}"
        typer.echo(f"{row['name']:20} {row['serial']:40} {state}")


@app.command()
def crl(directory: Directory) -> None:
    """Write the list of revocations anew."""
    authority = _authority(directory)
    authority.write_crl(datetime.now(UTC))
    typer.echo(str(authority.crl_file))
