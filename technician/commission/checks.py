"""Which check a step of the procedure names, and how it is done."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from collector.evidence.frame import Stream
from collector.evidence.keys import PublicKey
from collector.model.decoding import ReadingError
from technician.base_image import read_file
from technician.checks.outcome import Outcome
from technician.commission import board, judging, metering, offline, relay
from technician.commission.case import Attempt, Case, durable
from technician.commission.visit import Visit, asked_of, names
from technician.faults import BagError, Code

_HOUR_MS = 3_600_000
_METERS, _STAGES = 8, 9
_SERIAL, _SLOT, _CT, _VT = 1, 0, 6, 7
_POWER = "active_power"


def attempt(visit: Visit, now_ms: int) -> Attempt:
    """Do a step, and keep what came of it. Raises BagError; then nothing was kept."""
    if visit.case.statement is not None:
        raise BagError(Code.SIGNED_ALREADY, f"{visit.case.folder}: its act is under signature")
    outcomes = tuple(CHECKS[visit.step.check](visit))
    made = Attempt(visit.step.id, now_ms, outcomes)
    visit.case.note(made)
    return made


def identity(visit: Visit) -> Iterator[Outcome]:
    """Is it the gateway of this order, and is its configuration the operator's?"""
    with visit.open_board() as console:
        said = board.asked(console, "state")
        message = board.configuration(console)
    digest = hashlib.sha256(message).hexdigest()
    if digest != said["configuration"]:
        why = "the configuration in its flash is not the one in force"
        cure = "restart the gateway, and wait until it meters"
        yield Outcome("identity", False, why, cure, {"gateway": said["gateway"]})
        return
    known = visit.case.configuration
    if known is not None and known != message:
        why = "another gateway, or another configuration, than when this commissioning began"
        cure = "begin a new folder for it"
        yield Outcome("identity", False, why, cure, {"gateway": said["gateway"]})
        return
    visit.case.keep_configuration(message)
    body = visit.case.body()
    facts: dict[str, str | int] = {
        "gateway": said["gateway"],
        "configuration": digest,
        "version": body[2],
        "site": body[4],
    }
    sites = {each["name"] for each in visit.case.plan.get("site", ())}
    if body[1].hex() != said["gateway"] or body[4] not in sites:
        why = f"it is at {body[4]}, and the order is for {', '.join(sorted(sites))}"
        yield Outcome("identity", False, why, "take this site's work order", facts)
        return
    yield Outcome("identity", True, f"gateway {said['gateway']} of {body[4]}", None, facts)


def papers(visit: Visit) -> Iterator[Outcome]:
    today = datetime.now(UTC).date()
    for serial in names(visit.case, "meter"):
        yield judging.papers(serial, visit.answers, visit.case.plan, today)


def clock(visit: Visit) -> Iterator[Outcome]:
    with visit.open_board() as console:
        said = board.asked(console, "state")
        now_ms = time.time_ns() // 1_000_000
    limit_ms = visit.case.procedure.rules.clock_ms
    yield judging.clock(said["now_ms"], now_ms, said["clock"], limit_ms)


def network(visit: Visit) -> Iterator[Outcome]:
    with visit.open_board() as console:
        yield from judging.brokers(board.asked(console, "network")["brokers"])


def confirm(visit: Visit) -> Iterator[Outcome]:
    """What only a person can see."""
    names = [key for key, _ in asked_of(visit.case, visit.step)]
    yield judging.confirmed(visit.step.id, visit.answers, names)


def inputs(visit: Visit) -> Iterator[Outcome]:
    """Twice: before he turns the selector to LOCAL and sets the lock, and after."""
    with visit.open_board() as console:
        now = board.asked(console, "inputs")["stages"]
    before = _kept_inputs(visit)
    if before is None:
        keep = {f"{number}/{at}": _word(state) for number, row in now.items()
                for at, state in enumerate(row)}  # fmt: skip
        why = "seen as they are now; turn every selector to LOCAL, set every lock, and go on"
        yield Outcome("input", None, why, "do this step again, now", keep)
        return
    for number, row in sorted(now.items()):
        for at, (name, to) in enumerate((("selector", False), ("lock", True)), start=1):
            was = before[f"{number}/{at}"]
            was_set = None if was == "absent" else was == "set"
            yield judging.input_moved(int(number), name, was_set, row[at], to=to)


def _kept_inputs(visit: Visit) -> Mapping[str, Any] | None:
    last = visit.case.last(visit.step.id)
    if last is None or last.passed is not None:
        return None
    return last.outcomes[0].facts


def _word(state: bool | None) -> str:
    return "absent" if state is None else "set" if state else "clear"


def relays(visit: Visit) -> Iterator[Outcome]:
    """Stage by stage; a stage that passed in this commissioning is not opened again."""
    case, rules = visit.case, visit.case.procedure.rules
    body = case.body()
    for stage in body[_STAGES]:
        number = stage[0]
        earlier = [
            (each.at_ms, outcome)
            for each in case.attempts()
            for outcome in each.outcomes
            if outcome.check == "relay" and outcome.facts.get("stage") == number
        ]
        if done := [outcome for _, outcome in earlier if outcome.passed]:
            yield done[-1]
            continue
        since_ms = time.time_ns() // 1_000_000 - _HOUR_MS
        moved = [at_ms for at_ms, each in earlier if at_ms > since_ms and "drop_w" in each.facts]
        if len(moved) >= rules.operations_per_hour:
            yield relay.too_often(number, len(moved))
            continue
        with visit.open_board() as console:
            told = board.asked(console, "relay", number, rules.settle_ms, rules.samples)
        if "refused" in told:
            yield relay.refused(number, told["refused"])
            continue
        seen = relay.Seen(*(_watts(case, number, told[when]) for when in ("before", "after")))
        yield relay.judge(number, told, seen, rules)


def _watts(case: Case, stage: int, rows: list[list[Any]]) -> list[Fraction]:
    """What the stage's own meter drew; without one, the delivery meters together."""
    points = {each["serial"]: each.get("point") for each in case.plan.get("meter", ())}
    meters = {each[_SLOT]: each for each in case.body()[_METERS]}
    own = [slot for slot, each in meters.items() if points.get(each[_SERIAL]) == stage]
    slots = own or [slot for slot, each in meters.items() if points[each[_SERIAL]] == "delivery"]
    by_slot = [
        [_power(meters[slot], raw, quality) for at, quality, raw in rows if at == slot]
        for slot in slots
    ]
    rounds = [
        [each for each in row if each is not None] for row in zip(*by_slot, strict=False)
    ]  # fmt: skip
    return [sum(row, Fraction(0)) for row in rounds if len(row) == len(slots)]


def _power(meter: Mapping[int, Any], raw: str, quality: str | None) -> Fraction | None:
    try:
        found = metering.profile_of(meter).decode(
            bytes.fromhex(raw),
            None if quality is None else bytes.fromhex(quality),
            interval=False,
            ct=Fraction(*meter[_CT]),
            vt=Fraction(*meter[_VT]),
        )
    except ReadingError:
        return None
    return found[_POWER].value if _POWER in found else None


def off_line(visit: Visit) -> Iterator[Outcome]:
    """Twice: to begin, when it is restarted without network, and after the time that it takes."""
    least_s = visit.case.procedure.rules.offline_s
    last = visit.case.last(visit.step.id)
    start = None if last is None else offline.beginning(last.outcomes[0].facts)
    with visit.open_board() as console:
        said = board.asked(console, "state")
        now_ms = time.time_ns() // 1_000_000
        if start is None:
            console.reset()
            yield offline.begun(said["last"], now_ms, least_s)
            return
        key = PublicKey(bytes.fromhex(said["key"]))
        billing, telemetry = (
            board.frames_since(console, stream, start["epoch"], start[stream.name.lower()], key)
            for stream in Stream
        )
    kept = offline.Kept(billing[0], telemetry[0], (billing[1], telemetry[1]))
    slots = [each[_SLOT] for each in visit.case.body()[_METERS]]
    yield offline.judge(kept, slots, start, now_ms, least_s)


def photos(visit: Visit) -> Iterator[Outcome]:
    """Copied into the act's folder, and named by their SHA-256."""
    rules = visit.case.procedure.rules
    paths = [Path(each.strip()) for each in visit.answers.get("files", "").split(",") if each]
    kept = [_copied(visit.case, path) for path in paths]
    if len({each["sha256"] for each in kept}) < rules.photos:
        why = f"{len(kept)} files, and {rules.photos} different ones are asked for"
        yield Outcome("photos", False, why, "photograph plates, seals and the open cabinet", {})
        return
    for each in kept:
        yield Outcome("photos", True, f"{each['name']} is kept", None, each)


def _copied(case: Case, path: Path) -> dict[str, str | int]:
    content = read_file(path)
    digest = hashlib.sha256(content).hexdigest()
    folder = case.folder / "files"
    folder.mkdir(exist_ok=True)
    name = f"{digest[:8]}-{path.name}"
    durable(folder / name, content)
    return {"name": name, "bytes": len(content), "sha256": digest}


def files_of(case: Case) -> list[dict[str, str | int]]:
    """What the passed steps kept, each once."""
    found = {
        str(outcome.facts["sha256"]): dict(outcome.facts)
        for step in case.procedure.steps
        if step.check == "photos" and (last := case.last(step.id)) is not None
        for outcome in last.outcomes
        if "sha256" in outcome.facts
    }
    return [found[digest] for digest in sorted(found)]


CHECKS: dict[str, Callable[[Visit], Iterator[Outcome]]] = {
    "identity": identity,
    "papers": papers,
    "wired": metering.wired,
    "fine": metering.fine,
    "shown": metering.shown,
    "clock": clock,
    "network": network,
    "confirm": confirm,
    "inputs": inputs,
    "relays": relays,
    "offline": off_line,
    "photos": photos,
}
