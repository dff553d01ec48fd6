"""`esep device profile`: the instruments there are profiles of, and what is wrong with a file."""

import hashlib
import json
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from pathlib import Path
from textwrap import fill
from typing import Annotated, Any

import typer

from collector.model.profile import Profile
from collector.model.profile_files import (
    METERS,
    NotTomlError,
    profile_names,
    profile_schema,
    toml_document,
)
from collector.model.profile_rules import Fault, faults
from technician.register_sheet import WIDTH, sheet_data, sheet_text

app = typer.Typer(no_args_is_help=True, help="Meter profiles: which instruments, which registers.")

AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output")]


_UNNOTICED = {
    "serial": "another meter in its place",
    "ct": "another CT ratio, which the instrument applies,",
    "vt": "another VT ratio, which the instrument applies,",
}


@dataclass(frozen=True)
class _File:
    """A profile file as it was found; `profile` is there when nothing is wrong with it."""

    path: Path
    sha256: str
    document: dict[str, Any]
    profile: Profile | None
    faults: list[Fault]


@app.command("list")
def list_profiles(
    why: Annotated[bool, typer.Option("--why", help="say why a profile is unconfirmed")] = False,
    as_json: AsJson = False,
) -> None:
    """Name the instruments that there are profiles of."""
    files = [_read(METERS / f"{name}.toml") for name in profile_names()]
    if as_json:
        typer.echo(json.dumps([_entry(file) for file in files], indent=2, ensure_ascii=False))
        return
    wide = max((len(file.path.stem) for file in files), default=0)
    for file in files:
        typer.echo(_line(file, wide))
        if why and file.profile is not None and file.profile.unconfirmed is not None:
            indent = " " * 4
            text = file.profile.unconfirmed.strip()
            typer.echo(fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent))


@app.command()
def sheet(
    name: Annotated[str, typer.Argument(help="of a profile, or a file that ends in .toml")],
    as_json: AsJson = False,
) -> None:
    """Print a profile as a register sheet."""
    file = _read(_path(name))
    if file.profile is None:
        _refuse(file, as_json=as_json)
    elif as_json:
        data = sheet_data(file.document, file.profile)
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        typer.echo(sheet_text(file.document, file.profile))


@app.command()
def check(
    file: Annotated[str, typer.Argument(help="a profile file, or the name of one")],
    as_json: AsJson = False,
) -> None:
    """Say what is wrong with a profile file."""
    found = _read(_path(file))
    if found.profile is None:
        _refuse(found, as_json=as_json)
    elif as_json:
        verdict = {
            "ok": True,
            "sha256": found.sha256,
            "faults": [],
            "unnoticed": found.profile.unnoticed,
        }
        typer.echo(json.dumps(verdict, indent=2))
    else:
        quantities = len(found.profile.registers)
        status = _status(found)
        typer.echo(
            f"{found.path.name}: good, {status}, {quantities} quantities, sha256 {found.sha256}"
        )
        for change in found.profile.unnoticed:
            typer.echo(f"  {_UNNOTICED[change]} will go unnoticed: no register tells it")


def _path(name: str) -> Path:
    if name.endswith(".toml") or Path(name).exists():
        return Path(name)
    names = profile_names()
    if name not in names:
        near = get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}? there are" if near else "there are"
        typer.echo(f"there is no meter profile {name!r}; {hint}: {', '.join(names)}", err=True)
        raise typer.Exit(2)
    return METERS / f"{name}.toml"


def _read(path: Path) -> _File:
    try:
        content = path.read_bytes()
    except OSError as error:
        typer.echo(f"{path}: {error.strerror}; name a profile file", err=True)
        raise typer.Exit(2) from None
    digest = hashlib.sha256(content).hexdigest()
    try:
        document = toml_document(content)
    except NotTomlError as error:
        return _File(path, digest, {}, None, [Fault("the file", str(error), "correct it there")])
    found = faults(document, profile_schema(), path.stem)
    return _File(path, digest, document, None if found else Profile.parse(content), found)


def _refuse(file: _File, *, as_json: bool) -> None:
    if as_json:
        listed = [asdict(fault) for fault in file.faults]
        verdict = {"ok": False, "sha256": file.sha256, "faults": listed}
        typer.echo(json.dumps(verdict, indent=2, ensure_ascii=False))
    else:
        many = "1 fault" if len(file.faults) == 1 else f"{len(file.faults)} faults"
        typer.echo(f"{file.path}: {many}")
        for fault in file.faults:
            typer.echo(f"  {fault.place}: {fault.wrong}")
            typer.echo(f"    {fault.right}")
    raise typer.Exit(1)


def _status(file: _File) -> str:
    if file.profile is None:
        return "faulty"
    return "confirmed" if file.profile.confirmed else "unconfirmed"


def _line(file: _File, wide: int) -> str:
    start = f"{file.path.stem:{wide}}  {_status(file):11}"
    if file.profile is None:
        return f"{start}  see `esep device profile check {file.path.stem}`"
    instrument = file.profile.instrument
    wiring = " ".join(instrument.wiring)
    what = f"{file.profile.vendor} {file.profile.model}"
    return f"{start}  {instrument.connection:11}  {wiring:14}  {what}"


def _entry(file: _File) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": file.path.stem,
        "status": _status(file),
        "sha256": file.sha256,
    }
    if file.profile is None:
        return entry | {"faults": [asdict(fault) for fault in file.faults]}
    instrument = file.profile.instrument
    return entry | {
        "unconfirmed": file.profile.unconfirmed,
        "vendor": file.profile.vendor,
        "model": file.profile.model,
        "connection": instrument.connection,
        "wiring": list(instrument.wiring),
        "max_current_a": instrument.max_current_a,
        "active_energy_class": instrument.active_energy_class,
    }
