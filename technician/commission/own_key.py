"""`esep device technician-key`, `technician-certificate`: who signs acts, by whose word."""

import getpass
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from collector.evidence.act import Technician, name_technician
from collector.evidence.keys import PrivateKey, PublicKey
from technician.base_image import read_file
from technician.faults import BagError, Code

_YEAR_MS = 365 * 24 * 3600 * 1000
_BEFORE_MS = 60_000
_LEAST = 8
"""Characters of a passphrase."""


def technician_key(
    key: Annotated[Path, typer.Argument(help="a new file, PEM: it stays yours")],
) -> None:
    """Make your own key, with a passphrase; KEY.pub beside it goes to whoever holds the root.

    The passphrase is asked for twice, or read as a line of standard input.
    """
    public = key.with_suffix(".pub")
    try:
        _new(key, public)
        made = PrivateKey.generate()
        made.save(key, _passphrase().encode())
        public.write_bytes(made.public.raw)
    except BagError as error:
        raise _failed(error) from None
    typer.echo(
        f"{key} is yours alone. Have {public} certified; its key-id: {made.public.kid.hex()}"
    )


def technician_certificate(
    root: Annotated[Path, typer.Argument(help="the root's private key, PEM; it stays offline")],
    public: Annotated[Path, typer.Argument(help="what `technician-key` wrote, KEY.pub")],
    name: Annotated[str, typer.Argument(help="the technician's, as it stands in acts")],
    certificate: Annotated[Path, typer.Argument(help="a new file, which goes with the key")],
    years: Annotated[int, typer.Option(min=1, max=10, help="he may sign for")] = 3,
) -> None:
    """Say by the root's key whose key this is."""
    try:
        _new(certificate)
        issuer, held = PrivateKey.load(root), PublicKey(read_file(public))
    except BagError as error:
        raise _failed(error) from None
    except (OSError, ValueError, TypeError) as error:
        raise _failed(BagError(Code.KEY_REFUSED, str(error))) from None
    now_ms = time.time_ns() // 1_000_000
    who = Technician(name, held, now_ms - _BEFORE_MS, now_ms + years * _YEAR_MS)
    certificate.write_bytes(name_technician(issuer, who))
    typer.echo(f"{name} signs acts for {years} years, by {certificate}.")


def _new(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise BagError(Code.FILE_EXISTS, f"{path} is there already")


def _passphrase() -> str:
    if not sys.stdin.isatty():
        said = sys.stdin.readline().rstrip("\n")
    else:
        said = getpass.getpass("passphrase: ")
        if getpass.getpass("again: ") != said:
            raise BagError(Code.KEY_REFUSED, "the passphrases differ")
    if len(said) < _LEAST:
        raise BagError(Code.KEY_REFUSED, f"a passphrase has at least {_LEAST} characters")
    return said


def _failed(error: BagError) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(error.exit_code)
