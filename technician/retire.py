"""`esep device retire`: a gateway's end. Two steps, each by the id on its label, typed in.

First it signs its last readings and its last frame, and all that it holds goes into a file; when
the collector has that, its key is destroyed.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from collector.evidence.frame import read_frame
from technician.asking import given
from technician.console import Console
from technician.dump import pull_into
from technician.faults import BagError, Code
from technician.frame_file import FrameFile
from technician.frames_over_console import newest
from technician.outcome import done, failed
from technician.ports import the_port
from technician.provision import AsJson, Port

_SIGN = "--sign-only"
_DESTROY = "--destroy"


def retire(
    gateway: Annotated[str | None, typer.Option(help="its id, as its label has it")] = None,
    why: Annotated[str | None, typer.Option(help="the reason, for its last frame")] = None,
    dump: Annotated[Path | None, typer.Option(help="for what it holds")] = None,
    destroy: Annotated[
        bool, typer.Option("--destroy", help="the collector has the file: destroy the key")
    ] = False,
    unread: Annotated[
        bool, typer.Option("--unread", help="without last readings: no meter is there any more")
    ] = False,
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """End a gateway for good: last readings, last frame, file; then, with --destroy, its key."""
    ask = sys.stdin.isatty() and not as_json
    try:
        typed = given(gateway, "--gateway", "the id of the gateway that is to end", ask=ask)
        with Console(port or the_port()) as console:
            _check(console, typed)
            if destroy:
                said = console.run("retire", _DESTROY)
                text = f"gateway {typed} is retired ({said['retired']}), and its key is destroyed."
            else:
                reason = given(why, "--why", "why it ends", ask=ask)
                to = Path(given(dump, "--dump", "what it holds goes to which file", ask=ask))
                said = _end(console, reason, to, read=not unread)
                text = (
                    f"gateway {typed} has signed its last frame. {to} holds {said['frames']} frames"
                    f" of it:\n  esep collector take DIR {to.name}\nWhen all of them are there:"
                    f"\n  esep device retire --gateway {typed} --destroy"
                )
    except BagError as error:
        raise failed(error, as_json=as_json) from None
    done({"gateway": typed} | said, text, as_json=as_json)


def _check(console: Console, typed: str) -> None:
    there = [read_frame(message)[1].gateway.hex() for message in newest(console, 1)]
    if there != [typed.strip().lower()]:
        what = f"this is {there[0]}, not {typed}" if there else "it never signed anything"
        raise BagError(Code.NOT_CONFIRMED, what)


def _end(console: Console, why: str, to: Path, *, read: bool) -> dict[str, Any]:
    """Asked again after a cable was pulled it goes on; nothing is signed twice."""
    with FrameFile(to) as kept:
        state = console.run("retire", "")
        if state["retired"] is None:
            if read:
                console.run("read")
            state = console.run("retire", why, _SIGN)
        pull_into(console, kept, "pending")
    return {"retired": state["retired"], "file": str(to), "frames": sum(kept.counts.values())}
