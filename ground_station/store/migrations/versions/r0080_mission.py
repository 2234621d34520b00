"""Missions: one a plan, from its drawing to its signed log; a closed one never changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ground_station.store.guards import Guard, drop_statements, guard_statements

revision = "r0080_mission"
down_revision = "r0070_clear"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_missions_sortie": ("sortie",),
    "ix_missions_t": ("t_utc", "id", "grid_code"),
    "ix_missions_state": ("state", "t_utc", "id"),
    "ix_missions_day": ("day", "t_utc", "id"),
    "ix_missions_continues": ("continues",),
}
_CLOSED = "this mission is closed; its log never changes"
_GUARDS = (
    Guard(
        name="missions_closed_update", table="missions", verb="UPDATE",
        condition="OLD.state = 'CLOSED'", text=_CLOSED,
    ),
    Guard(
        name="missions_no_delete", table="missions", verb="DELETE",
        condition="OLD.state NOT IN ('DRAFT', 'PLANNED', 'CANCELLED')",
        text="a mission that was cleared is never deleted",
    ),
    Guard(
        name="missions_identity", table="missions", verb="UPDATE",
        condition="NEW.id <> OLD.id OR NEW.continues <> OLD.continues "
        "OR NEW.is_exercise <> OLD.is_exercise",
        text="number, origin and exercise mark of a mission never change",
    ),
)  # fmt: skip


def upgrade() -> None:
    """Make the table; plans of before have no mission, and none is made up for them."""
    op.create_table(
        "missions",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("sortie", sa.Text(), nullable=False),
        sa.Column("grid_code", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("t_utc", sa.Text(), nullable=False),
        sa.Column("is_exercise", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("continues", sa.Text(), nullable=False),
        sa.Column("body_json", sa.Text(), nullable=False),
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, "missions", columns)
    for guard in _GUARDS:
        _run(guard_statements(guard, op.get_context().dialect.name))


def downgrade() -> None:
    """Take it away again; every step of a mission stays in the audit log."""
    for guard in _GUARDS:
        _run(drop_statements(guard, op.get_context().dialect.name))
    for name in _INDEXES:
        op.drop_index(name, "missions")
    op.drop_table("missions")


def _run(statements: list[str]) -> None:
    for statement in statements:
        op.execute(sa.text(statement.replace(":", "\\:")))
