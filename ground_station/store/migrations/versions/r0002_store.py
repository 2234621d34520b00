"""What consoles search by, the scope of audit rows, retention policies and legal holds."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

from ground_station.store.guards import (
    Guard,
    append_only,
    drop_statements,
    guard_statements,
    no_truncate,
)
from patrol.errors import ConfigError

revision = "r0002_store"
down_revision = "r0001"
branch_labels = None
depends_on = None

_INDEXES = {
    "ix_audit_object": ("audit", "object", "seq"),
    "ix_audit_t": ("audit", "t_utc", "seq"),
    "ix_audit_action": ("audit", "action", "seq"),
    "ix_audit_actor": ("audit", "actor", "seq"),
    "ix_sorties_t": ("sorties", "t_utc", "id", "grid_code", "state"),
    "ix_alerts_t": ("alerts", "t_utc", "id"),
    "ix_alerts_live": ("alerts", "is_live", "t_utc", "id", "grid_code"),
    "ix_sightings_t": ("sightings", "t_utc", "id"),
    "ix_announcements_t": ("announcements", "t_utc", "id"),
    "ix_announcements_alert": ("announcements", "alert_id"),
    "ix_effects_alert": ("effects", "alert_id"),
    "ix_cases_t": ("cases", "t_utc", "id"),
    "ix_cases_newest": ("cases", "is_open", "t_utc", "id", "grid_code"),
    "ix_cases_queue": ("cases", "is_open", "due_utc", "id", "grid_code"),
    "ix_cases_tier": ("cases", "is_open", "tier", "due_utc", "id"),
    "ix_cases_owner": ("cases", "is_open", "owner_unit", "due_utc", "id"),
    "ix_case_history_case": ("case_history", "case_no", "seq"),
    "ix_case_history_sortie": ("case_history", "sortie"),
    "ix_corrections_sortie": ("corrections", "sortie"),
}
_APPENDED = {
    "retention_policies": ("version",),
    "legal_holds": ("covers", "event", "reason"),
}
_LIVE = "('RAISED', 'ACKNOWLEDGED', 'ANNOUNCING', 'OBSERVING', 'PERSISTING')"
_ENDED = "('CLOSED', 'EVALUATED', 'REJECTED', 'MERGED', 'VOIDED')"
_OLDER = ("audit", "case_history", "corrections", "patrol_logs")
_NO_UPDATE = append_only("audit")[0]


def upgrade() -> None:
    """Add all of it; nothing that is there is changed."""
    op.add_column("audit", sa.Column("scope", sa.Text(), nullable=False, server_default=""))
    _fill_scopes()
    for table, name in (("alerts", "is_live"), ("cases", "is_open")):
        op.add_column(
            table,
            sa.Column(
                name, sa.Boolean(create_constraint=False), nullable=False,
                server_default=sa.false(),
            ),
        )  # fmt: skip
    # Closed ones keep the default: their guards would refuse the change, and it is right for them.
    op.execute(sa.text(f"UPDATE alerts SET is_live = true WHERE state IN {_LIVE}"))  # noqa: S608
    op.execute(sa.text(f"UPDATE cases SET is_open = true WHERE state NOT IN {_ENDED}"))  # noqa: S608
    for name, extra in _APPENDED.items():
        _make_appended(name, extra)
    for name, (table, *columns) in _INDEXES.items():
        op.create_index(name, table, columns)
    for guard in _guards():
        _run(guard_statements(guard, _dialect()))


def downgrade() -> None:
    """Take it away again; the scopes stay in the bodies of the audit rows.

    ConfigError when there is a policy or a hold: an older program would not heed them.
    """
    for name in _APPENDED:
        query = f"SELECT count(*) FROM {name}"  # noqa: S608  # our own tables
        if op.get_bind().execute(sa.text(query)).scalar_one():
            raise ConfigError(f"there are {name} in this database: an older program ignores them")
    for guard in _guards():
        _run(drop_statements(guard, _dialect()))
    for name, (table, *_) in _INDEXES.items():
        op.drop_index(name, table)
    for name in _APPENDED:
        op.drop_table(name)
    op.drop_column("cases", "is_open")
    op.drop_column("alerts", "is_live")
    op.drop_column("audit", "scope")


def _guards() -> list[Guard]:
    guards = [no_truncate(table) for table in _OLDER]
    for table in _APPENDED:
        guards += append_only(table)
    return guards


def _fill_scopes() -> None:
    """A database that was once downgraded has scopes in its bodies: fill the column from them."""
    if op.get_context().as_sql:  # written out for a server's keeper: there is nothing in it yet
        return
    connection = op.get_bind()
    rows = connection.execute(
        sa.text("SELECT seq, body_json FROM audit WHERE body_json LIKE '%\"@scope\"%'")
    ).all()
    if not rows:
        return
    _run(drop_statements(_NO_UPDATE, _dialect()))
    for seq, body in rows:
        connection.execute(
            sa.text("UPDATE audit SET scope = :scope WHERE seq = :seq"),
            {"scope": json.loads(body).get("@scope", ""), "seq": seq},
        )
    _run(guard_statements(_NO_UPDATE, _dialect()))


def _make_appended(name: str, extra: tuple[str, ...]) -> None:
    texts = [sa.Column(c, sa.Text(), nullable=False) for c in ("t_utc", "actor", "role", *extra)]
    op.create_table(
        name,
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        *texts,
        sa.Column("is_exercise", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("body_json", sa.Text(), nullable=False),
    )


def _run(statements: list[str]) -> None:
    for statement in statements:
        op.execute(sa.text(statement.replace(":", "\\:")))


def _dialect() -> str:
    return op.get_context().dialect.name
