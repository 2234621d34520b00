"""The centre's own records: dispatches, reports, whistles, notices, shifts and wordings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ground_station.store.guards import Guard, drop_statements, guard_statements

revision = "r0003"
down_revision = "r0002_store"
branch_labels = None
depends_on = None

_RECORDS = {
    "dispatches": ("case_no", "unit_code"),
    "citizen_reports": ("case_no",),
    "whistles": ("report_id",),
    "notices": ("audience",),
    "shifts": ("day",),
    "template_versions": ("template_id",),
}
_CLOSED_SHIFT = "this shift is closed; its log never changes"
_USED_WORDS = "approved words never change; write a new version"
_GUARDS = (
    Guard(
        name="shifts_closed_update", table="shifts", verb="UPDATE",
        condition="OLD.state = 'CLOSED'", text=_CLOSED_SHIFT,
    ),
    Guard(
        name="shifts_closed_delete", table="shifts", verb="DELETE",
        condition="OLD.state = 'CLOSED'", text=_CLOSED_SHIFT,
    ),
    Guard(
        name="template_versions_approved", table="template_versions", verb="UPDATE",
        condition="OLD.state = 'RETIRED' OR (OLD.state = 'APPROVED' AND NEW.state <> 'RETIRED')",
        text=_USED_WORDS,
    ),
    Guard(
        name="template_versions_no_delete", table="template_versions", verb="DELETE",
        condition="OLD.state <> 'DRAFT'", text=_USED_WORDS,
    ),
)  # fmt: skip


def upgrade() -> None:
    """Make the tables."""
    for name, extra in _RECORDS.items():
        op.create_table(
            name,
            sa.Column("id", sa.Text(), primary_key=True),
            sa.Column("sortie", sa.Text(), nullable=False),
            sa.Column("grid_code", sa.Text(), nullable=True),
            sa.Column("state", sa.Text(), nullable=False),
            sa.Column("t_utc", sa.Text(), nullable=False),
            sa.Column("is_exercise", sa.Boolean(create_constraint=False), nullable=False),
            *(sa.Column(column, sa.Text(), nullable=False) for column in extra),
            sa.Column("body_json", sa.Text(), nullable=False),
        )
        op.create_index(f"ix_{name}_sortie", name, ["sortie"])
    op.create_table(
        "replays",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("media_type", "body", "t_utc")),
    )
    for guard in _GUARDS:
        _run(guard_statements(guard, op.get_context().dialect.name))


def downgrade() -> None:
    """Take the tables away again; what is in them stays in the audit log."""
    for guard in _GUARDS:
        _run(drop_statements(guard, op.get_context().dialect.name))
    op.drop_table("replays")
    for name in reversed(_RECORDS):
        op.drop_index(f"ix_{name}_sortie", name)
        op.drop_table(name)


def _run(statements: list[str]) -> None:
    for statement in statements:
        op.execute(sa.text(statement.replace(":", "\\:")))
