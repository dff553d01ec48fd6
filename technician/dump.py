"""`esep device dump`: what a gateway holds, signed, into a file that the collector takes in."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console as Screen

from collector.evidence.frame import Stream
from technician.asking import given
from technician.boards import BoardError, load_board
from technician.console import Console
from technician.doctor import Stay
from technician.esptool_program import Esptool
from technician.faults import BagError, Code
from technician.flash import BAUD
from technician.frame_file import FrameFile
from technician.frames_over_console import pull
from technician.journal_image import frames
from technician.outcome import done, failed
from technician.ports import the_port
from technician.provision import AsJson, Port


def dump(
    file: Annotated[Path | None, typer.Argument(help="for the collector")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="also what has its receipt, as long as it is in flash")
    ] = False,
    dead: Annotated[
        str | None,
        typer.Option(
            "--dead", metavar="BOARD", help="nothing of it works: read the flash of such a board"
        ),
    ] = None,
    port: Port = None,
    stay: Stay = False,
    as_json: AsJson = False,
) -> None:
    """Copy the signed frames of a gateway. With a file that is there already it goes on with it."""
    ask = sys.stdin.isatty() and not as_json
    try:
        path = Path(given(file, "the file", "write the frames to which file", ask=ask))
        with FrameFile(path) as kept:
            if dead:
                _read_flash(dead, port or the_port(), kept, everything=everything)
            else:
                _from_console(port or the_port(), kept, everything=everything, stay=stay)
    except BagError as error:
        raise failed(error, as_json=as_json) from None
    counts = {stream.name.lower(): kept.counts[stream] for stream in Stream}
    said = {"gateway": kept.gateway, "file": str(path), "added": kept.added, "frames": counts}
    keeps = "The gateway keeps them until a receipt.\n"
    text = (
        f"{path} holds {counts['billing']} billing and {counts['telemetry']} telemetry frames of"
        f" {kept.gateway}, {kept.added} of them new. {'' if dead else keeps}"
        f"Bring it to the collector:\n  esep collector take DIR {path.name}"
    )
    done(said, text if kept.gateway else "the gateway holds no such frames", as_json=as_json)


def _from_console(port: str, kept: FrameFile, *, everything: bool, stay: bool) -> None:
    with Console(port) as console:
        pull_into(console, kept, "all" if everything else "pending")
        if not stay:
            console.back_to_work()


def _read_flash(name: str, port: str, kept: FrameFile, *, everything: bool) -> None:
    try:
        part = load_board(name).partition("journal")
    except BoardError as error:
        raise BagError(Code.UNKNOWN_BOARD, str(error)) from None
    for message, pending in frames(Esptool(port, BAUD).read(part.offset, part.size)):
        if pending or everything:
            kept.add(message)


def pull_into(console: Console, kept: FrameFile, which: str) -> None:
    """Of what the gateway holds, `which`: "pending" or "all". Raises BagError."""
    with Screen(stderr=True).status("the first frame is waited for") as status:

        def keep(message: bytes) -> None:
            kept.add(message)
            status.update(f"{kept.added} frames")

        pull(console, f"dump.main({which!r}, {kept.last!r})", keep)
