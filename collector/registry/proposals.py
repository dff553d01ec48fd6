"""Four eyes: what one person gives and policy names is taken when another approves it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Connection, RowMapping, insert, select, update

from collector.model.persons import same_person
from collector.model.records import KINDS, Policy, Record
from collector.registry.preview import Difference
from collector.registry.view import View
from collector.storage.tables import registry_proposal as table

State = Literal["open", "approved", "rejected"]


class ProposalError(ValueError):
    """A proposal cannot be decided so; the text says why, and what would be right."""


@dataclass(frozen=True)
class Proposal:
    """`differences` are to the register as it was when it was proposed."""

    id: int
    file: str
    document: bytes
    differences: Sequence[Difference]
    proposed_ms: int
    proposed_by: str
    state: State
    decided_ms: int | None
    decided_by: str | None
    reason: str | None


def guarded(view: View, records: Iterable[Record]) -> list[str]:
    """The kinds among these that two persons must change.

    Who could change the policy alone could do without the other: it is guarded as soon as it
    names any kind.
    """
    policy = view.all(Policy).get("policy")
    if policy is None or not policy.two_persons:
        return []
    return sorted({record.kind for record in records} & {*policy.two_persons, Policy.kind})


def propose(
    connection: Connection,
    file: str,
    document: bytes,
    changes: Iterable[Difference],
    person: str,
    now_ms: int,
) -> int:
    """Keep it, within the caller's `appending` transaction; returns its number."""
    body = [
        {
            "kind": each.record.kind,
            "record": each.record.model_dump(mode="json"),
            "was": None if each.was is None else each.was.model_dump(mode="json"),
        }
        for each in changes
    ]
    number = connection.scalar(
        insert(table)
        .values(
            file=file,
            document=document,
            body=json.dumps(body, ensure_ascii=False),
            proposed_ms=now_ms,
            proposed_by=person,
            state="open",
        )
        .returning(table.c.id)
    )
    assert number is not None  # noqa: S101  just inserted
    return int(number)


def proposals(connection: Connection, *, also_decided: bool = False) -> list[Proposal]:
    """The oldest first."""
    query = select(table).order_by(table.c.id)
    if not also_decided:
        query = query.where(table.c.state == "open")
    return [_proposal(row) for row in connection.execute(query).mappings()]


def proposal(connection: Connection, number: int) -> Proposal:
    """Raises ProposalError when there is none."""
    row = connection.execute(select(table).where(table.c.id == number)).mappings().first()
    if row is None:
        raise ProposalError(f"there is no proposal {number}; `esep registry proposals` lists them")
    return _proposal(row)


def decide(
    connection: Connection,
    found: Proposal,
    state: State,
    person: str,
    now_ms: int,
    reason: str | None = None,
) -> None:
    """Note a decision, within the caller's `appending` transaction. Raises ProposalError."""
    changed = connection.execute(
        update(table)
        .where(table.c.id == found.id, table.c.state == "open")
        .values(state=state, decided_ms=now_ms, decided_by=person, reason=reason)
    )
    if changed.rowcount != 1:
        raise ProposalError(f"proposal {found.id} was decided already")


def require_open(found: Proposal) -> None:
    """Raises ProposalError."""
    if found.state != "open":
        raise ProposalError(f"proposal {found.id} was {found.state} by {found.decided_by} already")


def require_another(found: Proposal, person: str) -> None:
    """Raises ProposalError when it is the person who proposed, however he writes his name."""
    if same_person(person, found.proposed_by):
        raise ProposalError(
            f"proposal {found.id} is {found.proposed_by}'s own; another person must approve it"
        )


def _proposal(row: RowMapping) -> Proposal:
    found = []
    for each in json.loads(row["body"]):
        kind = KINDS[each["kind"]]
        was = None if each["was"] is None else kind.model_validate(each["was"])
        found.append(Difference(kind.model_validate(each["record"]), was))
    return Proposal(differences=found, **{name: row[name] for name in row if name != "body"})
