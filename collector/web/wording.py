"""Words and number formats of the page; nothing here decides anything."""

from datetime import timedelta
from fractions import Fraction

from collector.checks.allocation import PeriodOutcome
from collector.checks.codes import Severity
from collector.checks.meters import IdentityState
from collector.model.continuity import Verdict
from collector.model.health import Ailment
from collector.model.instant import astana, clock_text
from collector.model.order import DropCause, DropResult
from collector.model.plausibility import DoubtCode
from collector.model.records import OrderReason
from collector.web.view_model import Condition, StageState
from collector.words.languages import text

LANGUAGE = "en"
"""The board's, as yet."""
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
AILMENTS = {ailment: text(LANGUAGE, f"ailments-{ailment}") for ailment in Ailment}
"""What of a gateway's health is to be looked at."""
BREAKS = {
    verdict: text(LANGUAGE, f"breaks-{verdict}")
    for verdict in (
        Verdict.RESET,
        Verdict.JUMP,
        Verdict.SWAP,
        Verdict.RATIO_CHANGED,
        Verdict.EXCHANGED,
    )
}
"""Why a period is unmeasured though its meter was read."""
SEVERITY_SIGNS = {
    Severity.NOTE: ("quiet", "·"),
    Severity.WARNING: ("warning", "▲"),
    Severity.BREACH: ("alarm", "✖"),
}
SEVERITIES = {
    severity: (*sign, text(LANGUAGE, f"severity-{severity}"))
    for severity, sign in SEVERITY_SIGNS.items()
}
OUTCOMES = {
    PeriodOutcome.WITHIN: ("normal", "✓", "within"),
    PeriodOutcome.BREACH: ("alarm", "✖", "breach"),
    PeriodOutcome.INDICATED: ("warning", "▲", "exceeded, by operational meters"),
    PeriodOutcome.UNMEASURED: ("unknown", "?", "unmeasured"),
    PeriodOutcome.UNDECIDED: ("unknown", "?", "undecided"),
}
DROPS = {
    DropResult.FULL: ("normal", "✓", "full drop"),
    DropResult.PARTIAL: ("warning", "▲", "partial drop"),
    DropResult.NONE: ("alarm", "✖", "no drop"),
    DropResult.UNVERIFIABLE: ("unknown", "?", "drop unverifiable"),
}
DROP_CAUSES = {cause: text(LANGUAGE, f"drop_cause-{cause}") for cause in DropCause}
STAGES = {
    StageState.NO_ORDER: ("quiet", "·", "no order"),
    StageState.ANNOUNCED: ("warning", "▲", "order announced"),
    StageState.ORDERED_OPEN: ("warning", "▲", "ordered open, not confirmed"),
    StageState.APPLIED: ("warning", "▲", "opened, the contact does not say so"),
    StageState.OPEN: ("ordered", "■", "open, contacts confirmed"),
    StageState.CLOSING: ("warning", "▲", "released, closing by the ramp"),
    StageState.RESTORED: ("quiet", "✓", "closed again, confirmed"),
    StageState.UNKNOWN: ("unknown", "?", "order failed, contact not known"),
}
INTERLOCKS = {
    "local": ("warning", "▲", "selector in LOCAL"),
    "locked_out": ("warning", "▲", "locked out"),
    "tripped": ("alarm", "✖", "protection tripped"),
    "opened_by_other": ("warning", "▲", "opened there, to be cleared there"),
}
REASONS = {reason: text(LANGUAGE, f"order_reason-{reason}") for reason in OrderReason}


def say(name: str, **values: str) -> str:
    """A sentence of the board in its language."""
    return text(LANGUAGE, name, values)


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


def ratio(text: str) -> str:
    return f"{float(Fraction(text)):g}"
