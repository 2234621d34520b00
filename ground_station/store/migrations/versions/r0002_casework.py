"""Dispatches, citizens' reports, whistles and notices: what leads to a case and from it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0002c"
down_revision = "r0001"
branch_labels = None
depends_on = None

_RECORDS = {
    "dispatches": ("case_no", "unit_code"),
    "citizen_reports": ("case_no",),
    "whistles": ("report_id",),
    "notices": ("audience",),
}


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


def downgrade() -> None:
    """Take the tables away again; what is in them stays in the audit log."""
    for name in reversed(_RECORDS):
        op.drop_index(f"ix_{name}_sortie", name)
        op.drop_table(name)
