"""How a change enters the register: judged, by one person or two, all of it or nothing."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from collector.registry import entitlements, proposals
from collector.registry.entitlements import is_entitlement
from collector.registry.preview import Difference, Preview, differences, preview
from collector.registry.proposals import Proposal, ProposalError, guarded
from collector.registry.reading import FileError, Reading, told
from collector.registry.references import problems
from collector.registry.store import Persons, Registry, newest_version
from collector.storage import appending, reading

Seen = TypeVar("Seen")
Done = TypeVar("Done")

_ATTEMPTS = 5


@dataclass(frozen=True)
class Source:
    """Whence a change comes: the file, the SHA-256 of its bytes, the person who gives it."""

    file: str
    document: bytes
    person: str | None

    @classmethod
    def of(cls, file: str, content: bytes, person: str | None) -> "Source":
        return cls(file, hashlib.sha256(content).digest(), _named(person))


class RefusedError(FileError):
    """Something is wrong with what a file gave: `preview` has it all."""

    def __init__(self, file: str, seen: Preview) -> None:
        super().__init__("\n".join([f"{file}: nothing was taken:", *told(seen.wrong)]))
        self.preview = seen


@dataclass(frozen=True)
class Outcome:
    """`proposal`: its number, where another person must approve before anything is taken."""

    preview: Preview
    taken: int
    proposal: int | None = None


class Office:
    """Where persons change the register."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def look(self, given: Reading) -> Preview:
        """What would happen; nothing does."""
        with reading(self._registry.engine) as connection:
            return preview(self._registry.view(), connection, given)

    def take(self, given: Reading, source: Source, now_ms: int, *, by_two: bool = False) -> Outcome:
        """Take what a file gave, or propose it where policy, or `by_two`, asks for two persons.

        Raises RefusedError when anything is wrong with it, FileError when nobody is named who
        proposes.
        """

        def write(connection: Connection, seen: Preview) -> Outcome:
            changed = [each.record for each in seen.changes]
            kinds = guarded(self._registry.view(), changed)
            if by_two:
                kinds = sorted({record.kind for record in changed})
            if kinds and source.person is None:
                raise FileError(
                    f"{source.file}: nothing was taken: two persons must change"
                    f" {', '.join(kinds)}; say with --by who proposes it"
                )
            if kinds and source.person is not None:
                number = proposals.propose(
                    connection, source.file, source.document, seen.changes, source.person, now_ms
                )
                return Outcome(seen, 0, number)
            records = [each.record for each in seen.changes]
            persons = Persons(source.person, None)
            self._registry.record_in(connection, records, source.document, now_ms, persons)
            return Outcome(seen, len(seen.differences))

        return self._judged(lambda: self._fitting(given, source.file), write)

    def approve(self, number: int, person: str, now_ms: int) -> Proposal:
        """Take a proposal, judged anew by the register of now.

        Raises ProposalError when it was decided, is the person's own, or fits no longer.
        """
        person = _named(person) or ""

        def write(connection: Connection, found: Proposal) -> Proposal:
            proposals.decide(connection, found, "approved", person, now_ms)
            records = [each.record for each in found.differences]
            persons = Persons(found.proposed_by, person)
            self._registry.record_in(connection, records, found.document, now_ms, persons)
            return found

        return self._judged(lambda: self._still_fitting(number, person), write)

    def reject(self, number: int, person: str, reason: str, now_ms: int) -> Proposal:
        """Raises ProposalError when it was decided. Who proposed it may take it back."""
        person = _named(person) or ""
        with appending(self._registry.engine) as connection:
            found = proposals.proposal(connection, number)
            proposals.require_open(found)
            proposals.decide(connection, found, "rejected", person, now_ms, reason)
        return found

    def _judged(self, judge: Callable[[], Seen], write: Callable[[Connection, Seen], Done]) -> Done:
        """Judge outside the writer's lock, for that may take long, and write if nothing came in."""
        for _ in range(_ATTEMPTS):
            with reading(self._registry.engine) as connection:
                version = _version(connection)
            seen = judge()
            with appending(self._registry.engine) as connection:
                if _version(connection) == version:
                    return write(connection, seen)
        raise FileError("nothing was taken: others are changing the register; try again")

    def _fitting(self, given: Reading, file: str) -> Preview:
        seen = self.look(given)
        if seen.wrong:
            raise RefusedError(file, seen)
        return seen

    def _still_fitting(self, number: int, person: str) -> Proposal:
        with reading(self._registry.engine) as connection:
            found = proposals.proposal(connection, number)
            proposals.require_open(found)
            proposals.require_another(found, person)
            view = self._registry.view()
            records = [each.record for each in found.differences]
            now = differences(view, connection, records)
        for then, is_now in zip(found.differences, now, strict=True):
            _require_unchanged(found, then, is_now)
        kept = [record for record in records if not is_entitlement(record)]
        if wrong := problems(view.with_records(kept), records):
            raise ProposalError(
                "\n".join([f"proposal {number} fits the register no longer:", *map(str, wrong)])
            )
        return found


def _version(connection: Connection) -> tuple[int, int]:
    """Numbers that change with the register."""
    return newest_version(connection), entitlements.newest_version(connection)


def _require_unchanged(found: Proposal, then: Difference, now: Difference) -> None:
    if then.was != now.was:
        raise ProposalError(
            f"proposal {found.id}: {then.record.kind} {then.record.key} was changed since it was"
            " proposed; reject it, and propose anew"
        )


def _named(person: str | None) -> str | None:
    """Raises FileError for a name of nothing but spaces."""
    if person is None:
        return None
    if not person.strip():
        raise FileError("--by: give a person's name")
    return person.strip()
