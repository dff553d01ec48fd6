"""Orders that an older program kept are read, moved on and released by this one."""

import json
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from collector_world import AUTHORITY, BIN, NOW_MS, SITE
from sqlalchemy import text

from collector.evidence.downlink import Action
from collector.evidence.frame import CommandPhase
from collector.model.order import DropResult, Step
from collector.orders import store
from collector.storage import open_database, reading
from collector.storage.migrate import configuration

BODY = {
    "gateway": "11" * 8,
    "licensee": BIN,
    "stages": [1, 2],
    "rule": "every stage off",
    "finding": {"code": "licence.unlicensed_load", "subject": SITE, "first_ms": NOW_MS},
    "authority": AUTHORITY.id,
    "document_sha256": AUTHORITY.document_sha256,
    "official": "an official",
    "notice_s": 2,
    "hold_s": 600,
}
SENT = {"counter": 7, "command": "ab" * 32, "sent_ms": NOW_MS + 3, "expires_ms": NOW_MS + 60_000}
STEPS: list[tuple[str, dict[str, Any]]] = [
    ("drafted", {}),
    ("approved", {"by": "an official", "rule": "every stage off"}),
    ("notified", {"to": BIN, "channel": "control room page", "in_force_ms": NOW_MS + 2}),
    ("issued", SENT | {"until_ms": NOW_MS + 600_003}),
    ("received", {"counter": 7}),
    ("applied", {"counter": 7}),
    ("verified", {"result": "full", "stage_before_w": 1.0, "stage_after_w": 0.0}),
]


def older(directory: Path) -> None:
    engine = open_database(directory, create=True)
    config = configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0012")
        connection.execute(
            text(
                'INSERT INTO "order" (id, site, reason, step, result, body)'
                " VALUES (:id, :site, 'licence', 'verified', 'full', :body)"
            ),
            {"id": bytes(16), "site": SITE, "body": json.dumps(BODY)},
        )
        for number, (step, body) in enumerate(STEPS):
            connection.execute(
                text(
                    "INSERT INTO order_step (order_id, step, at_ms, recorded_ms, position, body)"
                    " VALUES (:id, :step, :at, :at, NULL, :body)"
                ),
                {"id": bytes(16), "step": step, "at": NOW_MS + number, "body": json.dumps(body)},
            )
    engine.dispose()


def test_an_order_of_one_gateway_has_one_part(database_of: str, tmp_path: Path) -> None:
    older(tmp_path)
    with reading(open_database(tmp_path)) as connection:
        [order] = store.load_all(connection)
        movers = store.movers(connection, "11" * 8)
    assert (order.step, order.result) == (Step.VERIFIED, DropResult.FULL)
    assert [record.step for record in order.own] == [Step.DRAFTED, Step.APPROVED]
    [part] = order.parts
    assert (part.cut.site, part.cut.gateway, part.cut.licensee) == (SITE, "11" * 8, BIN)
    assert part.cut.stages == (1, 2)
    assert next(iter(part.steps)) is Step.NOTIFIED
    assert part.until_ms == NOW_MS + 600_003
    [sent] = part.commands
    assert (sent.counter, sent.action, sent.stages) == (7, Action.OPEN, (1, 2))
    assert sent.answer is CommandPhase.APPLIED
    assert movers == {1: (bytes(16), True), 2: (bytes(16), True)}
    assert (order.terms.is_automatic, order.terms.hold_s) == (True, 600)


@pytest.mark.parametrize("table", ["order", "order_step"])
def test_the_older_program_reads_them_again(database_of: str, tmp_path: Path, table: str) -> None:
    older(tmp_path)
    engine = open_database(tmp_path)
    config = configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0012")
        count = connection.scalar(text(f'SELECT count(*) FROM "{table}"'))  # noqa: S608
        columns = set(connection.execute(text(f'SELECT * FROM "{table}"')).keys())  # noqa: S608
    assert count == {"order": 1, "order_step": len(STEPS)}[table]
    assert "part" not in columns
