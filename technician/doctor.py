"""`esep device doctor`, `logs`: how a board is that is already there, and what it did lately."""

import sys
import time
from typing import Annotated, Any

import typer

from collector.evidence.errors import EvidenceError
from collector.evidence.frame import Frame, read_frame
from technician.console import Console
from technician.diagnosis import CURES, Finding, Id, Severity, diagnose
from technician.event_words import CLOCKS, told
from technician.faults import BagError, Code
from technician.frames_over_console import newest
from technician.outcome import done, failed
from technician.ports import the_port
from technician.provision import AsJson, Port

_FRAMES = 200
Stay = Annotated[bool, typer.Option("--stay", help="leave it stopped; else it starts again")]


def doctor(port: Port = None, stay: Stay = False, as_json: AsJson = False) -> None:
    """Look at a board that is already there, and say what to do. It meters nothing meanwhile."""
    try:
        with Console(port or the_port()) as console:
            facts, frames = _look(console)
            if not stay:
                console.back_to_work()
    except BagError as error:
        raise failed(error, as_json=as_json) from None
    if facts is None:
        found = [Finding(Id.NO_APPLICATION, "the board's application has no doctor")]
    else:
        found = diagnose(facts, frames, time.time_ns() // 1_000_000)
    said = {"findings": [each.as_json() for each in found], "board": facts}
    done(said, _text(facts, found), as_json=as_json)
    if any(each.severity is Severity.BROKEN for each in found):
        raise typer.Exit(1)


def logs(
    port: Port = None,
    frames: Annotated[int, typer.Option(min=1, max=100_000, help="newest ones")] = _FRAMES,
    stay: Stay = False,
    as_json: AsJson = False,
) -> None:
    """Say what a board signed lately: starts, faults, meters, orders. Oldest first."""
    try:
        with Console(port or the_port()) as console:
            events = [event for frame in _newest(console, frames) for event in told(frame)]
            if not stay:
                console.back_to_work()
    except BagError as error:
        raise failed(error, as_json=as_json) from None
    lines = [f"{each['at']} {each['clock']}  {each['what']}" for each in events]
    letters = sorted({each["clock"] for each in events})
    lines += ["", *(f"{letter}: {CLOCKS[letter]}" for letter in letters)] if events else []
    text = "\n".join(lines) or "no events among them"
    done({"events": events}, text, as_json=as_json)


def _look(console: Console) -> tuple[dict[str, Any] | None, list[Frame]]:
    try:
        facts = console.run("doctor")
    except BagError as error:
        if error.code is Code.BOARD_REFUSED and "no module named" in error.what:
            return None, []
        raise
    try:
        return facts, _newest(console, _FRAMES)
    except BagError as error:
        if error.code is not Code.BOARD_REFUSED:
            raise
        return facts, []  # the journal's own look says why


def _newest(console: Console, count: int) -> list[Frame]:
    found = []
    for message in newest(console, count):
        try:
            found.append(read_frame(message)[1])
        except EvidenceError as error:
            print(f"esep: a frame is not readable: {error}", file=sys.stderr)
    return found


def _text(facts: dict[str, Any] | None, found: list[Finding]) -> str:
    lines = []
    if facts:
        key, application = facts["key"] or {}, facts["application"]
        name = key.get("gateway", "without a key")
        lines.append(f"gateway {name}, epoch {key.get('epoch', 0)}, {_version(application)}")
    for each in found:
        lines += [f"{_MARKS[each.severity]} {each.id}: {each.what}", f"      {CURES[each.id][1]}"]
    if not any(each.severity is Severity.BROKEN for each in found):
        lines.append("nothing is broken")
    return "\n".join(lines)


_MARKS = {Severity.BROKEN: "[!!]", Severity.LOOK: "[! ]", Severity.NOTE: "[  ]"}


def _version(application: dict[str, Any]) -> str:
    if "why" in application:
        return str(application["why"])
    return f"version {application['version']}, {application['free_bytes'] // 1024} KiB of heap free"
