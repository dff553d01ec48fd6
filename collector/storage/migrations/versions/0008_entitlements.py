"""allocations in a table of their own, by delivery period"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT_ONCE = 10_000


def upgrade() -> None:
    entitlement = op.create_table(
        "entitlement",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("recorded_by", sa.Text()),
        sa.Column("approved_by", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
    )
    by_period = ["kind", "zone", "start_ms", "subject", "part", "id"]
    op.create_index("entitlement_by_period", "entitlement", by_period)
    connection = op.get_bind()
    while moved := connection.execute(sa.text(_ALLOCATIONS)).all():
        connection.execute(sa.insert(entitlement), [_moved(row) for row in moved])
        connection.execute(sa.text(_MOVED), {"last": moved[-1].id})


_ALLOCATIONS = f"""
SELECT id, recorded_ms, document, body FROM registry_version
WHERE kind = 'allocation' ORDER BY id LIMIT {_AT_ONCE}
"""  # noqa: S608
_MOVED = "DELETE FROM registry_version WHERE kind = 'allocation' AND id <= :last"


def _moved(row: Any) -> dict[str, Any]:
    """Before sources and lots an allocation was all that was bought: at the auction, lot 1."""
    body = json.loads(row.body)
    return {
        "kind": "allocation",
        "zone": body["zone"],
        "start_ms": body["start"],
        "subject": body["licensee"],
        "part": f"{body.get('source', 'auction')}/{body.get('lot', '1')}",
        "recorded_ms": row.recorded_ms,
        "document": row.document,
        "body": row.body,
    }


_BACK = """
INSERT INTO registry_version (kind, key, recorded_ms, document, body)
SELECT kind, subject || '/' || zone || '/' || start_ms, recorded_ms, document, body
FROM entitlement WHERE kind = 'allocation' ORDER BY id
"""


def downgrade() -> None:
    op.execute(_BACK)
    op.drop_table("entitlement")
