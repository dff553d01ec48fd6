"""feeders and months as others metered them, decisions on them, ratios that were wrong"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feeder_energy",
        sa.Column("feeder", sa.Text(), nullable=False),
        sa.Column("point", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("length_ms", sa.BigInteger(), nullable=False),
        sa.Column("energy_wh", sa.Text(), nullable=False),
        sa.Column("power_factor_permille", sa.Integer()),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("feeder", "point", "start_ms", "version"),
    )
    op.create_table(
        "month_statement",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("energy_wh", sa.Text(), nullable=False),
        sa.Column("step_wh", sa.Text(), nullable=False),
        sa.Column("accuracy_class", sa.Text()),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "source", "month", "version"),
    )
    op.create_table(
        "month_decision",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holds", sa.Text(), nullable=False),
        sa.Column("energy_wh", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("statement_version", sa.Integer()),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "month", "version"),
    )
    op.create_table(
        "ratio_in_truth",
        sa.Column("meter", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("valid_until", sa.BigInteger()),
        sa.Column("ratio", sa.Text(), nullable=False),
        sa.Column("configured", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("meter", "valid_from"),
    )


def downgrade() -> None:
    for name in (
        "ratio_in_truth",
        "month_decision",
        "month_statement",
        "feeder_energy",
    ):
        op.drop_table(name)
