"""What is judged without a board: papers, clocks, what somebody saw. No I/O."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, get_args

from collector.model.records.devices import AccuracyClass
from technician.checks.outcome import Outcome

_YES = {"y", "yes", "да", "иә", "ия"}
_PARTS = {"meter": "verified", "ct": "ct-verified", "vt": "vt-verified"}
Answers = Mapping[str, str]


def papers(serial: str, answers: Answers, plan: Mapping[str, Any], today: date) -> Outcome:
    """A meter's plate, its verification and seals, against the work order and the date."""
    check = "papers"
    meter = next((each for each in plan.get("meter", ()) if each.get("serial") == serial), None)
    said = {key: answers.get(f"{key}/{serial}", "").strip() for key in _KEYS}
    facts: dict[str, str | int] = {"meter": serial, **{k: v for k, v in said.items() if v}}

    def failed(why: str, cure: str) -> Outcome:
        return Outcome(check, False, f"meter {serial}: {why}", cure, facts)

    if meter is None:
        cure = "have the operator sign a work order that names this meter"
        return Outcome(check, None, f"meter {serial}: the work order does not name it", cure, facts)
    if said["number"] != serial:
        return failed(
            f"its plate says {said['number'] or 'nothing'}",
            "find the meter of the work order, or have the operator correct the order",
        )
    classes = get_args(AccuracyClass)
    known = meter.get("accuracy_class")
    if said["class"] not in classes:
        return failed(f"{said['class']!r} is no class", f"one of {', '.join(classes)}")
    if known is not None and said["class"] != known:
        return failed(f"its plate says class {said['class']}, the order {known}", "correct one")
    for part in _needed(meter):
        why = _verified(part, said[_PARTS[part]], serial, plan, today)
        if why:
            return failed(why, "have it verified, or bring the certificate that is valid")
    return _sealed(serial, said["seals"], plan, facts, failed)


_KEYS = ("number", "class", *_PARTS.values(), "seals")


def _needed(meter: Mapping[str, Any]) -> Iterable[str]:
    yield "meter"
    for part in ("ct", "vt"):
        ratio = meter.get(part, (1, 1))
        if ratio[0] != ratio[1]:
            yield part


def _verified(
    part: str, until: str, serial: str, plan: Mapping[str, Any], today: date
) -> str | None:
    """What is wrong with a verification that lasts until this day."""
    try:
        last = date.fromisoformat(until)
    except ValueError:
        return f"{part}: until when it is verified is no date like 2031-05-31: {until!r}"
    if last < today:
        return f"{part}: its verification ended on {last}"
    known = [
        day
        for each in plan.get("verification", ())
        if (each.get("meter"), each.get("part")) == (serial, part)
        and (day := _day(each.get("valid_until"))) is not None
    ]
    if known and last not in known:
        return f"{part}: the certificate says {last}, the order {', '.join(map(str, known))}"
    return None


def _day(moment: object) -> date | None:
    if isinstance(moment, datetime):
        return moment.date()
    if isinstance(moment, date):
        return moment
    if isinstance(moment, str):
        return date.fromisoformat(moment[:10])
    if isinstance(moment, int):
        return datetime.fromtimestamp(moment / 1000, UTC).date()
    return None


def _sealed(serial: str, said: str, plan: Mapping[str, Any], facts: Any, failed: Any) -> Outcome:
    seals = {each.strip() for each in said.split(",") if each.strip()}
    if not seals:
        return failed("no seal was named", "seal it, and name every seal's number")  # type: ignore[no-any-return]
    known = {each["number"] for each in plan.get("seal", ()) if each.get("meter") == serial}
    if known and seals != known:
        return failed(  # type: ignore[no-any-return]
            f"the order names the seals {', '.join(sorted(known))}",
            "read them again; a seal that is another one, or missing, is reported first",
        )
    return Outcome("papers", True, f"meter {serial} is the order's", None, facts)


def clock(board_ms: int, laptop_ms: int, letter: str, rules_ms: int) -> Outcome:
    """The board's clock against the laptop's. Only `S` was told by somebody who knows."""
    apart_ms = board_ms - laptop_ms
    facts: dict[str, str | int] = {"apart_ms": apart_ms, "letter": letter}
    if abs(apart_ms) <= rules_ms:
        return Outcome("clock", True, f"{abs(apart_ms)} ms from the laptop's", None, facts)
    if letter == "S":
        why = f"the laptop is {abs(apart_ms)} ms {'slow' if apart_ms > 0 else 'fast'}"
        cure = "the gateway's clock is synchronised, so it is right: set the laptop's"
    else:
        why = f"the gateway is {abs(apart_ms)} ms {'fast' if apart_ms > 0 else 'slow'}"
        cure = "nobody told the gateway the time yet: let it reach its broker, and try again"
    return Outcome("clock", False, why, cure, facts)


def confirmed(check: str, answers: Answers, names: Iterable[str]) -> Outcome:
    """What only a person can see: yes to every question, or it failed."""
    said = {name: answers.get(name, "").strip() for name in names}
    denied = [name for name, answer in said.items() if answer.lower() not in _YES]
    facts: dict[str, str | int] = dict(said)
    if denied:
        why = f"not confirmed: {', '.join(denied)}"
        return Outcome(check, False, why, "put it right, and do this step again", facts)
    return Outcome(check, True, "confirmed", None, facts)


def brokers(reached: Iterable[Mapping[str, Any]]) -> list[Outcome]:
    """Each broker that the board tried, with TLS: what came of it."""
    found = []
    for each in reached:
        name, error = str(each["broker"]), each["error"]
        facts: dict[str, str | int] = {
            "broker": name,
            "tls": "yes" if each["tls"] else "no",
            "ms": each["ms"],
        }
        if error is None:
            why = f"{name} answers within {each['ms']} ms"
            found.append(Outcome("broker", True, why, None, facts))
        else:
            cure = _CURES.get(str(error).split(" ")[0], "look at cable, address and firewall")
            why = f"{name}: {error}"
            found.append(Outcome("broker", False, why, cure, facts | {"error": str(error)}))
    return found


_CURES = {
    "certificate": "the broker has another authority, or another name, than the work order's",
    "refused": "it is the broker, and nothing listens there: is it started, is the port right?",
}


def input_moved(
    stage: int, name: str, before: bool | None, after: bool | None, *, to: bool
) -> Outcome:
    """Whether an input follows a selector or a lock that somebody turned."""
    facts: dict[str, str | int] = {"stage": stage, "input": name}
    if before is None or after is None:
        why = f"stage {stage} has no input for {name}"
        return Outcome("input", True, why, None, facts)
    if before is not to and after is to:
        return Outcome("input", True, f"stage {stage}: {name} is seen", None, facts)
    why = f"stage {stage}: {name} was {_set(before)}, and then {_set(after)}"
    return Outcome("input", False, why, "look at the wire of this input, and its number", facts)


def _set(state: bool) -> str:
    return "set" if state else "not set"
