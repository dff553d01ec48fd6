"""when each closing of a period was known"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("period_result") as batch_op:
        batch_op.add_column(sa.Column("closed_ms", sa.BigInteger()))


def downgrade() -> None:
    with op.batch_alter_table("period_result") as batch_op:
        batch_op.drop_column("closed_ms")
