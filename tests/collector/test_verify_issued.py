"""What the operator signed is judged like the frames: configurations, profiles, commands."""

import json

import pytest
from collector_world import NOW_MS, World, signer_for
from order_night import Night, issued
from sqlalchemy import text

from collector.cli.verify import verify_directory
from collector.evidence.downlink import Role
from collector.orders.reading import order_reading


@pytest.fixture
def ordered(evidence: World, night: Night) -> Night:
    """An order whose command was issued."""
    issued(night)
    return night


OTHER = {"hash": bytes(32), "order": bytes(16)}


def faults(world: World, *statements: str, **values: object) -> list[str]:
    with world.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), OTHER | values)
    return verify_directory(world.engine, world.root.public).faults


def test_an_issued_order_has_its_command(ordered: Night) -> None:
    verdict = verify_directory(ordered.world.engine, ordered.world.root.public)
    assert verdict.holds, verdict.text()
    assert verdict.commands == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DELETE FROM issued WHERE kind = 'command'", "is not here"),
        (
            "UPDATE issued SET hash = :hash WHERE kind = 'command'",
            f"command {'00' * 32}: other bytes than its hash",
        ),
        (
            "UPDATE issued SET hash = :hash WHERE kind = 'profile'",
            f"profile {'00' * 32}: other bytes than its hash",
        ),
        (
            "UPDATE issued SET raw = (SELECT raw FROM checkpoint LIMIT 1) WHERE kind = 'command'",
            "application/vnd.esep.checkpoint",
        ),
        (
            "UPDATE order_step SET order_id = :order WHERE step = 'issued'",
            "is another order's",
        ),
    ],
)
def test_a_change_to_what_was_issued_is_named(ordered: Night, change: str, said: str) -> None:
    found = faults(ordered.world, change)
    assert any(said in fault for fault in found), found


def test_a_step_with_another_counter_is_named(ordered: Night) -> None:
    with ordered.world.engine.begin() as connection:
        query = text("SELECT body FROM order_step WHERE step = 'issued'")
        body = json.loads(connection.scalar(query))
    body["counter"] += 1
    change = "UPDATE order_step SET body = :body WHERE step = 'issued'"
    [found] = faults(ordered.world, change, body=json.dumps(body))
    assert "has another counter" in found


def test_a_command_by_a_key_for_another_role_is_named(evidence: World) -> None:
    signer = signer_for(evidence.root, Role.RECEIPTS)
    order_reading(evidence.engine, signer, evidence.gateway.id.hex(), 60, NOW_MS)
    [found] = faults(evidence)
    assert "certified for 'receipts', not for" in found
