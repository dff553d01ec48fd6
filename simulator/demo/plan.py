"""What happens in the demo, and when: sites, market, allocations, the order of events."""

from dataclasses import dataclass, field
from fractions import Fraction

from collector.model.bin import check_digit

PERIOD_S = 20
INTERVAL_S = 5
SAMPLE_S = {"tcp": 2, "rtu": 4}
"""At 9600 baud a full sample of three instruments takes about a second and a half."""
LABEL = f"DEMO MARKET: delivery period {PERIOD_S} s, interval {INTERVAL_S} s"

LICENCE_ENDS_S = 33
BROKER_DIES_S = 50
BROKER_AWAY_S = 4
STORY_S = 70
"""From the first reading to the end of the story."""
STORY_SITES = 3
ZONE = "north"
OFFICIAL = "dispatcher on duty (example)"
NOTICE_S = 2
AUXILIARY_W = 60_000
DECLARED_AUXILIARY_W = AUXILIARY_W * 125 // 100
"""As licensees declare it: with room for ventilation at its strongest."""


@dataclass(frozen=True)
class MeterPlan:
    """`point` is `delivery` or a stage's id."""

    slot: int
    serial: str
    profile: str
    unit: int
    point: str | int
    ct: tuple[int, int]
    vt: tuple[int, int]
    register_base_wh: int


@dataclass(frozen=True)
class StagePlan:
    id: int
    name: str
    rated_w: int


@dataclass(frozen=True)
class SitePlan:
    """`allowed_w` is the mean power bought for each delivery period, the last one repeated."""

    name: str
    bin: str
    licensee: str
    licence: str
    bus: str
    stages: tuple[StagePlan, ...]
    meters: tuple[MeterPlan, ...]
    allowed_w: tuple[int, ...]
    licence_ends_s: int | None = None

    def allocation_mwh(self, period: int) -> str:
        """Energy bought for the period, as the auction states it: MWh, exact."""
        power_w = self.allowed_w[min(period, len(self.allowed_w) - 1)]
        return _decimal(Fraction(power_w * PERIOD_S, 3600 * 1_000_000))


def _decimal(value: Fraction) -> str:
    """Rounded down to the µWh: an auction sells finite decimals."""
    micro = int(value * 10**12)
    return f"{micro // 10**12}.{micro % 10**12:012d}"


_HALL_METERS = ("carlo-gavazzi-em24", "eastron-sdm630")


def _serial(site: int, place: int) -> str:
    """A year, the site, the place in it: a number, as instruments hold one."""
    return f"26{site:02d}{place:04d}"


def _bin(number: int) -> str:
    """As of a legal person registered in January 2026, or its branch where that has no digit."""
    head, branch = f"260140{number:05d}", f"260141{number:05d}"
    digits = head if check_digit(head) is not None else branch
    return f"{digits}{check_digit(digits)}"


def _site(
    number: int,
    name: str,
    licensee: str,
    *,
    bus: str,
    hall_w: tuple[int, ...],
    allowed_w: tuple[int, ...],
    licence_ends_s: int | None = None,
) -> SitePlan:
    stages = tuple(
        StagePlan(index, f"hall {index}", rated_w) for index, rated_w in enumerate(hall_w, 1)
    )
    feeder = MeterPlan(
        0,
        _serial(number, 1),
        "schneider-pm5560",
        1,
        "delivery",
        (300, 5),
        (10_000, 100),
        48_213_907_411 + number,
    )
    halls = tuple(
        MeterPlan(
            stage.id,
            _serial(number, 1000 + stage.id),
            _HALL_METERS[(stage.id - 1) % 2],
            stage.id + 1,
            stage.id,
            (2500, 5),
            (1, 1),
            4_870_000 + 100_000 * stage.id,
        )
        for stage in stages
    )
    return SitePlan(
        name=name,
        bin=_bin(number),
        licensee=licensee,
        licence=f"DEMO-{number:04d}",
        bus=bus,
        stages=stages,
        meters=(feeder, *halls),
        allowed_w=allowed_w,
        licence_ends_s=licence_ends_s,
    )


def plan_sites(count: int) -> list[SitePlan]:
    """The story's three sites, and as many compliant ones after them as asked for."""
    story = [
        _site(
            1,
            "site-a",
            "Altyn Hash (example)",
            bus="tcp",
            hall_w=(1_200_000, 1_100_000),
            allowed_w=(3_000_000,),
        ),
        _site(
            2,
            "site-b",
            "Bereke Mining (example)",
            bus="tcp",
            hall_w=(1_200_000, 1_200_000, 1_200_000),
            allowed_w=(2_600_000, 3_000_000, 4_700_000),
        ),
        _site(
            3,
            "site-c",
            "Shyraq Digital (example)",
            bus="rtu",
            hall_w=(900_000, 900_000),
            allowed_w=(2_400_000,),
            licence_ends_s=LICENCE_ENDS_S,
        ),
    ]
    more = [
        _site(
            number,
            f"site-{number}",
            f"Compliant {number} (example)",
            bus="tcp",
            hall_w=(1_000_000, 1_000_000),
            allowed_w=(2_600_000,),
        )
        for number in range(4, count + 1)
    ]
    return (story + more)[:count]


@dataclass(frozen=True)
class Timeline:
    """Moments in Unix ms. `first_period_ms` is the boundary at which the story's clock is 0."""

    first_period_ms: int
    periods: int = field(default=0)

    def at(self, seconds: int) -> int:
        return self.first_period_ms + seconds * 1000

    @property
    def gateways_start_ms(self) -> int:
        """Before the interval boundary that precedes the first period, which is read first."""
        return self.at(-INTERVAL_S - 3)


def plan_timeline(now_ms: int, setup_s: int, run_s: int) -> Timeline:
    """The first delivery period that leaves time to set up before the gateways start."""
    earliest_ms = now_ms + (setup_s + INTERVAL_S + 3) * 1000
    period_ms = PERIOD_S * 1000
    first_ms = -(-earliest_ms // period_ms) * period_ms
    return Timeline(first_ms, run_s // PERIOD_S + 4)
