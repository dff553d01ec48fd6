"""energy of quarters and hours, their edits, and what is to be closed"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# what was taken in before is closed as well
MARK_ALL = """
INSERT INTO interval_due (meter, quantity, at_ms, due_ms)
SELECT DISTINCT meter, quantity, at_ms, 0 FROM snapshot
WHERE quantity IN ('active_energy_import', 'active_energy_export')
"""
_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "interval_energy",
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("length_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("start_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=True),
        sa.Column("quantum", sa.Text(), nullable=True),
        sa.Column("error_wh", sa.Text(), nullable=True),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("rules_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("is_by_days", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("start_position", sa.BigInteger(), nullable=True),
        sa.Column("end_position", sa.BigInteger(), nullable=True),
        sa.Column("edit", sa.BigInteger(), nullable=True),
        sa.Column("closed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("meter", "quantity", "length_ms", "start_ms", "version"),
    )
    op.create_table(
        "interval_edit",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("energy_wh", sa.Text(), nullable=True),
        sa.Column("error_wh", sa.Text(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("undoes"),
    )
    by_start = ["meter", "quantity", "start_ms"]
    op.create_index("interval_edit_by_start", "interval_edit", by_start)
    op.create_table(
        "interval_due",
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("meter", "quantity", "at_ms"),
    )
    op.create_index("interval_due_by_time", "interval_due", ["at_ms", "meter", "quantity"])
    op.create_table(
        "interval_meter",
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.Column("is_successor", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("meter"),
    )
    op.execute(MARK_ALL)


def downgrade() -> None:
    for table in ("interval_meter", "interval_due", "interval_edit", "interval_energy"):
        op.drop_table(table)
