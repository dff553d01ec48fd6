"""parts of orders, every step as it was taken, commands with their answers, moving contacts"""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NAMES = {"uq": "uq_%(table_name)s_%(column_0_name)s"}
_WHOLE = ("drafted", "approved")
_ACTIONS = {"issued": 1, "released": 2}
_OBEYED = ("applied", "verified", "restored")
_APPLIED = 2


def upgrade() -> None:
    _take_unique_off()
    op.create_table(
        "order_part",
        sa.Column("order_id", sa.LargeBinary(), nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("site", sa.Text(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("licensee", sa.Text(), nullable=False),
        sa.Column("stages", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("result", sa.Text()),
        sa.PrimaryKeyConstraint("order_id", "part"),
    )
    op.create_table(
        "order_command",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.LargeBinary(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("stages", sa.Text(), nullable=False),
        sa.Column("until_ms", sa.BigInteger()),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("issued_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.SmallInteger()),
        sa.Column("answer_reason", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "stage_movement",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("gateway", sa.Text(), nullable=False),
        sa.Column("stage", sa.SmallInteger(), nullable=False),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("position", "record"),
    )
    _give_each_order_its_part()
    op.create_index("order_by_step", "order", ["step"])
    op.create_index("order_part_by_gateway", "order_part", ["gateway", "step"])
    op.create_index("order_step_by_order", "order_step", ["order_id", "id"])
    op.create_index("order_step_by_recorded", "order_step", ["recorded_ms"])
    op.create_index("order_command_by_order", "order_command", ["order_id", "id"])
    op.create_index("order_command_by_gateway", "order_command", ["gateway", "id"])
    op.create_index("stage_movement_by_time", "stage_movement", ["gateway", "stage", "at_ms"])


def downgrade() -> None:
    for index, table in (
        ("order_by_step", "order"),
        ("order_step_by_order", "order_step"),
        ("order_step_by_recorded", "order_step"),
    ):
        op.drop_index(index, table)
    for table in ("stage_movement", "order_command", "order_part"):
        op.drop_table(table)
    # the older program knows one of each step: the newest
    op.execute(
        "DELETE FROM order_step WHERE id NOT IN"
        " (SELECT max(id) FROM order_step GROUP BY order_id, step)"
    )
    with op.batch_alter_table("order_step") as batch_op:
        batch_op.drop_column("part")
        batch_op.create_unique_constraint("order_step_order_id_step_key", ["order_id", "step"])


def _take_unique_off() -> None:
    """A step may be taken again."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("order_step_order_id_step_key", "order_step", type_="unique")
        op.add_column("order_step", sa.Column("part", sa.Integer()))
        return
    names = {
        each["name"] or _NAMES["uq"] % {"table_name": "order_step", "column_0_name": "order_id"}
        for each in sa.inspect(op.get_bind()).get_unique_constraints("order_step")
    }
    with op.batch_alter_table("order_step", naming_convention=_NAMES) as batch_op:
        for name in names:
            batch_op.drop_constraint(name, type_="unique")
        batch_op.add_column(sa.Column("part", sa.Integer()))


def _give_each_order_its_part() -> None:
    """An order of an older program was one gateway's."""
    connection = op.get_bind()
    orders = sa.table("order", *map(sa.column, ("id", "site", "step", "result", "body")))
    part = sa.table(
        "order_part",
        *map(
            sa.column,
            ("order_id", "part", "site", "gateway", "licensee", "stages", "step", "result"),
        ),
    )
    steps = sa.table("order_step", *map(sa.column, ("id", "order_id", "part", "step", "body")))
    orders_kept = {}
    for row in connection.execute(sa.select(orders)).all():
        body = _read(row.body)
        orders_kept[row.id] = (body, row.step in _OBEYED)
        connection.execute(
            sa.insert(part).values(
                order_id=row.id,
                part=1,
                site=row.site,
                gateway=body.get("gateway", ""),
                licensee=body.get("licensee", ""),
                stages=json.dumps(body.get("stages", [])),
                step=row.step,
                result=row.result,
            )
        )
    connection.execute(sa.update(steps).where(steps.c.step.not_in(_WHOLE)).values(part=1))
    for row in connection.execute(sa.select(steps).order_by(steps.c.id)).all():
        details = _read(row.body)
        if "command" in details and row.step in _ACTIONS and row.order_id in orders_kept:
            body, is_obeyed = orders_kept[row.order_id]
            _keep_command(connection, row, body, details, is_obeyed=is_obeyed)


def _keep_command(
    connection: sa.Connection,
    row: Any,
    body: dict[str, Any],
    details: dict[str, Any],
    *,
    is_obeyed: bool,
) -> None:
    names = (
        "order_id", "part", "gateway", "counter", "action", "stages", "until_ms", "hash",
        "issued_ms", "expires_ms", "answer",
    )  # fmt: skip
    command = sa.table("order_command", *map(sa.column, names))
    connection.execute(
        sa.insert(command).values(
            order_id=row.order_id,
            part=1,
            gateway=body.get("gateway", ""),
            counter=details["counter"],
            action=_ACTIONS[row.step],
            stages=json.dumps(details.get("stages", body.get("stages", []))),
            until_ms=details.get("until_ms"),
            hash=bytes.fromhex(details["command"]),
            issued_ms=details["sent_ms"],
            expires_ms=details["expires_ms"],
            answer=_APPLIED if is_obeyed else None,
        )
    )


def _read(body: str) -> dict[str, Any]:
    """What is no object says nothing."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
