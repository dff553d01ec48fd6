"""`esep registry work-order`, `enrol`: a technician is sent out, and what he brings is taken in."""

import json
import secrets
import tomllib
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from collector.cli.arguments import UNUSABLE, Directory, fail
from collector.cli.service import now_ms
from collector.evidence.downlink import Role
from collector.evidence.errors import EvidenceError
from collector.evidence.work_order import (
    ENROLMENT,
    GATEWAY,
    Enrolled,
    Reply,
    WorkOrder,
    read_work_order,
)
from collector.model.actuator import ActuatorError
from collector.model.records import Site
from collector.registry.configuration import compile_configuration
from collector.registry.configurations import Configurations
from collector.registry.files import read_file
from collector.registry.keyring import Keyring
from collector.registry.profiles import ProfileError
from collector.registry.reading import FileError
from collector.registry.store import Registry
from collector.registry.taking import Office, RefusedError, Source
from collector.registry.tls_authority import AuthorityError, TlsAuthority
from collector.registry.view import UnknownError
from collector.storage import open_database

_DAY_MS = 86_400_000
PROPOSED = 3
"""The exit code of an enrolment that waits for a second person."""


def work_order(
    directory: Directory,
    plan: Annotated[Path, typer.Argument(help="register file with @gateway and @enrolment in it")],
    board: Annotated[str, typer.Option(help="a name of hardware/boards")],
    broker: Annotated[list[str], typer.Option(help="ADDRESS:PORT; may be repeated")],
    out: Annotated[Path, typer.Option(help="a new file, for the technician")],
    hostname: Annotated[
        str | None, typer.Option(help="that the brokers' certificate bears, if not the host")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="he may enrol a board by it")] = 30,
    no_tls: Annotated[
        bool, typer.Option("--no-tls", help="nothing proves who the broker is: for the bench")
    ] = False,
) -> None:
    """Sign what a technician is to make of a bare board."""
    if out.exists():
        raise fail(f"{out} exists; name a new file")
    try:
        text = plan.read_text(encoding="utf-8")
        _check_plan(text, plan)
        keyring = Keyring(directory)
        authority = b""
        if not no_tls:
            authority = TlsAuthority(directory).certificate.public_bytes(Encoding.DER)
        network = _network(broker, hostname, is_tls=not no_tls)
        signed_ms = now_ms()
        order = WorkOrder(
            secrets.token_bytes(16),
            board,
            signed_ms,
            signed_ms + days * _DAY_MS,
            text,
            json.dumps(network),
            authority,
        )
        message = order.message(keyring.signer(Role.CONFIGURATION))
        read_work_order(message, keyring.root)
        out.write_bytes(message)
    except EvidenceError as error:
        raise fail(f"{plan}: {error.reason}: {error}") from None
    except (AuthorityError, OSError, UnicodeDecodeError, *UNUSABLE) as error:
        raise fail(str(error)) from None
    typer.echo(f"work order {order.name.hex()} for {board}, {days} days: {out}")


def enrol(
    directory: Directory,
    file: Annotated[Path, typer.Argument(help="what `esep device enrol` wrote")],
    out: Annotated[Path, typer.Option(help="a new file: the reply, for `esep device install`")],
    by: Annotated[str | None, typer.Option("--by", help="the person who gives it")] = None,
    days: Annotated[int, typer.Option(min=1, help="the certificate is valid")] = 1095,
) -> None:
    """Take a gateway into the register by its work order; certify it, and configure it."""
    if out.exists():
        raise fail(f"{out} exists; name a new file")
    try:
        engine = open_database(directory)
        keyring = Keyring(directory)
        enrolled = Enrolled.of_file(file.read_bytes())
        order = read_work_order(enrolled.order, keyring.root)
        gateway, at_ms = enrolled.gateway, now_ms()
        if at_ms >= order.until_ms:
            ended = datetime.fromtimestamp(order.until_ms / 1000, UTC)
            raise fail(f"{file}: its work order ended on {ended:%Y-%m-%d}; have a new one signed")
        authority = _authority(directory, order, enrolled)
        plan = order.plan.replace(ENROLMENT, enrolled.enrolment.hex()).replace(GATEWAY, gateway)
        _take(Registry(engine), plan.encode(), gateway, file, by, at_ms)
        certificate = b"" if authority is None else _certificate(authority, enrolled, days)
        signer = keyring.signer(Role.CONFIGURATION)
        configuration = compile_configuration(Registry(engine).view(), gateway, at_ms, signer)
        Configurations(engine, keyring.root).store(configuration, at_ms)
        out.write_bytes(Reply(gateway, configuration, certificate).file())
    except EvidenceError as error:
        raise fail(f"{file}: {error.reason}: {error}; nothing was taken") from None
    except (AuthorityError, UnknownError, ProfileError, ActuatorError, OSError) as error:
        raise fail(error.args[0] if len(error.args) == 1 else str(error)) from None
    except UNUSABLE as error:
        raise fail(str(error)) from None
    typer.echo(f"gateway {gateway} is in the register: {out} is for its board")


def _take(
    registry: Registry, plan: bytes, gateway: str, file: Path, by: str | None, at_ms: int
) -> None:
    """All of it, or nothing. A plan that is in the register as it stands changes nothing."""
    try:
        given = read_file(plan, "toml")
        sites = registry.view().all(Site)
        for site in (record for record in given.records if isinstance(record, Site)):
            held = sites[site.name].gateway if site.name in sites else gateway
            if held != gateway:
                raise fail(
                    f"{file}: {site.name} has gateway {held} already; nothing was taken. An order"
                    " is for one board; to put another one there, change the register first"
                )
        outcome = Office(registry).take(given, Source.of(file.name, plan, by), at_ms)
    except FileError as error:
        raise fail(f"{file}: its plan {error}; nothing was taken") from None
    except RefusedError as refused:
        faults = "\n".join(f"  {wrong}" for wrong in refused.preview.wrong)
        raise fail(f"{file}: nothing was taken:\n{faults}") from None
    if outcome.proposal is not None:
        typer.echo(
            f"proposal {outcome.proposal}: another person approves it (esep registry approve); then"
            " run this again"
        )
        raise typer.Exit(PROPOSED)


def _authority(directory: Path, order: WorkOrder, enrolled: Enrolled) -> TlsAuthority | None:
    """Who certifies the request, which is judged here: before anything is taken."""
    try:
        is_signed = x509.load_der_x509_csr(enrolled.request).is_signature_valid
    except ValueError:
        is_signed = False
    if not is_signed:
        raise AuthorityError("the request is not signed by the key that it names")
    return TlsAuthority(directory) if order.authority else None


def _certificate(authority: TlsAuthority, enrolled: Enrolled, days: int) -> bytes:
    pem = authority.issue(enrolled.request, enrolled.gateway, days, datetime.now(UTC))
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def _check_plan(text: str, plan: Path) -> None:
    missing = [word for word in (GATEWAY, ENROLMENT) if f'"{word}"' not in text]
    if missing:
        raise fail(f'{plan}: nothing in it is "{missing[0]}": docs/technician.md shows a plan')
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise fail(f"{plan}: not TOML: {error}") from None


def _network(brokers: list[str], hostname: str | None, *, is_tls: bool) -> dict[str, Any]:
    found = []
    for broker in brokers:
        host, _, port = broker.rpartition(":")
        if not port.isdecimal() or not 0 < int(port) < 65536 or not _is_address(host):
            raise fail(f"--broker {broker}: give ADDRESS:PORT; a name goes under --hostname")
        found.append({"host": host.strip("[]"), "port": int(port)})
    tls = {"ca": "ca.der", "cert": "client.der", "key": "client-key.der"}
    if hostname is not None:
        tls["hostname"] = hostname
    return {"brokers": found, "tls": tls if is_tls else None}


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
