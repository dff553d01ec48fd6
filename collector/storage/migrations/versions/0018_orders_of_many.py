"""orders of very many parts, and their outbox, found without reading all of them"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_INDEXES = (
    ("order_part_by_order", "order_part", ["order_id", "step", "result"]),
    ("order_step_by_part", "order_step", ["order_id", "part"]),
    ("order_command_by_part", "order_command", ["order_id", "part"]),
    ("outbox_by_sent", "outbox", ["sent_ms", "id"]),
    ("outbox_by_hash", "outbox", ["hash"]),
)


def upgrade() -> None:
    for name, table, columns in _INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _ in _INDEXES:
        op.drop_index(name, table)
