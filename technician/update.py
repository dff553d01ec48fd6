"""`esep device update`: a release by cable, for trial, into the slot that does not run."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as Terminal

from collector.evidence import cbor
from collector.evidence.bundle import Bundle, read_bundle_file
from collector.evidence.errors import EvidenceError
from collector.evidence.keys import PublicKey
from technician.asking import given
from technician.base_image import read_file
from technician.console import Console
from technician.faults import BagError, Code
from technician.outcome import done, failed
from technician.papers import read_root
from technician.ports import the_port
from technician.progress import Said
from technician.provision import AsJson, Port, Root

_PART_BYTES = 1024
"""As the gateway takes them from the broker."""


def update(
    bundle: Annotated[Path | None, typer.Argument(help="the application, signed")] = None,
    root: Root = None,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Give a gateway a release, which its next start tries. Run again it goes on."""
    ask = sys.stdin.isatty() and not as_json
    try:
        operator = read_root(Path(given(root, "--root", "the operator's root.pub", ask=ask)))
        path = Path(given(bundle, "the bundle", "the application's bundle", ask=ask))
        content, release = _judged(path, operator)
        with Terminal(stderr=True, quiet=as_json).status("the board judges the release") as status:
            install(port or the_port(), content, status.update)
    except BagError as error:
        raise failed(error, as_json=as_json) from None
    text = (
        f"release {release.number}, version {release.version}, is in flash; the gateway starts with"
        " it, on trial.\nGood after two minutes with meters and broker, or half an hour without a"
        " broker; else the old one comes back.\nWhat became of it: esep collector status"
    )
    done({"release": release.number, "version": release.version}, text, as_json=as_json)


def install(port: str, content: bytes, said: Said) -> None:
    """The board judges it once more, and starts anew. Raises BagError."""
    message, image = cbor.decode(content)
    with Console(port) as console:
        have = console.call("install", "begin", message)["held"]
        while have < len(image):
            part = image[have : have + _PART_BYTES]
            have = console.call("install", "put", have, part)["held"]
            said(f"{have} of {len(image)} bytes")
        console.call("install", "end")
        console.reset()


def _judged(path: Path, operator: PublicKey) -> tuple[bytes, Bundle]:
    content = read_file(path)
    try:
        return content, read_bundle_file(content, operator)[0]
    except EvidenceError as error:
        what = f"{path.name} is refused ({error.reason}): {error}"
        raise BagError(Code.BUNDLE_REFUSED, what) from None
