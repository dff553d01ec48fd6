"""A night whose samples are registers' bytes in signed frames, so that all of it can be proven."""

import struct
from dataclasses import dataclass, field
from typing import Any

from cli_world import with_keys
from collector_world import NOW_MS, PROFILE, SITE, TELEMETRY, allocation, sample
from order_night import APPLIED, OTHER, OTHER_W, RECEIVED, RESTORED, SECOND, STAGE_W, Night, issued

from collector.ledger.checkpoints import Checkpoints
from collector.ledger.followers import advance
from collector.orders import acts
from collector.orders.order import Order
from collector.registry.profiles import load_profile
from collector.series.follower import SeriesFollower

NOT_READ, IN_A_FRAME = 2, 10
SLOTS = {"feeder": 0, "stage-1": 1, "stage-2": 2}


def power_sample(slot: int, at_ms: int, power_w: float) -> list[Any]:
    """A sample in which the meter told its power and nothing else; it tells kW as a float."""
    names = [register.name for register in load_profile(PROFILE).registers]
    quality = bytes(0 if name == "active_power" else NOT_READ for name in names)
    return sample(slot, at_ms, struct.pack(">f", power_w / 1000), quality)


@dataclass
class EvidencedNight(Night):
    sampled: int = 0
    checkpoints: Checkpoints = field(init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.checkpoints = with_keys(self.world, self.directory)

    def measure(
        self,
        from_s: int,
        until_s: int,
        on: tuple[str, ...] = ("stage-1", "stage-2"),
        elsewhere_w: int = 0,
        every_s: int = 1,
    ) -> None:
        records: list[list[Any]] = []
        for second in range(from_s, until_s, every_s):
            loads = {name: STAGE_W[name] * (name in on) for name in STAGE_W}
            loads["feeder"] = sum(loads.values()) + OTHER_W + elsewhere_w
            at_ms = NOW_MS + second * SECOND
            records += [power_sample(SLOTS[name], at_ms, loads[name]) for name in loads]
        for start in range(0, len(records), IN_A_FRAME):
            self.sampled += 1
            chosen = records[start : start + IN_A_FRAME]
            frame = self.world.gateway.frame(TELEMETRY, self.sampled, chosen)
            self.world.append([frame], NOW_MS + until_s * SECOND)
        follower = SeriesFollower(self.series, self.world.configurations)
        while advance(self.world.engine, follower):
            pass

    def whole_life(self) -> Order:
        """From a breach at 0 s to the return at 26 s; a checkpoint covers all of it."""
        self.record(*(allocation(NOW_MS + second * SECOND, "1") for second in (20, 40)))
        order = issued(self)
        self.answer(order, RECEIVED, at_s=3.5)
        self.moved(1, is_closed=False, at_s=3.9, order=order)
        self.answer(order, APPLIED, at_s=4)
        self.measure(-30, 4)
        self.measure(4, 15, on=("stage-2",))
        self.at(15)
        self.boundary(20)
        self.measure(15, 25, on=("stage-2",))
        self.act(self.order(), acts.release, OTHER, "enough")
        self.at(25)
        self.sent()
        self.moved(1, is_closed=True, at_s=25.9, cause="ramp", order=order)
        self.answer(self.order(), RESTORED, at_s=26)
        self.checkpoints.sign(NOW_MS + 30 * SECOND)
        return self.order()

    def setpoint_life(self, cap_w: int, judged_s: int = 15) -> Order:
        """From a person's setpoint at 0 s to its end 11 s after it was judged; another order opens
        stage 2.
        """
        self.authorise()
        self.measure(-30, 1)
        drafted = self.draft(stages=None, caps_w={SITE: cap_w}, cap_w=cap_w)
        order = self.issue(drafted)
        self.at(1)
        self.answer(order, RECEIVED)
        self.answer(order, APPLIED)
        self.moved(1, is_closed=False, at_s=6, cause="limit", order=order)
        self.measure(1, 6)
        other = self.issue(self.draft(stages=(2,)))
        self.moved(2, is_closed=False, at_s=7, order=other)
        self.answer(other, APPLIED)
        self.measure(6, judged_s, on=())
        self.at(judged_s)
        self.act(order, acts.release, OTHER, "enough")
        self.at(judged_s + 10)
        self.sent()
        self.moved(1, is_closed=True, at_s=judged_s + 10.9, cause="ramp", order=order)
        self.answer(self.loaded(order), RESTORED, at_s=judged_s + 11)
        self.checkpoints.sign(NOW_MS + (judged_s + 15) * SECOND)
        return self.loaded(order)
