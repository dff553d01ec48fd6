"""Many findings kept at once are kept as one after the other."""

from typing import Any

from collector_world import NOW_MS, World
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from collector.checks import findings, steps
from collector.checks.codes import Code
from collector.checks.findings import Finding
from collector.checks.life import COLLECTOR, Act, State, Verb
from collector.checks.placeholders import DETAILS
from collector.storage.tables import finding, finding_member, finding_step

CODES = (Code.UNREAD, Code.WILL_EXCEED, Code.UNMEASURED, Code.EXPORT)
moments = st.integers(0, 3).map(lambda seconds: NOW_MS + seconds * 1000)


def seen_as(code: Code, subject: str, first_ms: int, last_ms: int, cause: str) -> Finding:
    details: dict[str, Any] = dict.fromkeys(DETAILS[code]) | {"positions": [len(cause)]}
    details |= {name: cause for name in ("missing", "meter") if name in details}
    return Finding(code, subject, first_ms, last_ms, details)


found = st.builds(
    seen_as,
    st.sampled_from(CODES),
    st.sampled_from(["a", "b"]),
    moments,
    moments,
    st.sampled_from(["m", "other"]),
)
looks = st.lists(st.lists(found, max_size=6), max_size=4)


def close_one(connection: Connection) -> None:
    number = connection.scalar(select(finding.c.id).order_by(finding.c.id).limit(1))
    if number is not None:
        act = Act(Verb.RESOLVE, COLLECTOR, "judged anew", NOW_MS)
        steps.keep(connection, number, State.CLOSED, act)


def kept(world: World, seen: list[list[Finding]], *, at_once: bool) -> list[Any]:
    """What stands in the tables after some looks, in a transaction that is taken back."""
    with world.engine.connect() as connection, connection.begin() as transaction:
        for look in seen:
            if at_once:
                findings.keep_all(connection, look)
            else:
                for each in look:
                    findings.keep(connection, each)
            close_one(connection)
        told = [finding.c[name] for name in ("code", "subject", "first_ms", "last_ms", "body")]
        query = select(*told, finding.c.state, finding.c.times).order_by(*told)
        rows = [tuple(row) for row in connection.execute(query)]
        for table in (finding_member, finding_step):
            columns = [each for each in table.c if each.name not in ("finding", "id")]
            rows += [
                tuple(row) for row in connection.execute(select(*columns).order_by(*columns)).all()
            ]
        transaction.rollback()
    return rows


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(looks)
def test_many_at_once_are_kept_as_one_after_the_other(
    world: World, seen: list[list[Finding]]
) -> None:
    assert kept(world, seen, at_once=True) == kept(world, seen, at_once=False)
