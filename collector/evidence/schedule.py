"""Schedules: the signed permit to draw, hour by hour (docs/wire-format.md §6.1)."""

from dataclasses import dataclass, replace
from typing import Any

from collector.evidence import shape
from collector.evidence.cose import ContentType
from collector.evidence.downlink import Role, Signer, trusted_payload
from collector.evidence.keys import PublicKey

MAX_PERIODS = 48
MAX_PERIOD_MS = 86_400_000
MAX_UINT32 = 2**32 - 1
MIN_DELAY_MS = 5000
"""What is faster is under-frequency load shedding, which this is not."""
_OCTETS = 8
_NONE = b"\xff" * _OCTETS


@dataclass(frozen=True)
class Limit:
    """Both hold: the energy of a delivery period, and the power at any time."""

    energy_wh: int
    power_w: int

    def item(self) -> list[int]:
        return [self.energy_wh, self.power_w]

    def octets(self) -> bytes:
        """As of a period; what would be read as no value is a watt less."""
        octets = self.energy_wh.to_bytes(4) + self.power_w.to_bytes(4)
        return octets if octets != _NONE else octets[:-1] + b"\xfe"


@dataclass(frozen=True)
class FailSafe:
    """What holds without a heartbeat for so long, or without a schedule. `heartbeat_ms` 0: none is
    asked for. A site that nobody measured for `blind_ms` is taken to be above its limit; 0: not.
    """

    name: str
    limit: Limit
    heartbeat_ms: int
    blind_ms: int

    def item(self) -> list[Any]:
        return [self.name, *self.limit.item(), self.heartbeat_ms, self.blind_ms]


@dataclass(frozen=True)
class Manners:
    """How long above or below before something is done; how wrong a clock may be that nobody
    vouches for.
    """

    over_ms: int
    emergency_over_ms: int
    under_ms: int
    margin_permille: int
    clock_ms: int

    def item(self) -> list[int]:
        return [
            self.over_ms,
            self.emergency_over_ms,
            self.under_ms,
            self.margin_permille,
            self.clock_ms,
        ]


@dataclass(frozen=True)
class Reduction:
    """`stages` open when a relay found the frequency low for `delay_ms`. `well` and `low`: contacts
    of the board, the relay's changeover. Without an `authority`, by the SHA-256 of its document, it
    only observes.
    """

    authority: bytes | None
    well: int
    low: int
    delay_ms: int
    restored_ms: int
    stages: tuple[int, ...]

    def item(self) -> list[Any]:
        inputs = [self.well, self.low]
        return [self.authority, inputs, self.delay_ms, self.restored_ms, list(self.stages)]


@dataclass(frozen=True)
class Schedule:
    """`limits` of the periods from `first_ms` on; None: not known. From `cut_off_ms` on, and where
    nothing is known, `default` holds; from `expires_ms` on the fail-safe. It enforces only by an
    `authority`: the SHA-256 of its document.
    """

    gateway: bytes
    serial: int
    issued_ms: int
    expires_ms: int
    enforces: bool
    authority: bytes | None
    first_ms: int
    period_ms: int
    limits: tuple[Limit | None, ...]
    cut_off_ms: int
    default: Limit
    fail_safe: FailSafe
    manners: Manners
    emergency: tuple[int, int, Limit] | None = None
    """From when, until when, and what holds then where it is lower."""
    reduction: Reduction | None = None

    def payload(self) -> dict[int, Any]:
        body: dict[int, Any] = {
            0: 1,
            1: self.gateway,
            2: self.serial,
            3: self.issued_ms,
            4: self.expires_ms,
            5: int(self.enforces),
            6: self.authority,
            7: self.first_ms,
            8: self.period_ms,
            9: b"".join(_NONE if limit is None else limit.octets() for limit in self.limits),
            10: self.cut_off_ms,
            11: self.default.item(),
            12: self.fail_safe.item(),
            13: self.manners.item(),
        }
        if self.emergency is not None:
            from_ms, until_ms, limit = self.emergency
            body[14] = [from_ms, until_ms, *limit.item()]
        if self.reduction is not None:
            body[15] = self.reduction.item()
        return body

    def numbered(self, serial: int) -> "Schedule":
        return replace(self, serial=serial)

    def terms(self) -> tuple[Any, ...]:
        """All that it says but what it allows when."""
        return (
            self.enforces,
            self.authority,
            self.period_ms,
            self.default,
            self.fail_safe,
            self.manners,
            self.emergency,
            self.reduction,
        )

    def allowed(self, at_ms: int) -> Limit:
        """What holds at a moment that is known, but for an emergency."""
        if at_ms >= self.expires_ms:
            return self.fail_safe.limit
        number = (at_ms - self.first_ms) // self.period_ms
        if at_ms < self.cut_off_ms and 0 <= number < len(self.limits):
            return self.limits[number] or self.default
        return self.default

    def seal(self, signer: Signer) -> bytes:
        return signer.seal(ContentType.SCHEDULE, self.payload())


_limit = shape.row(shape.uint32, shape.uint32)
_SHAPE: dict[int, shape.Predicate] = {
    0: shape.span(1, 1),
    1: shape.gateway_id,
    2: shape.seq,
    3: shape.unix_ms,
    4: shape.unix_ms,
    5: shape.span(0, 1),
    6: shape.nullable(shape.sha256),
    7: shape.unix_ms,
    8: shape.span(1, MAX_PERIOD_MS),
    9: lambda hours: (
        type(hours) is bytes
        and _OCTETS <= len(hours) <= _OCTETS * MAX_PERIODS
        and not len(hours) % _OCTETS
    ),
    10: shape.unix_ms,
    11: _limit,
    12: shape.row(shape.text, *[shape.uint32] * 4),
    13: shape.row(*[shape.uint32] * 3, shape.span(1000, 10_000), shape.uint32),
}
_EMERGENCY = shape.row(shape.unix_ms, shape.unix_ms, shape.uint32, shape.uint32)

_REDUCTION = shape.row(
    shape.nullable(shape.sha256),
    shape.row(shape.uint, shape.uint),
    shape.span(MIN_DELAY_MS, MAX_UINT32),
    shape.uint32,
    shape.list_of(shape.span(1, 32), 1, 32),
)


def _is_schedule(body: Any) -> bool:
    return shape.is_map(body, _SHAPE, {14: _EMERGENCY, 15: _REDUCTION}) and not (
        body[5] and body[6] is None
    )


def read_schedule(message: bytes, root: PublicKey) -> Schedule:
    """A schedule that the operator signed, whether or not it has expired; raises EvidenceError."""
    return read_body(
        trusted_payload(message, ContentType.SCHEDULE, Role.ORDERS, root, _is_schedule)
    )


def read_body(body: Any) -> Schedule:
    """A body of the right shape."""
    name, energy_wh, power_w, heartbeat_ms, blind_ms = body[12]
    emergency, reduction = body.get(14), body.get(15)
    return Schedule(
        gateway=body[1],
        serial=body[2],
        issued_ms=body[3],
        expires_ms=body[4],
        enforces=bool(body[5]),
        authority=body[6],
        first_ms=body[7],
        period_ms=body[8],
        limits=tuple(_period(body[9][at : at + _OCTETS]) for at in range(0, len(body[9]), _OCTETS)),
        cut_off_ms=body[10],
        default=Limit(*body[11]),
        fail_safe=FailSafe(name, Limit(energy_wh, power_w), heartbeat_ms, blind_ms),
        manners=Manners(*body[13]),
        emergency=None if emergency is None else (*emergency[:2], Limit(*emergency[2:])),
        reduction=None if reduction is None else _reduction(reduction),
    )


def _period(octets: bytes) -> Limit | None:
    if octets == _NONE:
        return None
    return Limit(int.from_bytes(octets[:4]), int.from_bytes(octets[4:]))


def _reduction(item: list[Any]) -> Reduction:
    authority, (well, low), delay_ms, restored_ms, stages = item
    return Reduction(authority, well, low, delay_ms, restored_ms, tuple(stages))
