"""`esep device journal-plan`: how long a gateway's journal lasts without the collector, and in all.

Calculated as docs/journal.md says; the sizes are the firmware's (journal, ring, recorder).
"""

from dataclasses import dataclass
from typing import Annotated

import typer

from collector.model.profile import Profile
from collector.model.profile_files import METERS, profile_names
from technician.boards import board_names, load_board

SAMPLES_S = (10, 60)
METERS_OF_A_SITE = 8
INTERVAL_S = 900
FRAME_S = 60
ERASURES = 100_000
"""That every block of a NOR flash of the usual kind stands."""

_BLOCK_BYTES = 4096
_CELL_BLOCKS = 4
_LEAST_SEGMENT_BLOCKS, _MOST_SEGMENTS = 2, 64
_SEGMENT_HEADER_BYTES, _ENTRY_HEADER_BYTES = 64, 12
_FRAME_BYTES = 221  # of a frame without records
_FRAME_RECORD_BYTES, _FRAME_RECORDS = 1024, 63
_INTERVAL_BYTES, _SAMPLE_BYTES = 18, 16  # of a record without its raw bytes
_DAY_S = 86_400
_HALF, _QUARTER = 2, 4
_DAYS_IN_A_YEAR = 365


@dataclass(frozen=True)
class Ring:
    """One stream's half of a partition."""

    segments: int
    segment_bytes: int

    @classmethod
    def of(cls, partition_kib: int) -> "Ring":
        blocks = (partition_kib * 1024 // _BLOCK_BYTES - _CELL_BLOCKS) // 2
        each = max(_LEAST_SEGMENT_BLOCKS, -(-blocks // _MOST_SEGMENTS))
        return cls(blocks // each, each * _BLOCK_BYTES)

    @property
    def room_bytes(self) -> int:
        """For entries."""
        return self.segments * (self.segment_bytes - _SEGMENT_HEADER_BYTES)

    def hours(self, bytes_a_day: int) -> int:
        """Until it is full."""
        return self.room_bytes * 24 // bytes_a_day

    def years(self, bytes_a_day: int) -> int:
        """Until its blocks were erased as often as they stand."""
        return self.room_bytes * ERASURES // (bytes_a_day * _DAYS_IN_A_YEAR)


@dataclass(frozen=True)
class Load:
    """What a stream brings: rounds of records in frames, every so many seconds."""

    records: int
    record_bytes: int
    period_s: int
    gather_s: int = 0
    """How long records wait for others, until a frame is full."""

    @property
    def bytes_a_day(self) -> int:
        rounds = max(1, self.gather_s // self.period_s)
        records = self.records * rounds
        per_frame = min(_FRAME_RECORDS, max(1, _FRAME_RECORD_BYTES // self.record_bytes))
        frames = -(-records // per_frame)
        size = frames * (_ENTRY_HEADER_BYTES + _FRAME_BYTES) + records * self.record_bytes
        return size * _DAY_S // (rounds * self.period_s)


_HEALTH = Load(1, 70, 3600)


@dataclass(frozen=True)
class Site:
    meters: int
    interval_bytes: int
    sample_bytes: int

    @classmethod
    def of(cls, profile: Profile, meters: int) -> "Site":
        interval, sample = (
            sum(2 * register.layout.registers for register in profile.of(interval=only))
            for only in (True, False)
        )
        return cls(meters, _INTERVAL_BYTES + interval, _SAMPLE_BYTES + sample)

    def billing(self) -> int:
        """Bytes a day; commands, and what goes wrong, come on top."""
        intervals = Load(self.meters, self.interval_bytes, INTERVAL_S)
        return intervals.bytes_a_day + _HEALTH.bytes_a_day

    def telemetry(self, period_s: int) -> int:
        """Bytes a day."""
        return Load(self.meters, self.sample_bytes, period_s, FRAME_S).bytes_a_day

    def thinned_hours(self, ring: Ring, samples_s: int) -> int:
        """Until the first sample is dropped: as configured for half of the ring, every third of an
        interval for a quarter, every interval for the last."""
        slow = [max(samples_s, INTERVAL_S // part) for part in (3, 1)]
        hours = ring.hours(self.telemetry(samples_s)) // _HALF
        return hours + sum(ring.hours(self.telemetry(period)) // _QUARTER for period in slow)


def journals_kib() -> dict[str, int]:
    """The journal's partition by the flash of the boards that have it, smallest first."""
    boards = sorted(map(load_board, board_names()), key=lambda board: board.flash_mb)
    return {f"{board.flash_mb} MB": board.partition("journal").size // 1024 for board in boards}


_HEAD = (
    "board",
    "journal",
    "a sample every",
    "billing full after",
    "samples thinned after",
    "and dropped after",
    "life of billing's half",
    "of telemetry's",
)


def table(profile: Profile, meters: int) -> str:
    site = Site.of(profile, meters)
    rows = [_HEAD, ("---",) * len(_HEAD)]
    for board, partition_kib in journals_kib().items():
        ring = Ring.of(partition_kib)
        for samples_s in SAMPLES_S:
            telemetry = site.telemetry(samples_s)
            rows.append(
                (
                    board,
                    f"{partition_kib} KiB",
                    f"{samples_s} s",
                    _time(ring.hours(site.billing())),
                    _time(ring.hours(telemetry) // _HALF),
                    _time(site.thinned_hours(ring, samples_s)),
                    f"{ring.years(site.billing()):,} years",
                    f"{ring.years(telemetry):,} years",
                )
            )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def journal_plan(
    profile: Annotated[str, typer.Argument(help="the meters': see `esep device profile list`")],
    meters: Annotated[int, typer.Option(min=1, max=64)] = METERS_OF_A_SITE,
) -> None:
    """How many days a gateway keeps everything on its own, and how long its flash lives."""
    if profile not in profile_names():
        typer.echo(f"no profile {profile}: `esep device profile list` names them", err=True)
        raise typer.Exit(2)
    typer.echo(table(Profile.parse((METERS / f"{profile}.toml").read_bytes()), meters))


def _time(hours: int) -> str:
    if hours < 1:
        return "under 1 h"
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"
