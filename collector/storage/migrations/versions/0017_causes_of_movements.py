"""what moved a stage's contact"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("stage_movement", sa.Column("cause", sa.Text()))


def downgrade() -> None:
    with op.batch_alter_table("stage_movement") as batch:
        batch.drop_column("cause")
