"""What a gateway's signed events say, in plain words."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from collector.evidence.frame import Event, EventCode, Frame

CLOCKS = {
    "U": "the clock was never set",
    "I": "the clock was set, nobody vouches for it",
    "S": "the collector vouches for the clock",
    "R": "the clock counts from the start only",
}
"""By the letter of a frame's clock."""

_CAUSES = {
    "power": "its supply came",
    "software": "it restarted itself",
    "watchdog": "it hung, and was reset",
    "unknown": "nobody knows why",
}
_PHASES = {1: "received", 2: "carried out", 3: "refused", 4: "failed", 5: "its stages are back"}
_RELEASES = {1: "is here", 2: "is tried", 3: "is good", 4: "was given up", 5: "is refused"}
_HELD = {0: "observes only", 1: "is in force", 2: "is refused"}


def at(unix_ms: int) -> str:
    return datetime.fromtimestamp(unix_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def words(event: Event) -> str:
    return _WORDS[event.code](event.detail)


def told(frame: Frame) -> list[dict[str, str]]:
    """Each event of a frame: when, by which clock, in words."""
    return [
        {"at": at(record.at_ms), "clock": frame.clock.letter, "what": words(record)}
        for record in frame.records
        if isinstance(record, Event)
    ]


def _boot(said: Mapping[int, Any]) -> str:
    safe = "; in safe mode, since it failed several times" if 4 in said else ""
    return f"started: {_CAUSES[said[0]]}; version {said[2]}{safe}"


def _command(said: Mapping[int, Any]) -> str:
    why = f": {said[3]}" if 3 in said else ""
    return f"order {said[0].hex()[:8]} {_PHASES[said[2]]}{why}"


def _meter(said: Mapping[int, Any]) -> str:
    silent = "answers" if said[1] else "does not answer"
    return f"meter {said[0]}: {said.get(2) or silent}"


def _health(said: Mapping[int, Any]) -> str:
    days = "" if said[4][0] is None else f", room for {said[4][0]} days"
    return (
        f"health: up {said[0] // 3600} h, {said[1] // 1024} KiB free, "
        f"{said[3][0]} billing frames without receipt{days}"
    )


def _firmware(said: Mapping[int, Any]) -> str:
    why = f": {said[3]}" if 3 in said else ""
    return f"release {said[1]} {_RELEASES[said[0]]}{why}"


_WORDS: dict[EventCode, Callable[[Mapping[int, Any]], str]] = {
    EventCode.BOOT: _boot,
    EventCode.CLOCK: lambda said: f"clock set from {at(said[0])} to {at(said[1])} by {said[2]}",
    EventCode.CONFIGURATION: lambda said: f"configuration {said[1]} came into force",
    EventCode.COMMAND: _command,
    EventCode.STAGE: lambda said: (
        f"stage {said[0]} {'closed' if said[1] else 'opened'}, by {said[2]}"
    ),
    EventCode.METER: _meter,
    EventCode.DROPPED: lambda said: f"samples {said[2]} to {said[3]} were dropped for room",
    EventCode.EPOCH: lambda said: f"a new epoch began: {said[1]}",
    EventCode.FAULT: lambda said: f"fault in {said[0]}: {said[1]}",
    EventCode.IDENTITY: lambda said: f"meter {said[0]} says who it is: {said[2].hex()}",
    EventCode.REGISTER: lambda said: f"meter {said[0]}: an energy register went backwards",
    EventCode.KEY: lambda _: "its key was changed",
    EventCode.RETIRED: lambda said: f"retired: {said[0]}",
    EventCode.HEALTH: _health,
    EventCode.CADENCE: lambda said: f"samples every {said[0] / 1000:g} s from here on",
    EventCode.LIMITER: lambda said: f"limit: {said[2]}",
    EventCode.SCHEDULE: lambda said: f"schedule {said[1]} {_HELD[said[2]]}",
    EventCode.INTERLOCK: lambda said: (
        f"stage {said[0]}: {', '.join(said[1]) or 'no interlock is set'}"
    ),
    EventCode.FIRMWARE: _firmware,
}
