"""Words and number formats of the page; nothing here decides anything."""

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

from collector.checks.allocation import PeriodOutcome
from collector.checks.findings import Code, Finding, Severity
from collector.checks.licence import Ground
from collector.checks.meters import IdentityState
from collector.model.continuity import Verdict
from collector.model.health import Ailment
from collector.model.instant import astana, clock_text
from collector.model.order import DropResult
from collector.model.plausibility import DoubtCode
from collector.model.records import OrderReason
from collector.web import wording_standing
from collector.web.view_model import Condition, StageState

NO_VALUE = "—"
_THIN_SPACE = "\N{NARROW NO-BREAK SPACE}"

CONDITIONS = {
    Condition.UNLICENSED_LOAD: ("alarm", "✖", "Mining without a licence"),
    Condition.UNLICENSED: ("alarm", "✖", "No licence in force"),
    Condition.OVER: ("alarm", "✖", "Over its allowance"),
    Condition.WILL_EXCEED: ("warning", "▲", "Will exceed"),
    Condition.UNREAD: ("unknown", "?", "No fresh reading"),
    Condition.CURTAILED: ("ordered", "■", "Held down by order"),
    Condition.WITHIN: ("normal", "✓", "Within its allowance"),
    Condition.NO_MARKET: ("unknown", "?", "No market in the register"),
}
"""Level (the colour), sign and words of a site's condition."""

IDENTITIES = {
    IdentityState.MATCHES: ("normal", "✓", "serial matches"),
    IdentityState.OTHER_METER: ("alarm", "✖", "another meter answers"),
    IdentityState.OTHER_RATIO: ("alarm", "✖", "another transformer ratio is set"),
    IdentityState.NOT_READABLE: ("unknown", "?", "its serial cannot be read"),
    IdentityState.NOT_READ: ("unknown", "?", "not asked for its serial yet"),
}
DOUBTS = {
    DoubtCode.PHASES: "the phases are not the total",
    DoubtCode.REVERSED: "phases in different directions: a transformer the wrong way round?",
    DoubtCode.DEAD_PHASE: "a phase without voltage",
    DoubtCode.OVER_APPARENT: "more active than apparent power",
    DoubtCode.POWER_FACTOR: "the power factor does not fit",
    DoubtCode.FREQUENCY: "the frequency cannot be",
    DoubtCode.CURRENT: "more current than the meter or its transformer takes",
    DoubtCode.VOLTAGE: "a voltage cannot be",
    DoubtCode.NEGATIVE: "an energy is negative",
    DoubtCode.STALE: "values do not change: an old copy?",
    DoubtCode.OUT_OF_RANGE: "a register holds no number",
    DoubtCode.DOUBTFUL: "an energy was read twice and differed",
}
"""What the values of one reading say against each other."""
AILMENTS = {
    Ailment.ROOM: "its journal has room for less than 3 days",
    Ailment.BUS: "a bus: more than 5 % of the requests unanswered",
    Ailment.STALL: "it stood still for more than a second",
    Ailment.HEAP: "its memory is short",
    Ailment.FLASH: "its flash is nearly worn out",
    Ailment.DRIFT: "its clock drifts by more than 100 ppm",
    Ailment.SAFE_MODE: "safe mode: it failed repeatedly, takes no samples, meters and obeys",
}
"""What of a gateway's health is to be looked at."""
BREAKS = {
    Verdict.RESET: "register reset",
    Verdict.JUMP: "register jumped",
    Verdict.SWAP: "meter changed",
    Verdict.RATIO_CHANGED: "transformer ratio changed",
    Verdict.EXCHANGED: "meter exchanged, and not read before or after",
}
"""Why a period is unmeasured though its meter was read."""
SEVERITIES = {
    Severity.NOTE: ("quiet", "·", "note"),
    Severity.WARNING: ("warning", "▲", "warning"),
    Severity.BREACH: ("alarm", "✖", "breach"),
}
OUTCOMES = {
    PeriodOutcome.WITHIN: ("normal", "✓", "within"),
    PeriodOutcome.BREACH: ("alarm", "✖", "breach"),
    PeriodOutcome.UNMEASURED: ("unknown", "?", "unmeasured"),
    PeriodOutcome.UNDECIDED: ("unknown", "?", "undecided"),
}
DROPS = {
    DropResult.FULL: ("normal", "✓", "full drop"),
    DropResult.PARTIAL: ("warning", "▲", "partial drop"),
    DropResult.NONE: ("alarm", "✖", "no drop"),
    DropResult.UNVERIFIABLE: ("unknown", "?", "drop unverifiable"),
}
STAGES = {
    StageState.NO_ORDER: ("quiet", "·", "no order"),
    StageState.ANNOUNCED: ("warning", "▲", "order announced"),
    StageState.ORDERED_OPEN: ("warning", "▲", "ordered open, not confirmed"),
    StageState.OPEN: ("ordered", "■", "open, contacts confirmed"),
    StageState.CLOSING: ("warning", "▲", "released, closing by the ramp"),
    StageState.RESTORED: ("quiet", "✓", "closed again, confirmed"),
    StageState.UNKNOWN: ("unknown", "?", "order failed, contact not known"),
}
REASONS = {
    OrderReason.OVER_ALLOCATION: "over allocation",
    OrderReason.LICENCE: "licence ended",
    OrderReason.MANUAL: "manual",
}


def clock(instant_ms: int | None) -> str:
    """Time of day in Astana."""
    return NO_VALUE if instant_ms is None else clock_text(instant_ms)


def other_day(instant_ms: int, now_ms: int) -> str:
    """The date in Astana when it is another day than now, else nothing."""
    same = astana(instant_ms).date() == astana(now_ms).date()
    return "" if same else astana(instant_ms).strftime("%d.%m.")


def when(instant_ms: int | None, now_ms: int) -> str:
    """Time of day in Astana, with the date when it is another day than now."""
    date = "" if instant_ms is None else other_day(instant_ms, now_ms)
    return f"{date} {clock(instant_ms)}".lstrip()


def date_clock(instant_ms: int) -> str:
    return astana(instant_ms).strftime("%Y-%m-%d %H:%M:%S")


def span(duration_ms: int) -> str:
    """A length of time, to the second, in at most two units."""
    seconds = max(duration_ms, 0) // 1000
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    if seconds < 86_400:
        return f"{seconds // 3600} h {seconds // 60 % 60:02d} min"
    return f"{seconds // 86_400} d {seconds // 3600 % 24:02d} h"


def countdown(duration_ms: int) -> str:
    minutes, seconds = divmod(max(duration_ms, 0) // 1000, 60)
    return f"{minutes:02d}:{seconds:02d}"


def elapsed(duration_ms: int) -> str:
    return f"{duration_ms / 1000:+.1f} s"


def megawatt(power_w: int | None) -> str:
    return NO_VALUE if power_w is None else f"{power_w / 1_000_000:.3f}"


def grouped(number: int | None) -> str:
    return NO_VALUE if number is None else f"{number:,}".replace(",", _THIN_SPACE)


def signed(number: int) -> str:
    text = f"{number:+,}" if number else "0"
    return text.replace(",", _THIN_SPACE).replace("-", "−")


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def ppm(value: float) -> str:
    return f"{value:+.1f} ppm".replace("-", "−")


def rooms(days: tuple[int | None, int | None]) -> str:
    """Billing and telemetry; None is not known yet, or thousands of days."""
    texts = [NO_VALUE if count is None else grouped(count) for count in days]
    return f"{texts[0]} days of billing, {texts[1]} of telemetry"


def kilowatt_hours(energy_wh: int | None) -> str:
    if energy_wh is None:
        return NO_VALUE
    return f"{grouped(energy_wh // 1000)}.{energy_wh % 1000:03d}"


def utc_offset(instant_ms: int) -> str:
    offset = astana(instant_ms).utcoffset() or timedelta()
    return f"UTC{offset // timedelta(hours=1):+d}"


def finding_text(finding: Finding) -> str:
    return _FINDINGS[finding.code](finding.details)


def _energy(details: Any, name: str) -> str:
    return f"{grouped(round(Fraction(details[name])))} Wh"


def _period(details: Any) -> str:
    return f"{clock(details['period_start_ms'])}–{clock(details['period_end_ms'])}"


def _unlicensed_load(details: Any) -> str:
    power = f"drew {megawatt(int(details['power_w']))} MW when last seen"
    if details.get("ground") == Ground.NOT_NAMED:
        named = ", ".join(details["licences"])
        return f"licence {named} does not name it, and it {power}"
    if not details["ended_ms"]:
        return f"has never had a licence in force, and {power}"
    return f"licence ended {date_clock(details['ended_ms'])}, and it {power}"


def _unread(details: Any) -> str:
    since = f"since {date_clock(details['last_ms'])}" if details["last_ms"] else "ever"
    return f"no reading of {', '.join(details['meters'])} {since}: its load is not known"


def _unmeasured(details: Any) -> str:
    """Old findings name no breaks."""
    missing = [f"without readings of {', '.join(details['missing'])}"] if details["missing"] else []
    broken = [
        f"{BREAKS[Verdict(verdict)]} ({meter}, {clock(at_ms)})"
        for meter, verdict, at_ms in details.get("breaks", ())
    ]
    return f"period {_period(details)} closed {'; '.join([*missing, *broken])}"


def _undecided(details: Any) -> str:
    """Old findings know no step."""
    why = []
    if Fraction(details["error_wh"]):
        why.append(f"readings off the boundaries, ± {_energy(details, 'error_wh')}")
    if Fraction(details.get("quantum_wh", "0")):
        why.append(f"steps of the registers, ± {_energy(details, 'quantum_wh')}")
    return (
        f"period {_period(details)} closed with {_energy(details, 'measured_wh')}"
        f" of {_energy(details, 'allowed_wh')}: too near to decide, by {' and '.join(why)}"
    )


def _ailing(details: Any) -> str:
    return "; ".join(AILMENTS[Ailment(ailment)] for ailment in details["ailments"])


def _turned(text: str, figure: Callable[[str], str]) -> Callable[[Any], str]:
    def fill(details: Any) -> str:
        return text.format(
            meter=details["meter"],
            before=figure(details["before"]),
            after=figure(details["after"]),
            at=date_clock(details["at_ms"]),
        )

    return fill


def _register(text: str) -> str:
    value = round(Fraction(text), 3)
    part = "" if value.denominator == 1 else f"{float(value % 1):.3f}"[1:]
    return f"{grouped(int(value))}{part} Wh"


def ratio(text: str) -> str:
    return f"{float(Fraction(text)):g}"


_FINDINGS: dict[Code, Callable[[Any], str]] = wording_standing.TEXTS | {
    Code.WILL_EXCEED: lambda details: (
        f"period {_period(details)} will exceed {_energy(details, 'allowed_wh')}"
        f" at {clock(details['breach_ms'])}, by {_energy(details, 'projected_excess_wh')}"
    ),
    Code.BREACH: lambda details: (
        f"period {_period(details)} closed with {_energy(details, 'measured_wh')}"
        f" of {_energy(details, 'allowed_wh')}"
    ),
    Code.UNMEASURED: _unmeasured,
    Code.UNDECIDED: _undecided,
    Code.UNLICENSED_LOAD: _unlicensed_load,
    Code.UNREAD: _unread,
    Code.EXPORT: lambda details: (
        f"{details['meter']} shows {megawatt(-int(details['power_w']))} MW flowing out:"
        " transformers the wrong way round, or generation; what it imports is not counted"
    ),
    Code.REGISTER_RESET: _turned(
        "register of {meter} went back from {before} to {after} by {at}: it was reset, and"
        " nothing is measured across it",
        _register,
    ),
    Code.REGISTER_JUMP: _turned(
        "register of {meter} rose from {before} to {after} by {at}: more than its wiring can"
        " carry, and not taken for energy",
        _register,
    ),
    Code.ROLLOVER: _turned(
        "register of {meter} rolled over from {before} to {after} by {at}: measured across it",
        _register,
    ),
    Code.REPLACED: _turned(
        "another meter answers for {meter} since {at}: its serial reads {after}",
        str,
    ),
    Code.RATIO_CHANGED: _turned(
        "the transformer ratio of {meter} is {after}, not {before}, since {at}",
        ratio,
    ),
    Code.AILING: _ailing,
    Code.FORK: lambda details: (
        f"{details['count']} names of {details['stream']} have two frames, from"
        f" {details['first_seq']} on: is the gateway there twice?"
    ),
}
