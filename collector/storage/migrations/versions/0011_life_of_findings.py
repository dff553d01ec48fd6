"""the life of findings: their steps, what one finding stands for"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("finding") as batch_op:
        batch_op.add_column(sa.Column("state", sa.Text(), nullable=False, server_default="open"))
        batch_op.add_column(sa.Column("times", sa.BigInteger(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("opened_ms", sa.BigInteger()))
    # when it was known of those found before was not kept: not before it was last seen
    op.execute("UPDATE finding SET opened_ms = last_ms")
    op.create_index("finding_by_state", "finding", ["state", "last_ms"])
    op.create_index("finding_by_opened", "finding", ["opened_ms"])
    op.create_table(
        "finding_member",
        sa.Column("finding", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_ms", sa.BigInteger()),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("finding", "subject", "first_ms"),
    )
    op.create_table(
        "finding_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("finding", sa.BigInteger(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text()),
        sa.Column("document", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("finding_step_by_finding", "finding_step", ["finding", "id"])


def downgrade() -> None:
    op.drop_table("finding_step")
    op.drop_table("finding_member")
    op.drop_index("finding_by_opened", "finding")
    op.drop_index("finding_by_state", "finding")
    with op.batch_alter_table("finding") as batch_op:
        for name in ("opened_ms", "times", "state"):
            batch_op.drop_column(name)
