"""Narrow rows beside the records that figures and clocks are read from; indexes of the lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ground_station.store import figures

revision = "r0050_store"
down_revision = "r0040"
branch_labels = None
depends_on = None

_CENTRE = ("dispatches", "citizen_reports", "whistles", "notices", "shifts", "template_versions")
_INDEXES = {
    "ix_case_history_event": ("case_history", "event", "t_utc", "case_no"),
    "ix_cases_alert": ("cases", "alert_id"),
    "ix_cases_due": ("cases", "due_utc", "id", "state", "grid_code"),
    "ix_cases_state": ("cases", "state", "due_utc", "id", "grid_code"),
    "ix_alerts_state": ("alerts", "state", "t_utc", "id", "grid_code"),
    "ix_sorties_state": ("sorties", "state", "t_utc", "id", "grid_code"),
    "ix_sorties_grid": ("sorties", "grid_code", "t_utc"),
    "ix_dispatches_case": ("dispatches", "case_no"),
    "ix_citizen_reports_case": ("citizen_reports", "case_no"),
    **{f"ix_{name}_t": (name, "t_utc", "id", "grid_code") for name in _CENTRE},
    **{f"ix_{name}_state": (name, "state", "t_utc", "id") for name in _CENTRE},
    "ix_case_figures_closed": ("case_figures", "is_exercise", "kind", "is_done", "closed_utc"),
    "ix_alert_figures_raised": ("alert_figures", "is_exercise", "raised_us", "lat_deg"),
    "ix_dispatch_figures_open": ("dispatch_figures", "is_exercise", "is_open", "due_us"),
    "ix_case_figures_open": ("case_figures", "is_exercise", "is_open"),
}
_FIGURES = (
    "alert_figures", "case_figures", "dispatch_figures", "announcement_figures", "effect_figures",
    "sighting_figures", "sortie_figures",
)  # fmt: skip


def upgrade() -> None:
    """Make the tables and fill them from the records there are."""
    _make_alerts()
    _make_cases()
    _make("dispatch_figures", _text("case_no"), _text("unit"), _is("is_open"), _us("due_us"))
    _make("announcement_figures", _is("is_played"), _is("is_at_night"))
    _make(
        "effect_figures",
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("valid_looks", sa.Integer(), nullable=False),
    )
    _make("sighting_figures", sa.Column("nearest_m", sa.Float(), nullable=True), _is("is_too_near"))
    _make("sortie_figures", _text("day"), _is("is_whole"), _is("is_abnormal"))
    for name, (table, *columns) in _INDEXES.items():
        op.create_index(name, table, columns)
    if not op.get_context().as_sql:  # written out for a server's keeper: nothing is in it yet
        figures.make_all(op.get_bind())


def downgrade() -> None:
    """Take them away: everything in them follows from the records."""
    for name, (table, *_) in _INDEXES.items():
        op.drop_index(name, table)
    for name in _FIGURES:
        op.drop_index(f"ix_{name}_t", name)
        op.drop_table(name)


def _make_alerts() -> None:
    _make(
        "alert_figures",
        _text("rule"), _text("hour"), _us("raised_us"), _is("is_unanswered"),
        _is("is_acknowledged"), _is("is_dismissed"), _text("dismissed_reason"),
        _us("acknowledged_after_us"), _us("words_after_us"), _text("relapse_of"),
        sa.Column("lat_deg", sa.Float(), nullable=False),
        sa.Column("lon_deg", sa.Float(), nullable=False),
        _is("is_watched"), _is("is_spoken"), _text("template_id"), _us("began_us"),
        _text("verdict"), _us("gone_us"), _us("dispersed_after_us"), _us("watched_us"),
        _is("is_relapsed"),
    )  # fmt: skip


def _make_cases() -> None:
    _make(
        "case_figures",
        _text("kind"), _text("state"), _text("tier"), _is("is_open"), _is("is_record_only"),
        _is("is_done"), _is("is_on_time"), _is("is_dispatched"), _us("accepted_after_us"),
        _us("closed_after_us"), _text("closed_utc"), _us("due_us"), _text("clock"),
        _us("clock_us"), _us("handle_us"),
    )  # fmt: skip


def _make(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Text(), primary_key=True),
        _text("t_utc"),
        sa.Column("grid_code", sa.Text(), nullable=True),
        _is("is_exercise"),
        *columns,
    )
    op.create_index(f"ix_{name}_t", name, ["is_exercise", "t_utc", "id"])


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=False)


def _is(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Boolean(create_constraint=False), nullable=False)


def _us(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger(), nullable=True)
