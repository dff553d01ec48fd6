"""what is held beyond the first gap of a chain, as ranges"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# What the chain follower has not passed yet it adds itself; a frame twice there is one range.
_FILL = """
INSERT INTO held_range (gateway, epoch, stream, first, last)
SELECT gateway, epoch, stream, min(seq), max(seq)
FROM (
    SELECT gateway, epoch, stream, seq,
           seq - row_number() OVER (PARTITION BY gateway, epoch, stream ORDER BY seq) AS run
    FROM (
        SELECT DISTINCT frame.gateway, frame.epoch, frame.stream, frame.seq
        FROM frame
        JOIN chain ON chain.gateway = frame.gateway AND chain.epoch = frame.epoch
                  AND chain.stream = frame.stream
        WHERE chain.highest > chain.upto AND frame.seq > chain.upto
          AND frame.seq <= chain.highest
          AND frame.position <= (SELECT position FROM follower WHERE name = 'chain')
    ) AS beyond
) AS numbered
GROUP BY gateway, epoch, stream, run
"""


def upgrade() -> None:
    op.create_table(
        "held_range",
        sa.Column("gateway", sa.LargeBinary(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stream", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gateway", "epoch", "stream", "first"),
    )
    op.execute(_FILL)


def downgrade() -> None:
    op.drop_table("held_range")
