"""What is so at a moment, since when, and on what evidence: what lasts is one finding."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from collector.checks import findings
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.scene import Readings
from collector.model.records import Record
from collector.registry.view import View

_REMEMBERED_MS = 86_400_000
"""A finding that was last seen before this is another one, whatever the policy holds together."""


@dataclass(frozen=True)
class State:
    """`positions`: ledger entries that show it now, `began_at` the one that shows its beginning,
    which stays the first; `records`: of the register, that it was judged by.

    Seen again within the policy's `hold_s` it is the same, unless that began before `not_before`.
    """

    code: Code
    subject: str
    since_ms: int
    details: Mapping[str, Any]
    positions: tuple[int, ...] = ()
    records: tuple[Record, ...] = ()
    not_before: int = 0
    began_at: tuple[int, ...] = ()
    last_ms: int | None = None
    """When it was seen last; None: now."""


@dataclass(frozen=True, slots=True)
class Seen:
    first_ms: int
    last_ms: int
    began_at: tuple[int, ...]


class Lasting:
    """Findings that were seen of late, by code and subject."""

    def __init__(self, found: Iterable[Finding] = ()) -> None:
        self._seen: dict[tuple[Code, str], Seen] = {}
        for finding in found:
            self.keep(finding)

    @classmethod
    def stored(cls, connection: Connection, now_ms: int) -> "Lasting":
        return cls(findings.seen_since(connection, now_ms - _REMEMBERED_MS))

    def keep(self, finding: Finding) -> None:
        known = self._seen.get((finding.code, finding.subject))
        if known is not None and known.last_ms > finding.last_ms:
            return  # of the past
        positions = finding.details.get("positions", ())
        seen = Seen(finding.first_ms, finding.last_ms, tuple(positions[:1]))
        self._seen[finding.code, finding.subject] = seen

    def of(
        self, code: Code, subject: str, now_ms: int, hold_ms: int, not_before: int = 0
    ) -> Seen | None:
        """What was seen of late, and goes on; None when it is to begin anew."""
        seen = self._seen.get((code, subject))
        is_held = (
            seen is not None and seen.first_ms >= not_before and now_ms - seen.last_ms <= hold_ms
        )
        return seen if is_held else None


@dataclass(frozen=True)
class Scene:
    """Everything that is judged by: one read transaction, one register, one moment.

    `began_ms`: when this collector began to take in what had waited for it.
    """

    connection: Connection
    view: View
    series: Readings
    now_ms: int
    began_ms: int
    lasting: Lasting = field(default_factory=Lasting)

    @property
    def hold_ms(self) -> int:
        return self.view.policy.data.hold_s * 1000

    def lasting_since(self, code: Code, subject: str, not_before: int = 0) -> int | None:
        seen = self.lasting.of(code, subject, self.now_ms, self.hold_ms, not_before)
        return None if seen is None else seen.first_ms

    def finding(self, state: State) -> Finding:
        """With the versions of the register's records that it rests on."""
        seen = None
        if state.last_ms is None:
            whose = (state.code, state.subject)
            seen = self.lasting.of(*whose, self.now_ms, self.hold_ms, state.not_before)
        began_at = state.began_at if seen is None else seen.began_at
        evidence = {
            "positions": [*began_at, *sorted({*state.positions} - {*began_at})],
            "versions": versions(self.view, state.records),
        }
        details = dict(state.details) | {name: each for name, each in evidence.items() if each}
        first_ms = state.since_ms if seen is None else seen.first_ms
        last_ms = self.now_ms if state.last_ms is None else state.last_ms
        return Finding(state.code, state.subject, first_ms, last_ms, details)


def versions(view: View, records: Iterable[Record]) -> list[list[Any]]:
    """Kind, key and number of the version of each."""
    return [
        [kind, key, version]
        for kind, key, version in sorted(
            {(record.kind, record.key, view.version_of(record) or 0) for record in records}
        )
    ]
