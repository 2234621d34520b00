"""A case's owner by code, and tasks by unit and by case: by them a department's own are found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ground_station.store.guards import Guard, drop_statements, guard_statements

revision = "r0060_dept"
down_revision = "r0050_store"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_cases_owner_code": ("cases", "owner_code", "due_utc", "id"),
    "ix_dispatches_unit": ("dispatches", "unit_code", "case_no"),
}
_ENDED = "('CLOSED', 'EVALUATED', 'REJECTED', 'MERGED', 'VOIDED')"
# As r0001 made it.
_CLOSED = Guard(
    name="cases_closed", table="cases", verb="UPDATE",
    condition=f"OLD.state IN {_ENDED} AND "
    "NOT (NEW.state IN ('EVALUATED', 'REOPENED') AND NEW.state <> OLD.state)",
    text="this case is closed; it can only be evaluated or reopened",
)  # fmt: skip
_CODE_IN_BODY = {
    "sqlite": "json_extract(body_json, '$.owner.code')",
    "postgresql": "CAST(body_json AS json) -> 'owner' ->> 'code'",
}


def upgrade() -> None:
    """Add it and fill it from the bodies, those of closed cases too; no body is changed."""
    dialect = op.get_context().dialect.name
    op.add_column("cases", sa.Column("owner_code", sa.Text(), nullable=False, server_default=""))
    _run(drop_statements(_CLOSED, dialect))
    code = _CODE_IN_BODY[dialect]
    op.execute(sa.text(f"UPDATE cases SET owner_code = COALESCE({code}, '')"))  # noqa: S608
    _run(guard_statements(_CLOSED, dialect))
    for name, (table, *columns) in _INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Take it away again; the owner stays in the body of each case."""
    for name, (table, *_) in _INDEXES.items():
        op.drop_index(name, table)
    op.drop_column("cases", "owner_code")


def _run(statements: list[str]) -> None:
    for statement in statements:
        op.execute(sa.text(statement.replace(":", "\\:")))
