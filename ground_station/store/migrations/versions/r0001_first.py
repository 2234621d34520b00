"""The first tables, and the guards that keep the audit log and closed patrol logs as they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ground_station.store.guards import Guard, drop_statements, guard_statements
from patrol.errors import ConfigError

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None

_RECORDS = {
    "plans": ("digest", "approved_by"),
    "sorties": ("plan_id",),
    "sightings": ("rule",),
    "alerts": ("level", "case_no"),
    "announcements": ("alert_id", "template_id", "released_by", "audio_sha256"),
    "effects": ("alert_id",),
    "cases": ("alert_id", "tier", "owner_unit", "owner_person", "due_utc"),
}
_APPENDED = {
    "case_history": ("case_no", "sortie", "event", "from_state", "to_state"),
    "corrections": ("sortie", "text"),
}
_FROZEN = ("sorties", "sightings", "alerts", "announcements", "effects")
_ENDED = "('CLOSED', 'EVALUATED', 'REJECTED', 'MERGED', 'VOIDED')"


def upgrade() -> None:
    """Make everything."""
    _make_audit()
    for name, extra in _RECORDS.items():
        _make_records(name, extra)
    for name, extra in _APPENDED.items():
        _make_appended(name, extra)
    op.create_table(
        "patrol_logs",
        sa.Column("sortie", sa.Text(), primary_key=True),
        *_texts("closed_utc", "closed_by", "records_hash", "covers_json", "body_json"),
        sa.Column("audit_seq", sa.Integer(), nullable=False),
        *_texts("audit_hash"),
        _flag("is_exercise"),
    )
    op.create_table(
        "counters",
        sa.Column("scope", sa.Text(), primary_key=True),
        sa.Column("last", sa.Integer(), nullable=False),
    )
    op.create_table("meta", sa.Column("name", sa.Text(), primary_key=True), *_texts("value"))
    dialect = op.get_context().dialect.name
    for guard in _guards():
        for statement in guard_statements(guard, dialect):
            op.execute(sa.text(statement.replace(":", "\\:")))
    op.execute(sa.text("INSERT INTO meta VALUES ('audit_format', 'gridpatrol-audit/1')"))


def downgrade() -> None:
    """Drop everything again, if nothing was recorded: records are never dropped."""
    connection = op.get_bind()
    if connection.execute(sa.text("SELECT count(*) FROM audit")).scalar_one():
        raise ConfigError("there are records in this database, and records are never dropped")
    for guard in _guards():
        for statement in drop_statements(guard, connection.dialect.name):
            op.execute(sa.text(statement))
    for name in (*_RECORDS, *_APPENDED, "audit", "patrol_logs", "counters", "meta"):
        op.drop_table(name)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(create_constraint=False), nullable=False)


def _make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        *_texts("t_utc", "actor", "role"),
        _flag("is_automatic"),
        *_texts("action", "object"),
        _flag("is_exercise"),
        *_texts("request_id", "cause_id", "body_json", "prev_hash", "hash"),
    )


def _make_records(name: str, extra: tuple[str, ...]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Text(), primary_key=True),
        *_texts("sortie"),
        sa.Column("grid_code", sa.Text(), nullable=True),
        *_texts("state", "t_utc"),
        _flag("is_exercise"),
        *_texts(*extra, "body_json"),
    )
    op.create_index(f"ix_{name}_sortie", name, ["sortie"])


def _make_appended(name: str, extra: tuple[str, ...]) -> None:
    op.create_table(
        name,
        sa.Column("seq", sa.Integer(), primary_key=True, autoincrement=False),
        *_texts("t_utc", "actor", "role", *extra),
        _flag("is_exercise"),
        *_texts("body_json"),
    )


def _guards() -> list[Guard]:
    guards = []
    for table in ("audit", *_APPENDED):
        # The next number only: REPLACE would otherwise take a row away without a DELETE.
        following = f"(SELECT COALESCE(MAX(seq), 0) + 1 FROM {table})"  # noqa: S608  # our tables
        guards += _append_only(table, f"NEW.seq <> {following}")
    guards += _append_only(
        "patrol_logs", "EXISTS (SELECT 1 FROM patrol_logs WHERE sortie = NEW.sortie)"
    )
    for table in _FROZEN:
        guards += _frozen(table)
    return guards + _plan_guards() + _case_guards() + _counter_guards()


def _append_only(table: str, bad_insert: str) -> list[Guard]:
    text = f"rows of {table} are only appended, never changed"
    return [
        Guard(name=f"{table}_no_update", table=table, verb="UPDATE", condition="1 = 1", text=text),
        Guard(name=f"{table}_no_delete", table=table, verb="DELETE", condition="1 = 1", text=text),
        Guard(
            name=f"{table}_in_order", table=table, verb="INSERT", condition=bad_insert, text=text
        ),
    ]


def _frozen(table: str) -> list[Guard]:
    text = "the patrol log of this sortie is closed; append a correction instead"
    closed = "EXISTS (SELECT 1 FROM patrol_logs WHERE sortie = {row}.sortie)"
    old, new = closed.format(row="OLD"), closed.format(row="NEW")
    return [
        Guard(
            name=f"{table}_closed_update", table=table, verb="UPDATE",
            condition=f"{old} OR {new}", text=text,
        ),
        Guard(name=f"{table}_closed_delete", table=table, verb="DELETE", condition=old, text=text),
        Guard(name=f"{table}_closed_insert", table=table, verb="INSERT", condition=new, text=text),
    ]  # fmt: skip


def _plan_guards() -> list[Guard]:
    flown = (
        "EXISTS (SELECT 1 FROM sorties JOIN patrol_logs ON patrol_logs.sortie = sorties.id "
        "WHERE sorties.plan_id = OLD.id)"
    )
    text = "this plan belongs to a closed patrol log"
    return [
        Guard(
            name=f"plans_flown_{verb.lower()}", table="plans", verb=verb, condition=flown, text=text
        )
        for verb in ("UPDATE", "DELETE")
    ]


def _case_guards() -> list[Guard]:
    return [
        Guard(
            name="cases_no_delete", table="cases", verb="DELETE", condition="1 = 1",
            text="a case is never deleted",
        ),
        Guard(
            name="cases_identity", table="cases", verb="UPDATE",
            condition="NEW.id <> OLD.id OR NEW.sortie <> OLD.sortie "
            "OR NEW.alert_id <> OLD.alert_id OR NEW.is_exercise <> OLD.is_exercise",
            text="number, alert, sortie and exercise mark of a case never change",
        ),
        Guard(
            name="cases_closed", table="cases", verb="UPDATE",
            condition=f"OLD.state IN {_ENDED} AND "
            "NOT (NEW.state IN ('EVALUATED', 'REOPENED') AND NEW.state <> OLD.state)",
            text="this case is closed; it can only be evaluated or reopened",
        ),
    ]  # fmt: skip


def _counter_guards() -> list[Guard]:
    text = "numbers are never used twice"
    return [
        Guard(
            name="counters_no_delete", table="counters", verb="DELETE", condition="1 = 1", text=text
        ),
        Guard(
            name="counters_up", table="counters", verb="UPDATE",
            condition="NEW.last <= OLD.last OR NEW.scope <> OLD.scope", text=text,
        ),
    ]  # fmt: skip
