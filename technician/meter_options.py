"""Which meter is meant: the options that its commands have in common."""

import re
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from collector.model.limits import Pair
from collector.model.profile import Profile
from collector.model.profile_files import (
    METERS,
    NotTomlError,
    profile_names,
    profile_schema,
    toml_document,
)
from collector.model.profile_rules import faults
from technician.bus import Line, Place, SerialPlace, TcpPlace
from technician.faults import BagError, Code

Port = Annotated[str | None, typer.Option(help="where the board is; else it is looked for")]
Bus = Annotated[int, typer.Option(help="the board's RS-485 port")]
Tcp = Annotated[str | None, typer.Option(help="instead of a serial line: 10.0.0.5:502")]
LineText = Annotated[str | None, typer.Option("--line", help="like 9600-8N1; else the profile's")]
Unit = Annotated[int, typer.Option(min=1, max=247, help="the meter's address")]
ProfileName = Annotated[str | None, typer.Option("--profile", help="a name, or a file")]
Ct = Annotated[str, typer.Option(help="of the plate: 2000/5")]
Vt = Annotated[str, typer.Option(help="of the plate: 10000/100")]
AsJson = Annotated[bool, typer.Option("--json", help="machine-readable output")]

_RATIO = re.compile(r"([1-9]\d{0,6})\s*[/:]\s*([1-9]\d{0,6})")


def load_profile(name: str) -> Profile:
    """Raises BagError."""
    path = Path(name) if name.endswith(".toml") else METERS / f"{name}.toml"
    if path.parent == METERS and path.stem not in profile_names():
        raise BagError(Code.UNKNOWN_PROFILE, f"there is no meter profile {name!r}")
    try:
        content = path.read_bytes()
        found = faults(toml_document(content), profile_schema(), path.stem)
    except OSError as error:
        raise BagError(Code.NO_FILE, f"{path}: {error.strerror}") from None
    except NotTomlError as error:
        raise BagError(Code.UNKNOWN_PROFILE, f"{path}: {error}") from None
    if found:
        raise BagError(Code.UNKNOWN_PROFILE, f"{path} has faults: esep device profile check")
    return Profile.parse(content)


def all_profiles() -> list[Profile]:
    return [load_profile(name) for name in profile_names()]


def place(bus: int, tcp: str | None, line: str | None, profile: Profile | None) -> Place:
    """Raises BagError."""
    if tcp is not None:
        return TcpPlace.parse(tcp)
    if line is not None:
        return SerialPlace(bus, Line.parse(line))
    if profile is None:
        raise BagError(Code.NOT_ASKED, "--line is missing, like 9600-8N1: `scan` finds it")
    return SerialPlace(bus, Line.of(profile.transport))


def pair(text: str) -> Pair:
    """A transformer's ratio as its plate has it. Raises BagError."""
    found = _RATIO.fullmatch(text.strip())
    if found is None:
        raise BagError(Code.WRONG_VALUE, f"{text!r} is no ratio: write it as on the plate, 2000/5")
    return int(found[1]), int(found[2])


def ratio(text: str) -> Fraction:
    """Raises BagError."""
    return Fraction(*pair(text))
