"""what each stage's contact was last said to be

What was said before is not filled in: a gateway says it again when a contact moves, and when it
starts; `esep collector rebuild-intervals` reads it from the ledger.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stage_contact",
        sa.Column("gateway", sa.LargeBinary(), nullable=False),
        sa.Column("stage", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gateway", "stage"),
    )


def downgrade() -> None:
    op.drop_table("stage_contact")
