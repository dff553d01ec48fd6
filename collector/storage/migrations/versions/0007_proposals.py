"""who changed the register, and what waits for a second person"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("registry_version", sa.Column("recorded_by", sa.Text()))
    op.add_column("registry_version", sa.Column("approved_by", sa.Text()))
    op.create_table(
        "registry_proposal",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("proposed_ms", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("registry_proposal")
    op.drop_column("registry_version", "approved_by")
    op.drop_column("registry_version", "recorded_by")
