"""`esep registry`: what the operator knows."""

from pathlib import Path
from typing import Annotated

import typer

from collector.cli import allocation_changes, allocation_history, enrolling
from collector.cli import registry_changes as changes
from collector.cli import registry_questions as questions
from collector.cli.arguments import UNUSABLE, Directory
from collector.cli.service import now_ms
from collector.evidence.downlink import Role
from collector.model.actuator import ActuatorError
from collector.model.moments import MomentError, read_moment
from collector.model.records import Gateway, Meter, Site
from collector.registry.configuration import compile_configuration
from collector.registry.configurations import Configurations
from collector.registry.keyring import Keyring
from collector.registry.profiles import ProfileError
from collector.registry.return_slots import held_otherwise
from collector.registry.store import Registry
from collector.registry.view import UnknownError
from collector.storage import open_database, reading

_AT_ONCE = 100
"""Configurations in one transaction: while it writes others wait."""
app = typer.Typer(no_args_is_help=True, help="Who, what, where, when: the register.")


app.command("import")(changes.import_)
app.command()(changes.proposals)
app.command()(changes.approve)
app.command()(changes.reject)
app.command()(questions.export)
app.command()(questions.show)
app.command()(questions.history)
app.command()(allocation_changes.allocate)
app.command()(allocation_changes.cancel)
app.command()(allocation_history.allocations)
app.command("work-order")(enrolling.work_order)
app.command()(enrolling.enrol)


@app.command()
def configure(
    directory: Directory,
    gateway: Annotated[str, typer.Argument(help="the gateway's id, 16 hex digits")],
    out: Annotated[Path, typer.Option(help="where to write the signed configuration")],
    at: Annotated[
        str | None, typer.Option(help="with the meters of then: for an exchange that is planned")
    ] = None,
) -> None:
    """Compile and sign a gateway's configuration from the register and the meter profiles."""
    try:
        meters_ms = None if at is None else read_moment(at)
        engine = open_database(directory)
        keyring = Keyring(directory)
        issued_ms = now_ms()
        view = Registry(engine).view()
        signer = keyring.signer(Role.CONFIGURATION)
        message = compile_configuration(view, gateway, issued_ms, signer, meters_ms=meters_ms)
        digest = Configurations(engine, keyring.root).store(message, issued_ms)
    except (UnknownError, ProfileError, MomentError, *UNUSABLE) as error:
        typer.echo(error.args[0] if error.args else str(error), err=True)
        raise typer.Exit(2) from None
    out.write_bytes(message)
    typer.echo(f"configuration {digest.hex()} for {gateway}: {out}")
    site = view.one(Gateway, gateway).site
    changes.warn(meter for meter in view.meters_of(site, issued_ms) if meter.gateway == gateway)
    zone = view.one(Site, site).zone
    with reading(engine) as connection:
        others = held_otherwise(connection, view, zone, issued_ms)
    if others:
        typer.echo(
            f"{len(others)} other gateways of zone {zone} hold other return slots than are laid out"
            " now, and may return beside this one: esep registry configure-all DIR --out FOLDER",
            err=True,
        )


@app.command("configure-all")
def configure_all(
    directory: Directory,
    out: Annotated[Path, typer.Option(help="a folder: GATEWAY.cose for each")],
) -> None:
    """The same for every gateway that has a meter."""
    try:
        engine = open_database(directory)
        keyring = Keyring(directory)
        view = Registry(engine).view()
        signer = keyring.signer(Role.CONFIGURATION)
        configurations = Configurations(engine, keyring.root)
        out.mkdir(parents=True, exist_ok=True)
        gateways = sorted({meter.gateway for meter in view.all(Meter).values()})
        for start in range(0, len(gateways), _AT_ONCE):
            compiled = {}
            for gateway in gateways[start : start + _AT_ONCE]:
                issued_ms = now_ms()
                message = compile_configuration(view, gateway, issued_ms, signer)
                compiled[message] = gateway, issued_ms
            configurations.store_all({each: issued for each, (_, issued) in compiled.items()})
            for message, (gateway, _) in compiled.items():
                (out / f"{gateway}.cose").write_bytes(message)
    except (UnknownError, ProfileError, ActuatorError, OSError) as error:
        typer.echo(error.args[0] if len(error.args) == 1 else str(error), err=True)
        raise typer.Exit(2) from None
    typer.echo(f"{len(gateways)} configurations in {out}")
    changes.warn(view.all(Meter).values())
