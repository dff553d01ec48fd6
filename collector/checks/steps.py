"""The steps of findings, append-only: who did what, why, by which document."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from collector.checks.life import TRANSITIONS, Act, Party, State, Verb
from collector.storage.tables import finding
from collector.storage.tables import finding_step as table


@dataclass(frozen=True)
class Step:
    """`state` is where it led."""

    act: Act
    state: State

    @property
    def party(self) -> Party:
        return TRANSITIONS[self.act.verb].party


def keep(connection: Connection, number: int, state: State, act: Act) -> None:
    """Keep a step that has been judged, and where the finding stands by it."""
    connection.execute(
        insert(table).values(
            finding=number,
            verb=act.verb,
            state=state,
            at_ms=act.at_ms,
            person=act.person,
            reason=act.reason,
            reference=act.reference,
            document=act.document,
        )
    )
    connection.execute(update(finding).where(finding.c.id == number).values(state=state))


def is_resolved(connection: Connection, number: int) -> bool:
    """Whether the last step was that it is not so, judged anew."""
    last = select(table.c.verb).where(table.c.finding == number).order_by(table.c.id.desc())
    return connection.scalar(last.limit(1)) == Verb.RESOLVE


def of(connection: Connection, number: int) -> list[Step]:
    """Oldest first."""
    query = select(table).where(table.c.finding == number).order_by(table.c.id)
    return [
        Step(
            Act(Verb(row.verb), row.person, row.reason, row.at_ms, row.reference, row.document),
            State(row.state),
        )
        for row in connection.execute(query)
    ]
