"""Whether what lasts is still so: by the last round that saw it, however long rounds take.

A condition is present when the last finished round of the kind that sees it did see it, or one that
has begun since. Where no round comes any more, nobody knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from collector.checks.changes import cursor, set_cursor
from collector.checks.codes import LASTING, Round
from collector.checks.findings import Finding
from collector.storage.tables import finding as table

STALE_MS = 600_000
"""So long without a run is too long, also with very many meters."""
_NOTED_MS = 60_000
"""Where it makes no difference, a round is noted this seldom."""


@dataclass(frozen=True)
class Rounds:
    """The moments that the last finished rounds judged, as known at `now_ms`."""

    now_ms: int
    finished: Mapping[Round, int]

    def show(self, finding: Finding) -> bool:
        """Whether a finding is of a condition that is present."""
        kind = LASTING.get(finding.code)
        if kind is None or finding.last_ms < self.finished[kind]:
            return False
        # what is looked at as seldom as the policy says goes on while the checks run at all
        alive_ms = self.finished[Round.RUN] if kind is Round.LOOK else 0
        return self.now_ms - max(finding.last_ms, alive_ms) <= STALE_MS

    @property
    def since_ms(self) -> int:
        """What was last seen before this is not present, whatever it is."""
        return min(self.finished.values())


def read(connection: Connection, now_ms: int) -> Rounds:
    """Before the first of a kind has finished, what was seen of late counts."""
    of_late_ms = now_ms - STALE_MS
    finished = {each: cursor(connection, _name(each)) or of_late_ms for each in Round}
    return Rounds(now_ms, finished)


def note(connection: Connection, finished: Round, now_ms: int) -> None:
    """What was seen by it, or since, is present; in a transaction that writes."""
    set_cursor(connection, _name(finished), now_ms)


def is_worth_noting(connection: Connection, finished: Round, now_ms: int) -> bool:
    """Whether something that was present was not seen, or it is long since one was noted; never
    where nothing was ever found.
    """
    kinds = (Round.RUN, Round.LOOK) if finished is Round.RUN else (finished,)
    codes = [code for code, kind in LASTING.items() if kind in kinds]
    found = select(table.c.id).where(table.c.code.in_(codes))
    noted_ms = cursor(connection, _name(finished)) or 0
    if noted_ms <= now_ms < noted_ms + _NOTED_MS:
        found = found.where(table.c.last_ms >= noted_ms, table.c.last_ms < now_ms)
    return connection.execute(found.limit(1)).first() is not None


def _name(kind: Round) -> str:
    return f"round {kind}"
