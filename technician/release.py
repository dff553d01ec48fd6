"""`esep device bundle`, `release-key`: the application's image, and who vouches for it."""

import json
import time
from pathlib import Path
from typing import Annotated

import typer

from collector.evidence.bundle import Bundle, bundle_file
from collector.evidence.downlink import Role, Signer, certify
from collector.evidence.keys import PrivateKey
from technician.bundle import BundleError, Image, build_image, firmware_version

_YEAR_MS = 365 * 24 * 3600 * 1000
_BEFORE_MS = 60_000


def bundle(
    out: Annotated[Path, typer.Argument(help="a new file")],
    key: Annotated[Path | None, typer.Option(help="the release key, PEM; none: unsigned")] = None,
    certificate: Annotated[Path | None, typer.Option(help="what release-key wrote")] = None,
    number: Annotated[int | None, typer.Option(min=1, help="above the last release's")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable output")] = False,
) -> None:
    """Compile the firmware's application into the image that goes onto a board, signed by --key."""
    if out.exists():
        raise _fail(f"{out} exists; name a new file")
    signing = (key, certificate, number)
    if any(each is not None for each in signing) and None in signing:
        raise _fail("give --key, --certificate and --number together, or none of them")
    signer = None if key is None or certificate is None else _signer(key, certificate)
    try:
        image = build_image()
        content = image.content
        if signer is not None and number is not None:
            content = _signed(image, signer, number)
        with out.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise _fail(f"{out}: {error.strerror}; name a new file") from None
    except BundleError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(image.sizes, indent=2))
        return
    for name, size in image.sizes.items():
        typer.echo(f"{size:7} {name}")
    typer.echo(f"{len(content):7} {out}")


def release_key(
    root: Annotated[Path, typer.Argument(help="the root's private key, PEM; it stays offline")],
    key: Annotated[Path, typer.Argument(help="a new file, PEM: who has it releases firmware")],
    certificate: Annotated[Path, typer.Argument(help="a new file, which goes with the key")],
    years: Annotated[int, typer.Option(min=1, max=10, help="it may sign for")] = 3,
) -> None:
    """Make the key that signs bundles, and the root's certificate for it."""
    for path in (key, certificate):
        if path.exists():
            raise _fail(f"{path} exists; name a new file")
    try:
        issuer = PrivateKey.load(root)
    except (OSError, ValueError) as error:
        raise _fail(f"{root}: {error}; name the PEM file that `collector init` wrote") from None
    made = PrivateKey.generate()
    now_ms = time.time_ns() // 1_000_000
    vouched = certify(
        issuer, Role.RELEASE, made.public, now_ms - _BEFORE_MS, now_ms + years * _YEAR_MS
    )
    try:
        made.save(key)
        certificate.write_bytes(vouched)
    except OSError as error:
        raise _fail(f"{error.filename}: {error.strerror}; name new files") from None
    typer.echo(f"{key} signs releases for {years} years, by {certificate}.")


def _signed(image: Image, signer: Signer, number: int) -> bytes:
    now_ms = time.time_ns() // 1_000_000
    release = Bundle.of(image.content, number, firmware_version(), now_ms, image.firmware_hash)
    return bundle_file(release.message(signer), image.content)


def _signer(key: Path, certificate: Path) -> Signer:
    """Whose certificate it is is judged by who installs: the root is not here."""
    try:
        return Signer(PrivateKey.load(key), certificate.read_bytes())
    except (OSError, ValueError) as error:
        raise _fail(f"{error}; name what `esep device release-key` wrote") from None


def _fail(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(2)
