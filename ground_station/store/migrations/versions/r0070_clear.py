"""Clearances: by which law and papers a plan was cleared, and again at its launch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ground_station.store.guards import Guard, drop_statements, guard_statements, no_truncate

revision = "r0070_clear"
down_revision = "r0060_dept"
branch_labels = None
depends_on = None

_COLUMNS = ("plan_id", "law_version")
_GUARDS = (
    *(
        Guard(
            name=f"clearances_no_{verb.lower()}", table="clearances", verb=verb, condition="1 = 1",
            text="a clearance never changes; clear the plan again",
        )
        for verb in ("UPDATE", "DELETE")
    ),
    no_truncate("clearances"),
)  # fmt: skip


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "clearances",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("sortie", sa.Text(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("t_utc", sa.Text(), nullable=False),
        sa.Column("is_exercise", sa.Boolean(create_constraint=False), nullable=False),
        *(sa.Column(column, sa.Text(), nullable=False) for column in _COLUMNS),
        sa.Column("body_json", sa.Text(), nullable=False),
    )
    op.create_index("ix_clearances_sortie", "clearances", ["sortie"])
    op.create_index("ix_clearances_plan", "clearances", ["plan_id", "t_utc"])
    for guard in _GUARDS:
        _run(guard_statements(guard, op.get_context().dialect.name))


def downgrade() -> None:
    """Take it away again; what was in it stays in the audit log."""
    for guard in _GUARDS:
        _run(drop_statements(guard, op.get_context().dialect.name))
    for name in ("ix_clearances_plan", "ix_clearances_sortie"):
        op.drop_index(name, "clearances")
    op.drop_table("clearances")


def _run(statements: list[str]) -> None:
    for statement in statements:
        op.execute(sa.text(statement.replace(":", "\\:")))
