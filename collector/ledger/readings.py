"""What a reading of the ledger says: whose, of when, and its values. Or why it says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass

from collector.evidence.errors import EvidenceError
from collector.evidence.frame import Frame, Interval, Reading, Sample
from collector.ledger.flags import Flag
from collector.ledger.ledger import Entry
from collector.model import plausibility
from collector.model.energy import Quantity
from collector.model.plausibility import Doubt
from collector.model.profile import ReadingError
from collector.registry.configurations import (
    ConfigurationError,
    Configurations,
    Configured,
    ConfiguredMeter,
)

AHEAD_MS = 60_000
"""How far a gateway's clock may be ahead of the collector's, which saw the frame later."""
_BEHIND_MS = 86_400_000
"""How far before its configuration was issued a gateway's clock may stand."""


class FlaggedReading(Exception):  # noqa: N818
    """A reading that no view may use; the frame that carries it is flagged."""

    def __init__(self, flag: Flag, text: str) -> None:
        super().__init__(text)
        self.flag = flag


@dataclass(frozen=True, slots=True)
class Decoded:
    """`at_ms`: the boundary of an interval, the moment of any other reading."""

    meter: str
    at_ms: int
    values: Mapping[str, Quantity]
    configured: ConfiguredMeter
    doubts: tuple[Doubt, ...]


def decode(
    configurations: Configurations, entry: Entry, frame: Frame, record: Interval | Reading | Sample
) -> Decoded:
    """Raise FlaggedReading when the time cannot be believed or the bytes do not fit."""
    configured, meter = meter_of(configurations, frame, record.slot)
    try:
        values = meter.decode(record.raw, record.quality, interval=not isinstance(record, Sample))
    except ReadingError as error:
        raise FlaggedReading(Flag.UNDECODED, str(error)) from error
    at_ms = record.boundary_ms if isinstance(record, Interval) else record.read_ms
    check_time(configured, entry, frame, record, at_ms)
    return Decoded(meter.serial, at_ms, values, meter, _doubts(meter, record, values))


def _doubts(
    meter: ConfiguredMeter, record: Interval | Reading | Sample, values: Mapping[str, Quantity]
) -> tuple[Doubt, ...]:
    registers = meter.profile.of(interval=not isinstance(record, Sample))
    names = tuple(register.name for register in registers)
    return (
        *plausibility.of_quality(names, record.quality),
        *plausibility.judge(values, meter.profile, meter.ct_pair, meter.vt),
    )


def meter_of(
    configurations: Configurations, frame: Frame, slot: int
) -> tuple[Configured, ConfiguredMeter]:
    """The meter that a slot of the frame's configuration names; raises FlaggedReading."""
    try:
        configured = configurations.of(frame.gateway, frame.configuration)
    except (ConfigurationError, EvidenceError) as error:
        raise FlaggedReading(Flag.UNDECODED, str(error)) from error
    meter = configured.meters.get(slot)
    if meter is None:
        raise FlaggedReading(Flag.UNDECODED, f"the configuration has no slot {slot}")
    return configured, meter


def believable_ms(entry: Entry, frame: Frame, at_ms: int) -> int:
    """The gateway's time of an event, or ours of its frame where the gateway's cannot be."""
    is_known = frame.clock.letter != "U" and at_ms <= entry.received_ms + AHEAD_MS
    return at_ms if is_known else entry.received_ms


def check_time(
    configured: Configured,
    entry: Entry,
    frame: Frame,
    record: Interval | Reading | Sample,
    at_ms: int,
) -> None:
    """Raise FlaggedReading when the time of a reading cannot be believed."""
    if frame.clock.letter == "U":
        raise FlaggedReading(Flag.TIME_UNKNOWN, "the gateway did not know the time")
    if at_ms > entry.received_ms + AHEAD_MS:
        raise FlaggedReading(Flag.TIME_IMPOSSIBLE, f"read at {at_ms}, after it was received")
    if at_ms < configured.issued_ms - _BEHIND_MS:
        raise FlaggedReading(
            Flag.TIME_IMPOSSIBLE, f"read at {at_ms}, before its configuration was issued"
        )
    if isinstance(record, Interval) and abs(record.offset_ms) >= configured.interval_ms:
        raise FlaggedReading(
            Flag.TIME_IMPOSSIBLE, f"read {record.offset_ms} ms from the boundary it stands for"
        )
