"""A zone of many sites, each with a gateway that obeys: what moves when, as the grid sees it."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from collector_world import BIN, World, gateway_record, meter_record
from collector_world import TestGateway as Gateway
from order_night import DRAFTER, OTHER, Night
from sqlalchemy import Connection

from collector.evidence.cose import ContentType, parse
from collector.evidence.downlink import Action
from collector.evidence.frame import CommandPhase
from collector.model.order import NEXT, Step
from collector.model.records import OrderReason, Site, Stage, Timing, ZoneRamp
from collector.orders import acts, commands, store
from collector.orders.drafting import Asked, terms_of
from collector.orders.order import Order, StepRecord
from collector.series.store import Point

STAGE_W = 1_000_000


@dataclass
class ZoneFleet:
    """Sites of so many stages of 1 MW each. `away`: gateways that nothing reaches."""

    directory: Path
    sites: int
    stages: int = 1
    night: Night = field(init=False)
    gateways: list[str] = field(default_factory=list)
    serials: list[str] = field(default_factory=list)
    signers: list[Gateway] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    topics: list[str] = field(default_factory=list)
    opened: list[tuple[int, str]] = field(default_factory=list)
    closed: list[tuple[int, str]] = field(default_factory=list)
    open_until: dict[str, tuple[int, bytes, int]] = field(default_factory=dict)
    returning: dict[str, tuple[int, bytes, int]] = field(default_factory=dict)
    waiting: dict[str, dict[int, bytes]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.night = Night(World.make(self.directory), self.directory)
        self.night.authorise(allows_upstream=True)
        records = []
        for number in range(self.sites):
            gateway = Gateway()
            name = f"site-{number:03}"
            self.gateways.append(gateway.id.hex())
            self.signers.append(gateway)
            stages = tuple(
                Stage(id=i, name="hall", output=i, min_off_ms=0, min_on_ms=0, confirm_ms=1000)
                for i in range(1, self.stages + 1)
            )
            serials = [f"m-{number:03}-{stage.id}" for stage in stages]
            records += [
                Site(
                    name=name,
                    licensee=BIN,
                    zone="far",
                    gateway=gateway.id.hex(),
                    stages=stages,
                ),
                gateway_record(gateway, name).model_copy(
                    update={"timing": Timing(interval_ms=5000, sample_ms=1000, frame_ms=3_600_000)}
                ),
                *(meter_record(gateway, s, i, i, name) for i, s in enumerate(serials, 1)),
            ]
            self.serials += serials
        self.night.record(*records)
        self.draw(STAGE_W)

    def draw(self, power_w: float) -> None:
        """What every stage's meter says now."""
        power = {"active_power": float(power_w)}
        self.night.series.write(
            [Point(serial, self.night.now_ms, power, 1, Fraction(0)) for serial in self.serials]
        )

    def ramp(self, **bounds: int) -> None:
        """`return_w_per_min`: by orders; of slots there are none to speak of, unless said."""
        if "return_w_per_min" in bounds and "slots_w_per_min" not in bounds:
            bounds["slots_w_per_min"] = 1
            bounds["return_w_per_min"] += 1
        self.night.record(ZoneRamp(zone="far", valid_from=0, **bounds))

    def order(self, *, hold_s: int = 3600, is_by_zone: bool = False) -> Order:
        """For all of the zone, approved."""
        cuts = [(f"site-{number:03}", None) for number in range(self.sites)]
        asked = Asked(
            OrderReason.EMERGENCY, cuts, DRAFTER, "авария", "log 17", hold_s, is_by_zone=is_by_zone
        )
        view = self.night.world.registry.view()
        with self.night.world.engine.begin() as connection:
            drafted = store.draft(connection, terms_of(view, asked, self.night.now_ms), self.now_ms)
        return self.night.approve(drafted, OTHER)

    @property
    def now_ms(self) -> int:
        return self.night.now_ms

    def release(self) -> None:
        self.night.act(self.night.order(), acts.release, OTHER, "отбой")

    def run(self, seconds: int, every_s: int = 5) -> None:
        """The desk looks, the broker carries, the gateways obey and answer; and so on."""
        for _ in range(0, seconds, every_s):
            self.night.now_ms += every_s * 1000
            self.night.desk.run(self.now_ms)
            self.carry()
            with self.night.world.engine.begin() as connection:
                for gateway in self.gateways:
                    if gateway not in self.away:
                        self._obey(connection, gateway)

    def carry(self) -> None:
        for identity, topic, message in commands.unsent(self.night.world.engine):
            commands.mark_sent(self.night.world.engine, [identity], self.now_ms)
            self.topics.append(topic)
            target = topic.split("/")[2]
            body = parse(message, ContentType.COMMAND).payload
            for gateway in self.gateways if target == "zone" else [target]:
                # the broker keeps what a session misses until it is back
                self.waiting.setdefault(gateway, {})[body[2]] = message

    def _obey(self, connection: Connection, gateway: str) -> None:
        for counter, message in sorted(self.waiting.pop(gateway, {}).items()):
            body = parse(message, ContentType.COMMAND).payload
            if counter <= self.seen.get(gateway, 0) or self.now_ms >= body[4]:
                continue
            self.seen[gateway] = counter
            if body[6] == Action.OPEN:
                if gateway not in self.open_until:
                    self.opened.append((self.now_ms, gateway))
                self.open_until[gateway] = body[8], body[5], body[9][1]
                self._say(
                    connection,
                    body[5],
                    gateway,
                    counter,
                    Step.RECEIVED,
                    Step.APPLIED,
                    Step.CONTACT_CONFIRMED,
                )
            elif self.open_until.pop(gateway, None) is not None:
                self._close(gateway, self.now_ms, body[9][1])
                self.returning[gateway] = (self.closed[-1][0], body[5], counter)
                self._say(connection, body[5], gateway, counter)
        self._lapse(connection, gateway)

    def _lapse(self, connection: Connection, gateway: str) -> None:
        """It closes by itself at its end, whether or not anybody can be told."""
        until_ms, order, step_ms = self.open_until.get(gateway, (self.now_ms + 1, b"", 0))
        if self.now_ms >= until_ms:
            del self.open_until[gateway]
            self._close(gateway, until_ms, step_ms)
            self.returning[gateway] = (self.closed[-1][0], order, 0)
            self._say(connection, order, gateway, 0, Step.LAPSED)
        if gateway in self.returning and self.now_ms >= self.returning[gateway][0]:
            _, order, counter = self.returning.pop(gateway)
            self._say(connection, order, gateway, counter, Step.RESTORED)

    def _close(self, gateway: str, at_ms: int, step_ms: int) -> None:
        """One stage after the other."""
        self.closed += [(at_ms + place * step_ms, gateway) for place in range(self.stages)]

    def _say(
        self, connection: Connection, identity: bytes, gateway: str, counter: int, *steps: Step
    ) -> None:
        found = store.load_part(connection, identity, gateway)
        assert found is not None
        order, part = found
        if part.sent(counter) is not None:
            store.keep_answer(connection, order, part, counter, CommandPhase.APPLIED, None)
        for step in steps:
            if step in NEXT[order.part(part.number).step]:
                record = StepRecord(step, self.now_ms, self.now_ms, None, {})
                order = store.take_steps(connection, order, [record], part.number)


def most_w(moves: list[tuple[int, str]], window_ms: int) -> int:
    """The most that moved within any so long a time."""
    return STAGE_W * max(
        sum(moment <= other < moment + window_ms for other, _ in moves) for moment, _ in moves
    )
