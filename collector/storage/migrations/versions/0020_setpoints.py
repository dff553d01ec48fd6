"""orders for a setpoint: how much a part's site may draw; in whose name a contact moved"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("order_part", sa.Column("cap_w", sa.BigInteger()))
    op.add_column("stage_movement", sa.Column("order_id", sa.LargeBinary()))


def downgrade() -> None:
    with op.batch_alter_table("stage_movement") as batch:
        batch.drop_column("order_id")
    with op.batch_alter_table("order_part") as batch:
        batch.drop_column("cap_w")
