"""orders for a setpoint, in whose name a contact moved; blocks of the return of load"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("order_part", sa.Column("cap_w", sa.BigInteger()))
    op.add_column("stage_movement", sa.Column("order_id", sa.LargeBinary()))
    op.create_table(
        "return_block",
        sa.Column("id", _ROW_ID, primary_key=True),
        sa.Column("block", sa.BigInteger()),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text()),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text()),
    )


def downgrade() -> None:
    op.drop_table("return_block")
    with op.batch_alter_table("stage_movement") as batch:
        batch.drop_column("order_id")
    with op.batch_alter_table("order_part") as batch:
        batch.drop_column("cap_w")
