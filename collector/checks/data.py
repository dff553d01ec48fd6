"""How good data is: silent gateways, gaps, clocks, values that stand still, coarse registers."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection, exists, func, select, tuple_

from collector.checks.codes import Code
from collector.checks.meters import AHEAD_MS, POWER
from collector.checks.states import Scene, State
from collector.evidence.chains import ChainName, Range, without
from collector.evidence.frame import Stream
from collector.intervals.many import in_parts
from collector.intervals.snapshots import Snapshot, last_of_many
from collector.ledger.chain import ChainFollower
from collector.ledger.coverage import held_ranges
from collector.ledger.flags import Flag
from collector.ledger.followers import followed_until
from collector.model.energy import energy_in
from collector.model.plausibility import DoubtCode
from collector.model.records import DeliveryPoint, Gateway, Meter
from collector.storage.tables import chain, dropped_range, frame, frame_flag, snapshot

_NEAR = 2
"""Intervals within which a meter that is read has a snapshot."""


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest frame of a gateway, and when we received it."""

    position: int
    received_ms: int
    has_time: bool


def judge_gateways(scene: Scene) -> Iterator[State]:
    """Which gateways are silent, and which do not know the time. One never heard is neither."""
    heard, doubted = last_heard(scene.connection), ever_doubted(scene.connection)
    known_ms = followed_until(scene.connection, ChainFollower.name, scene.now_ms)
    for gateway in scene.view.all(Gateway).values():
        last = heard.get(gateway.id)
        if last is None:
            continue
        yield from judge_silence(scene, gateway, last, known_ms)
        yield from judge_clock(scene, gateway, last, doubted)


def judge_silence(scene: Scene, gateway: Gateway, last: Heard, known_ms: int) -> Iterator[State]:
    """By our own clock, and not before we had the time to take in what waited for us."""
    silent_ms = scene.view.policy.data.silent_s * 1000
    if known_ms <= max(last.received_ms, scene.began_ms) + silent_ms:
        return
    details = {"site": gateway.site, "gateway": gateway.id, "last_ms": last.received_ms}
    yield State(
        Code.GATEWAY_SILENT,
        gateway.id,
        last.received_ms,
        details,
        (last.position,),
        (gateway,),
        last.received_ms,
    )


def judge_clock(
    scene: Scene, gateway: Gateway, last: Heard, doubted: Collection[str]
) -> Iterator[State]:
    """A clock that nobody vouches for, since its last snapshot with letter S: I, or U.

    `doubted`: those that ever took one with I. How fast it drifts the gateway's health says.
    """
    is_told = not last.has_time or gateway.id in doubted
    told = letters(scene.connection, bytes.fromhex(gateway.id)) if is_told else None
    letter = "I" if last.has_time else "U"
    if last.has_time and (told is None or told.newest == "S"):
        return
    since_ms = last.received_ms if told is None else told.since_ms
    if scene.now_ms - since_ms <= scene.view.policy.data.clock_s * 1000:
        return
    details = {"site": gateway.site, "gateway": gateway.id, "letter": letter}
    yield State(Code.CLOCK_DOUBTED, gateway.id, since_ms, details, (last.position,), (gateway,))


def last_heard(connection: Connection) -> dict[str, Heard]:
    """By gateway: of the newest frames of its chains the one received last."""
    ends = frame.join(
        chain,
        (frame.c.gateway == chain.c.gateway)
        & (frame.c.epoch == chain.c.epoch)
        & (frame.c.stream == chain.c.stream)
        & (frame.c.seq == chain.c.highest),
    )
    query = select(frame.c.gateway, frame.c.position, frame.c.received_ms).select_from(ends)
    found: dict[bytes, tuple[int, int]] = {}
    for gateway, position, received_ms in connection.execute(query):
        found[gateway] = max(found.get(gateway, (0, 0)), (position, received_ms))
    timeless: set[int] = set()
    for part in in_parts(position for position, _ in found.values()):
        flagged = select(frame_flag.c.position).where(
            frame_flag.c.flag == Flag.TIME_UNKNOWN, frame_flag.c.position.in_(part)
        )
        timeless.update(connection.scalars(flagged))
    return {
        gateway.hex(): Heard(position, received_ms, position not in timeless)
        for gateway, (position, received_ms) in found.items()
    }


def ever_doubted(connection: Connection) -> set[str]:
    """The gateways that ever took a snapshot with letter I."""
    known = select(chain.c.gateway).distinct().subquery()
    is_doubted = exists().where(snapshot.c.gateway == known.c.gateway, snapshot.c.clock == "I")
    query = select(known.c.gateway).where(is_doubted)
    return {gateway.hex() for gateway in connection.scalars(query)}


@dataclass(frozen=True, slots=True)
class Letters:
    """The clock of a gateway's newest snapshot; `since_ms`: of the first that has no other."""

    newest: str
    since_ms: int


def letters(connection: Connection, gateway: bytes) -> Letters | None:
    """By the places of snapshots in the chain; None before the first."""
    place = (snapshot.c.epoch, snapshot.c.seq, snapshot.c.record)

    def newest(letter: str) -> tuple[int, int, int] | None:
        query = select(*place).where(snapshot.c.gateway == gateway, snapshot.c.clock == letter)
        row = connection.execute(query.order_by(*(each.desc() for each in place)).limit(1)).first()
        return None if row is None else (row[0], row[1], row[2])

    vouched, doubted = newest("S"), newest("I")
    if doubted is None or (vouched is not None and vouched > doubted):
        return None if vouched is None else Letters("S", 0)
    first = select(snapshot.c.at_ms).where(
        snapshot.c.gateway == gateway,
        snapshot.c.clock == "I",
        tuple_(*place) > tuple_(*(vouched or (0, 0, 0))),
    )
    since_ms = connection.scalar(first.order_by(*place).limit(1))
    return Letters("I", since_ms or 0)


def judge_gaps(scene: Scene) -> Iterator[State]:
    """What is missing of a chain though what follows it came long ago: one finding for a chain."""
    columns = (chain.c.gateway, chain.c.epoch, chain.c.stream, chain.c.upto)
    query = select(*columns).where(chain.c.highest > chain.c.upto)
    upto: dict[ChainName, int] = {
        (gateway, epoch, Stream(stream)): last
        for gateway, epoch, stream, last in scene.connection.execute(query)
    }
    if not upto:
        return
    old_ms = scene.now_ms - scene.view.policy.data.gap_s * 1000
    gateways = scene.view.all(Gateway)
    for name, held in held_ranges(scene.connection, list(upto)).items():
        gateway, epoch, stream = name
        for absent, next_seq in gaps(upto[name], held, _dropped(scene.connection, name)):
            next_ms, position = _received(scene.connection, name, next_seq)
            if next_ms > old_ms:
                continue
            known = gateways.get(gateway.hex())
            site = {} if known is None else {"site": known.site}
            details = site | {
                "gateway": gateway.hex(),
                "epoch": epoch,
                "stream": stream.name.lower(),
                "first_seq": absent[0],
                "last_seq": absent[1],
            }
            subject = f"{gateway.hex()}/{epoch}/{stream.name.lower()}"
            yield State(Code.CHAIN_GAP, subject, next_ms, details, (position,))
            break


def gaps(upto: int, held: Sequence[Range], dropped: Sequence[Range]) -> Iterator[tuple[Range, int]]:
    """What is missing before each run that is held, and with which seq that run begins.

    What the gateway says that it dropped is not missing.
    """
    last = upto
    for first, end in held:
        for part in without((last + 1, first - 1), dropped):
            yield part, first
        last = end


def _dropped(connection: Connection, name: ChainName) -> list[Range]:
    gateway, epoch, stream = name
    if stream is not Stream.TELEMETRY:
        return []
    table = dropped_range
    query = select(table.c.first, table.c.last)
    rows = connection.execute(query.where(table.c.gateway == gateway, table.c.epoch == epoch))
    return [(first, last) for first, last in rows]


def _received(connection: Connection, name: ChainName, seq: int) -> tuple[int, int]:
    gateway, epoch, stream = name
    query = select(func.min(frame.c.received_ms), func.min(frame.c.position)).where(
        frame.c.gateway == gateway,
        frame.c.epoch == epoch,
        frame.c.stream == int(stream),
        frame.c.seq == seq,
    )
    row = connection.execute(query).one()
    return row[0], row[1]


def judge_stale(scene: Scene) -> Iterator[State]:
    """A meter that answers, and whose values the gateway takes for an old copy."""
    by_ms, stale_ms = scene.now_ms + AHEAD_MS, scene.view.policy.data.stale_s * 1000
    for serial, meter in sorted(scene.view.all(Meter).items()):
        if not meter.hangs_between(scene.now_ms, scene.now_ms + 1):
            continue
        point = scene.series.latest(serial, by_ms)
        if point is None or DoubtCode.STALE not in point.doubts or POWER in point.values:
            continue
        good = scene.series.last_power(serial, by_ms)
        since_ms = meter.valid_from if good is None else good.at_ms
        if point.at_ms - since_ms <= stale_ms:
            continue
        details = {
            "site": meter.site,
            "meter": serial,
            "last_ms": since_ms,
            "quantities": list(point.doubts[DoubtCode.STALE]),
        }
        yield State(Code.STALE, serial, since_ms, details, (point.position,), (meter,), since_ms)


def judge_quanta(scene: Scene) -> Iterator[State]:
    """Delivery meters whose register steps are coarse for what their site contracted."""
    view, now_ms = scene.view, scene.now_ms
    hung = [
        (delivery, meter)
        for delivery in view.holding(DeliveryPoint, now_ms)
        for meter in view.delivery_meters(delivery.site, now_ms)
    ]
    near_ms = now_ms - _NEAR * view.market.interval_s * 1000
    for part in in_parts(hung):
        lasts = last_of_many(scene.connection, {meter.serial for _, meter in part}, near_ms)
        for delivery, meter in part:
            if meter.serial in lasts:
                yield from _judge_quantum(scene, delivery, meter, lasts[meter.serial])


def _judge_quantum(
    scene: Scene, delivery: DeliveryPoint, meter: Meter, last: Snapshot
) -> Iterator[State]:
    interval_ms = scene.view.market.interval_s * 1000
    interval_wh = energy_in(Fraction(delivery.contracted_w), interval_ms)
    most = scene.view.policy.data.quantum_permille
    if last.quantum_wh * 1000 <= interval_wh * most:
        return
    since_ms = max(meter.valid_from, delivery.valid_from)
    details: Mapping[str, object] = {
        "site": meter.site,
        "meter": meter.serial,
        "quantum_wh": str(last.quantum_wh),
        "interval_wh": str(interval_wh),
        "contracted_w": delivery.contracted_w,
        "most_permille": most,
    }
    yield State(
        Code.QUANTUM_COARSE,
        meter.serial,
        since_ms,
        details,
        (last.position,),
        (meter, delivery),
        since_ms,
    )
