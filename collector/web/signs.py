"""Level (the colour) and sign of what the page tells; its words are in collector/words."""

from collections.abc import Mapping

from collector.checks.allocation import PeriodOutcome
from collector.checks.codes import Severity
from collector.checks.life import State
from collector.checks.meters import IdentityState
from collector.model.order import DropResult
from collector.web.view_model import Condition, StageState

Sign = tuple[str, str]

CONDITIONS: Mapping[Condition, Sign] = {
    Condition.UNLICENSED_LOAD: ("alarm", "✖"),
    Condition.UNLICENSED: ("alarm", "✖"),
    Condition.OVER: ("alarm", "✖"),
    Condition.WILL_EXCEED: ("warning", "▲"),
    Condition.UNREAD: ("unknown", "?"),
    Condition.CURTAILED: ("ordered", "■"),
    Condition.WITHIN: ("normal", "✓"),
    Condition.NO_MARKET: ("unknown", "?"),
}
IDENTITIES: Mapping[IdentityState, Sign] = {
    IdentityState.MATCHES: ("normal", "✓"),
    IdentityState.OTHER_METER: ("alarm", "✖"),
    IdentityState.OTHER_RATIO: ("alarm", "✖"),
    IdentityState.NOT_READABLE: ("unknown", "?"),
    IdentityState.NOT_READ: ("unknown", "?"),
}
SEVERITIES: Mapping[Severity, Sign] = {
    Severity.NOTE: ("quiet", "·"),
    Severity.WARNING: ("warning", "▲"),
    Severity.BREACH: ("alarm", "✖"),
}
OUTCOMES: Mapping[PeriodOutcome, Sign] = {
    PeriodOutcome.WITHIN: ("normal", "✓"),
    PeriodOutcome.BREACH: ("alarm", "✖"),
    PeriodOutcome.INDICATED: ("warning", "▲"),
    PeriodOutcome.UNMEASURED: ("unknown", "?"),
    PeriodOutcome.UNDECIDED: ("unknown", "?"),
}
DROPS: Mapping[DropResult, Sign] = {
    DropResult.FULL: ("normal", "✓"),
    DropResult.PARTIAL: ("warning", "▲"),
    DropResult.NONE: ("alarm", "✖"),
    DropResult.UNVERIFIABLE: ("unknown", "?"),
}
STAGES: Mapping[StageState, Sign] = {
    StageState.NO_ORDER: ("quiet", "·"),
    StageState.ANNOUNCED: ("warning", "▲"),
    StageState.ORDERED_OPEN: ("warning", "▲"),
    StageState.APPLIED: ("warning", "▲"),
    StageState.OPEN: ("ordered", "■"),
    StageState.CLOSING: ("warning", "▲"),
    StageState.RESTORED: ("quiet", "✓"),
    StageState.UNKNOWN: ("unknown", "?"),
}
INTERLOCKS: Mapping[str, Sign] = {
    "local": ("warning", "▲"),
    "locked_out": ("warning", "▲"),
    "tripped": ("alarm", "✖"),
    "opened_by_other": ("warning", "▲"),
}
FINDING_STATES: Mapping[State, Sign] = {
    State.OPEN: ("warning", "○"),
    State.EXPLAINED: ("ordered", "◔"),
    State.DISPUTED: ("unknown", "?"),
    State.UPHELD: ("alarm", "■"),
    State.CLOSED: ("quiet", "✓"),
}
