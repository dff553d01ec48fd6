"""What a doctor's look at a board comes to: findings, each with what to do."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum
from typing import Any

from cryptography import x509

from collector.evidence.frame import Event, EventCode, Frame
from collector.model.health import ERASURES, Ailment, Health
from technician.event_words import at


class Severity(IntEnum):
    """`BROKEN`: metering, evidence or obedience suffers. `LOOK`: it may, some day."""

    NOTE = 0
    LOOK = 1
    BROKEN = 2


class Id(StrEnum):
    """Stable; each has its severity and cure in CURES and in docs/technician.md."""

    NO_APPLICATION = "no_application"
    NO_LOOK = "no_look"
    NOT_PROVISIONED = "not_provisioned"
    RETIRED = "retired"
    SAFE_MODE = "safe_mode"
    FAILED_STARTS = "failed_starts"
    HANGS = "hangs"
    ON_TRIAL = "on_trial"
    SETTING_DAMAGED = "setting_damaged"
    CONFIGURATION_REFUSED = "configuration_refused"
    CONFIGURATION_WAITS = "configuration_waits"
    METER_SILENT = "meter_silent"
    METER_REFUSES = "meter_refuses"
    NETWORK_DOWN = "network_down"
    RADIO_WEAK = "radio_weak"
    BROKER_AWAY = "broker_away"
    CERTIFICATE_ENDED = "certificate_ended"
    CERTIFICATE_ENDS = "certificate_ends"
    CLOCK_NOT_SET = "clock_not_set"
    CLOCK_DIFFERS = "clock_differs"
    JOURNAL_NEW = "journal_new"
    FRAMES_GONE = "frames_gone"
    FRAMES_WAIT = "frames_wait"
    ROOM_SHORT = "room_short"
    FLASH_WORN = "flash_worn"
    HEAP_SHORT = "heap_short"
    LOOP_STOOD = "loop_stood"
    BUS_ERRORS = "bus_errors"
    CLOCK_DRIFTS = "clock_drifts"


CURES: dict[Id, tuple[Severity, str]] = {
    Id.NO_APPLICATION: (
        Severity.BROKEN,
        "flash the application (`esep device flash`); key, settings and journal stay",
    ),
    Id.NO_LOOK: (Severity.BROKEN, "do what it says; if that is nothing, change the board"),
    Id.NOT_PROVISIONED: (Severity.BROKEN, "`esep device enrol`, then `esep device install`"),
    Id.RETIRED: (Severity.BROKEN, "it will not start again; another board takes its place"),
    Id.SAFE_MODE: (
        Severity.BROKEN,
        "read `esep device logs` for why its starts failed; it meters meanwhile, without samples",
    ),
    Id.FAILED_STARTS: (Severity.LOOK, "read `esep device logs` for why"),
    Id.HANGS: (Severity.LOOK, "note when, and what happened then; tell who releases the firmware"),
    Id.ON_TRIAL: (Severity.NOTE, "leave it alone: it is found good, or given up, by itself"),
    Id.SETTING_DAMAGED: (
        Severity.LOOK,
        "it mended itself from the copy; if it comes again, change the board",
    ),
    Id.CONFIGURATION_REFUSED: (
        Severity.BROKEN,
        "have one issued by the collector, and `esep device configure` it",
    ),
    Id.CONFIGURATION_WAITS: (Severity.NOTE, "the next start takes it"),
    Id.METER_SILENT: (
        Severity.BROKEN,
        "look at its supply, at A and B of the bus, its address, bauds and parity",
    ),
    Id.METER_REFUSES: (Severity.BROKEN, "is it the meter of the register? else change the profile"),
    Id.NETWORK_DOWN: (
        Severity.LOOK,
        "look at the cable, or the radio's name and password; it keeps everything meanwhile",
    ),
    Id.RADIO_WEAK: (Severity.LOOK, "move the antenna, or lay a cable"),
    Id.BROKER_AWAY: (
        Severity.LOOK,
        "does the site's network let it out? ask the operator; it keeps everything meanwhile",
    ),
    Id.CERTIFICATE_ENDED: (Severity.BROKEN, "have the collector issue one, and install it"),
    Id.CERTIFICATE_ENDS: (Severity.LOOK, "have the collector issue one before then"),
    Id.CLOCK_NOT_SET: (
        Severity.LOOK,
        "it sets itself by the collector or NTP; without a network, change the clock's battery",
    ),
    Id.CLOCK_DIFFERS: (
        Severity.LOOK,
        "is the laptop's clock right? then it sets itself when it reaches the collector",
    ),
    Id.JOURNAL_NEW: (Severity.LOOK, "its next frame begins a new epoch; tell the operator"),
    Id.FRAMES_GONE: (Severity.LOOK, "its next start tells of them, signed; tell the operator"),
    Id.FRAMES_WAIT: (Severity.NOTE, "if there is no network, carry them: `esep device dump`"),
    Id.ROOM_SHORT: (
        Severity.LOOK,
        "mend the network: only a receipt makes room; `esep device dump` carries what is there",
    ),
    Id.FLASH_WORN: (Severity.LOOK, "change the board at the next visit"),
    Id.HEAP_SHORT: (Severity.LOOK, "fewer meters or quantities, or a board with more memory"),
    Id.LOOP_STOOD: (Severity.NOTE, "if it comes often, tell who releases the firmware"),
    Id.BUS_ERRORS: (
        Severity.LOOK,
        "look at the bus: termination at both ends, shield, length, what is beside it",
    ),
    Id.CLOCK_DRIFTS: (Severity.LOOK, "change the board at the next visit"),
}

_OF_HEALTH = {
    Ailment.ROOM: Id.ROOM_SHORT,
    Ailment.BUS: Id.BUS_ERRORS,
    Ailment.STALL: Id.LOOP_STOOD,
    Ailment.HEAP: Id.HEAP_SHORT,
    Ailment.DRIFT: Id.CLOCK_DRIFTS,
}
_SAFE_AFTER = 3
_TRIAL = 3
_CLOCK_MS = 60_000
_WEAK_DBM = -80
_ENDS_WITHIN = timedelta(days=30)
_WORN = ERASURES * 8 // 10


@dataclass(frozen=True)
class Finding:
    id: Id
    what: str

    @property
    def severity(self) -> Severity:
        return CURES[self.id][0]

    def as_json(self) -> dict[str, str]:
        severity, cure = CURES[self.id]
        name = severity.name.lower()
        return {"id": str(self.id), "severity": name, "what": self.what, "cure": cure}


def diagnose(facts: Mapping[str, Any], frames: Sequence[Frame], here_ms: int) -> list[Finding]:
    """`facts` as the board's doctor has them, its newest billing `frames`, the laptop's clock.

    The worst first.
    """
    found: list[Finding] = []
    for part, look in _LOOKS.items():
        said = facts[part]
        if isinstance(said, dict) and "why" in said:
            found.append(_not_seen(part, said["why"]))
        else:
            found += [Finding(*each) for each in look(said, here_ms)]
    found += [Finding(*each) for each in _history(frames)]
    return sorted(found, key=lambda each: -each.severity)


_Found = Iterator[tuple[Id, str]]


def _not_seen(part: str, why: str) -> Finding:
    if "configuration.cose is refused" in why:
        return Finding(Id.CONFIGURATION_REFUSED, why)
    if "provision this gateway" in why or "have one issued" in why:
        return Finding(Id.NOT_PROVISIONED, why)
    return Finding(Id.NO_LOOK, f"{part}: {why}")


def _application(said: Mapping[str, Any], _: int) -> _Found:
    if said["slot_state"] == _TRIAL:
        yield Id.ON_TRIAL, f"version {said['version']} is on trial"


def _settings(said: Mapping[str, Any], _: int) -> _Found:
    for what in said["faults"]:
        yield Id.SETTING_DAMAGED, what
    if said["waits"]:
        yield Id.CONFIGURATION_WAITS, "a configuration came, and is not tried yet"


def _clock(said: Mapping[str, Any], here_ms: int) -> _Found:
    if not said["known"]:
        yield Id.CLOCK_NOT_SET, f"its clock was never set: it says {at(said['now_ms'])}"
    elif abs(said["now_ms"] - here_ms) > _CLOCK_MS:
        apart_s = abs(said["now_ms"] - here_ms) // 1000
        later = "ahead of" if said["now_ms"] > here_ms else "behind"
        yield Id.CLOCK_DIFFERS, f"its clock is {apart_s} s {later} this laptop's"


def _journal(said: Mapping[str, Any], _: int) -> _Found:
    if said["failed_starts"] >= _SAFE_AFTER:
        yield Id.SAFE_MODE, f"{said['failed_starts']} starts in a row failed: it is in safe mode"
    elif said["failed_starts"] > 1:
        yield Id.FAILED_STARTS, f"{said['failed_starts']} starts in a row failed"
    if said["refused"]:
        yield Id.CONFIGURATION_REFUSED, f"the last one it was given: {said['refused']}"
    if said["fresh"]:
        yield Id.JOURNAL_NEW, "the journal is new, or its newest frames cannot be read"
    if any(said["dropped"]):
        yield Id.FRAMES_GONE, "frames were dropped or cannot be read, and that is not told yet"
    if any(said["pending"]):
        billing, telemetry = said["pending"]
        yield Id.FRAMES_WAIT, f"{billing} billing and {telemetry} telemetry frames without receipt"
    if said["pressure"]:
        yield Id.ROOM_SHORT, "room for samples runs out: they are taken less often"
    if said["erasures"] > _WORN:
        yield Id.FLASH_WORN, f"a block was erased {said['erasures']} times of {ERASURES}"


def _key(said: Mapping[str, Any] | None, _: int) -> _Found:
    if said is None:
        yield Id.NOT_PROVISIONED, "it has no key"
    elif said["retired"] is not None:
        yield Id.RETIRED, f"this gateway is retired: {said['retired']}"


def _network(said: Mapping[str, Any], here_ms: int) -> _Found:
    if not said["up"]:
        yield Id.NETWORK_DOWN, "the board is in no network"
    elif said["signal_dbm"] is not None and said["signal_dbm"] < _WEAK_DBM:
        yield Id.RADIO_WEAK, f"it hears the radio with {said['signal_dbm']} dBm"
    for name, why_not in said["brokers"]:
        if why_not is not None:
            yield Id.BROKER_AWAY, f"no connection to {name}: {why_not}"
    for name, content in said["certificates"].items():
        yield from _certificate(name, bytes.fromhex(content), here_ms)


def _certificate(name: str, content: bytes, here_ms: int) -> _Found:
    try:
        ends = x509.load_der_x509_certificate(content).not_valid_after_utc
    except ValueError as error:
        yield Id.NOT_PROVISIONED, f"{name} is no certificate: {error}"
        return
    ends_ms = int(ends.timestamp() * 1000)
    if ends_ms <= here_ms:
        yield Id.CERTIFICATE_ENDED, f"{name} ended on {at(ends_ms)}: no broker lets it in"
    elif ends_ms - here_ms < _ENDS_WITHIN.total_seconds() * 1000:
        yield Id.CERTIFICATE_ENDS, f"{name} ends on {at(ends_ms)}"


def _meters(said: Sequence[Sequence[Any]] | None, _: int) -> _Found:
    for slot, serial, answered, wanted, refused in said or ():
        if not answered:
            yield Id.METER_SILENT, f"meter {slot}, number {serial}, does not answer"
        elif answered < wanted:
            yield Id.METER_REFUSES, f"meter {slot}, number {serial}: {refused or 'answers in part'}"


def _nothing(_: Any, __: int) -> _Found:
    yield from ()


_LOOKS: dict[str, Callable[[Any, int], _Found]] = {
    "application": _application,
    "settings": _settings,
    "clock": _clock,
    "journal": _journal,
    "key": _key,
    "network": _network,
    "configuration": _nothing,
    "meters": _meters,
}


def _history(frames: Sequence[Frame]) -> _Found:
    events = [each for frame in frames for each in frame.records if isinstance(each, Event)]
    hung = [each for each in events if each.code is EventCode.BOOT and each.detail[0] == "watchdog"]
    if hung:
        yield Id.HANGS, f"it hung, and was reset, {len(hung)} times; last at {at(hung[-1].at_ms)}"
    health = [each for each in events if each.code is EventCode.HEALTH]
    if health:
        newest = health[-1]
        said = [newest.detail[field] for field in sorted(newest.detail)]
        for ailment in Health.between(said, None).ailments():
            if ailment in _OF_HEALTH:
                yield _OF_HEALTH[ailment], f"so it said of itself at {at(newest.at_ms)}"
