"""An order in memory: its terms, its parts with their steps, the commands sent for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from collector.evidence.downlink import Action
from collector.evidence.frame import INTERLOCKS, CommandPhase
from collector.model.order import HOLDING, JUDGED, OVER, DropResult, Step, leading, worst
from collector.model.records import NoticeChannel, OrderReason

ZONE = "zone"
"""The zone that one message was for: a detail of `issued`."""


@dataclass(frozen=True)
class StepRecord:
    """`at_ms` is when it happened (the device's time where it is the device's step)."""

    step: Step
    at_ms: int
    recorded_ms: int
    position: int | None
    details: Mapping[str, Any]


SETPOINT = 0
"""A gateway keeps one setpoint. Orders claim it as they claim a stage: under this number."""


@dataclass(frozen=True)
class Cut:
    """What one gateway is to open.

    `cap_w`: a setpoint: what these stages may draw together, or without any the site, W.
    """

    site: str
    gateway: str
    licensee: str
    stages: tuple[int, ...]
    cap_w: int | None = None

    @property
    def claims(self) -> tuple[int, ...]:
        """What only one order can have at a time: its stages, or the gateway's setpoint."""
        return self.stages if self.cap_w is None else (SETPOINT,)


@dataclass(frozen=True)
class Touched:
    """Who loses power by the opening of a line, though no stage of his is ordered open."""

    site: str
    licensee: str
    tenants: tuple[str, ...] = ()


@dataclass(frozen=True)
class Terms:
    """What an order says, fixed when it is drafted.

    `drafted_by`: a person; of an automatic order the official in whose name its `rule` works.
    It ends `hold_s` after its notice is in force, whenever it is issued; at `until_ms` if that is
    sooner. `follows`: the part of an order whose failure it answers. `upstream`: the lines that it
    opens. `is_by_zone`: its cuts are all there is in zones, and one message may say so to each.
    `cap_w`: a setpoint, what its sites together may draw, W; None: stages are opened. `from_ms`:
    it is not issued before.
    """

    reason: OrderReason
    cuts: tuple[Cut, ...]
    authority: str
    document_sha256: str
    official: str
    notice_s: int
    hold_s: int
    drafted_by: str = ""
    why: str = ""
    reference: str | None = None
    rule: str | None = None
    finding: Mapping[str, Any] = field(default_factory=dict)
    notice_channel: NoticeChannel = NoticeChannel.PAGE
    notice_proof: bool = False
    until_ms: int | None = None
    two_persons: bool = False
    upstream: tuple[str, ...] = ()
    touched: tuple[Touched, ...] = ()
    follows: str | None = None
    is_by_zone: bool = False
    cap_w: int | None = None
    from_ms: int | None = None

    @property
    def is_automatic(self) -> bool:
        return self.rule is not None

    @property
    def sites(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cut.site for cut in self.cuts))

    def is_ahead(self, now_ms: int) -> bool:
        """Whether its time is still to come."""
        return self.from_ms is not None and now_ms < self.from_ms

    def end_ms(self, in_force_ms: int, authority_until_ms: int) -> int:
        """When its cut ends, unless it is released sooner."""
        ends = [in_force_ms + self.hold_s * 1000, authority_until_ms]
        return min(ends if self.until_ms is None else [*ends, self.until_ms])


@dataclass(frozen=True)
class Sent:
    """A command of a part. `answer`: the last that its gateway said of it.

    `stages` are claims: of a setpoint its number. One that is over when it is signed ends it.
    """

    counter: int
    action: Action
    stages: tuple[int, ...]
    until_ms: int | None
    digest: bytes
    issued_ms: int
    expires_ms: int
    answer: CommandPhase | None = None
    reason: str | None = None

    @property
    def is_hold(self) -> bool:
        """Whether it opens stages, or caps; else it ends that."""
        return is_hold(self.action, self.until_ms, self.issued_ms)

    @property
    def is_answered(self) -> bool:
        return self.answer is not None

    @property
    def is_obeyed(self) -> bool:
        """It must not be sent again: its effect has begun, or will when an interlock has gone."""
        if self.answer is CommandPhase.FAILED:
            return self.reason in INTERLOCKS
        return self.answer in (CommandPhase.APPLIED, CommandPhase.RESTORED)


def is_hold(action: Action, until_ms: int | None, issued_ms: int) -> bool:
    if action is Action.LIMIT:
        return until_ms is not None and until_ms > issued_ms
    return action is Action.OPEN


@dataclass(frozen=True)
class Part:
    """What an order is at one gateway. `history`: every step as it was taken, oldest first."""

    number: int
    cut: Cut
    step: Step
    result: DropResult | None
    history: tuple[StepRecord, ...] = ()
    commands: tuple[Sent, ...] = ()

    @cached_property
    def steps(self) -> dict[Step, StepRecord]:
        """The newest of each."""
        return {record.step: record for record in self.history}

    @property
    def measured(self) -> StepRecord | None:
        """The newest judgement that rests on measured powers."""
        judged = (each for each in reversed(self.history) if each.step in JUDGED)
        return next((each for each in judged if "stage_before_w" in each.details), None)

    @property
    def is_over(self) -> bool:
        return self.step in OVER

    @property
    def until_ms(self) -> int | None:
        """When its cut ends; None: it is not issued yet."""
        issued = self.steps.get(Step.ISSUED)
        return None if issued is None else issued.details.get("until_ms")

    def holds(self, now_ms: int) -> bool:
        """Whether it is to keep its stages open."""
        return self.step in HOLDING and self.until_ms is not None and now_ms < self.until_ms

    def may_hold(self, now_ms: int) -> bool:
        """Whether its stages may stand open for it: also when its gateway never answered."""
        if self.step in (Step.FAILED, Step.LAPSED):
            return self.until_ms is not None and now_ms < self.until_ms
        return not self.is_over

    @property
    def newest_hold(self) -> Sent | None:
        return next((sent for sent in reversed(self.commands) if sent.is_hold), None)

    @property
    def newest_release(self) -> Sent | None:
        return next((sent for sent in reversed(self.commands) if not sent.is_hold), None)

    def sent(self, counter: int) -> Sent | None:
        return next((sent for sent in self.commands if sent.counter == counter), None)

    def is_zones(self, sent: Sent) -> bool:
        """Whether it was one message for its zone."""
        return any(
            ZONE in record.details and record.details.get("counter") == sent.counter
            for record in self.history
            if record.step is Step.ISSUED
        )


@dataclass(frozen=True)
class Order:
    """`own`: the steps that are the whole order's. `row`: of two the later was drafted later.

    What was loaded for one gateway has only its part.
    """

    id: bytes
    terms: Terms
    own: tuple[StepRecord, ...]
    parts: tuple[Part, ...]
    row: int = 0

    @cached_property
    def leader(self) -> Part:
        """The part after which the order is named."""
        return self.parts[leading([part.step for part in self.parts])]

    @cached_property
    def step(self) -> Step:
        is_wrongful = bool(self.own) and self.own[-1].step is Step.WRONGFUL
        return Step.WRONGFUL if is_wrongful else self.leader.step

    @property
    def steps(self) -> dict[Step, StepRecord]:
        """Those of the order, and of its leading part."""
        return {record.step: record for record in self.own} | self.leader.steps

    @property
    def result(self) -> DropResult | None:
        return worst(part.result for part in self.parts)

    @property
    def is_over(self) -> bool:
        return self.step in OVER

    @cached_property
    def _by_number(self) -> dict[int, Part]:
        return {part.number: part for part in self.parts}

    def part(self, number: int) -> Part:
        return self._by_number[number]

    @cached_property
    def _by_gateway(self) -> dict[str, Part]:
        return {part.cut.gateway: part for part in self.parts}

    def with_parts(self, moved: "Order") -> "Order":
        """With the parts, and what is the whole order's, as another look at it has them."""
        parts = tuple(moved._by_number.get(part.number, part) for part in self.parts)
        return replace(self, own=moved.own, parts=parts)

    def at(self, gateway: str) -> Part | None:
        return self._by_gateway.get(gateway)
