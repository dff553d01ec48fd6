"""Frames as they came, their chains and their tree."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from collector.storage.tables.base import RowId, metadata

# frames are never changed and never deleted; the bytes of one whose `raw` is empty are
# in an archive, a file
frame = Table(
    "frame",
    metadata,
    Column("position", RowId, primary_key=True, autoincrement=False),
    Column("gateway", LargeBinary, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("stream", SmallInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("received_ms", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    UniqueConstraint("gateway", "epoch", "stream", "seq", "hash"),
)
checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("raw", LargeBinary, nullable=False),
)
# the tree's full subtrees of 2^level frames, for every eighth level; the first is number 0
tree_node = Table(
    "tree_node",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)
# `bytes` and `sha256` are of the file of frames
archive = Table(
    "archive",
    metadata,
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("made_ms", BigInteger, nullable=False),
)
# each begins a generation of the tree, named by its Unix time in seconds; `size`: how many frames
# it has in common with the one before; `checkpoint`: the last message known of that one
restoration = Table(
    "restoration",
    metadata,
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("size", BigInteger, nullable=False),
    Column("checkpoint", LargeBinary),
    Column("restored_ms", BigInteger, nullable=False),
)
follower = Table(
    "follower",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
chain = Table(
    "chain",
    metadata,
    Column("gateway", LargeBinary, primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", SmallInteger, primary_key=True, autoincrement=False),
    Column("upto", BigInteger, nullable=False),
    Column("highest", BigInteger, nullable=False),
)
# what is held beyond the first gap: runs of seqs that touch neither each other nor `upto`
held_range = Table(
    "held_range",
    metadata,
    Column("gateway", LargeBinary, primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", SmallInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)
chain_fault = Table(
    "chain_fault",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("gateway", LargeBinary, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("stream", SmallInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("fault", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    UniqueConstraint("gateway", "epoch", "stream", "seq", "fault"),
)
dropped_range = Table(
    "dropped_range",
    metadata,
    Column("gateway", LargeBinary, primary_key=True),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("last", BigInteger, primary_key=True, autoincrement=False),
)
frame_flag = Table(
    "frame_flag",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("flag", Text, primary_key=True),
)

# what instruments said of themselves, at their places in the gateways' billing chains
identity = Table(
    "identity",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("record", Integer, primary_key=True, autoincrement=False),
    Column("gateway", LargeBinary, nullable=False),
    Column("slot", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("meter", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("is_serial", Boolean),
    Column("is_ratio", Boolean),
    Column("body", Text, nullable=False),
    Index("identity_by_meter", "gateway", "slot", "meter", "epoch", "seq"),
    Index("identity_by_time", "meter", "at_ms"),
)
