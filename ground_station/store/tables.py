"""The tables, as the code sees them; migrations make them. No column can hold a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    false,
)

metadata = MetaData()


def _text(name: str, *, is_null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=is_null)


def _flag() -> Column[bool]:
    # Exercise data is marked from birth (DOMAIN P-13).
    return Column("is_exercise", Boolean(create_constraint=False), nullable=False)


def _derived(name: str) -> Column[bool]:
    """A truth that follows from the body and is there to be searched for; no hash covers it.

    A column that is added to a table of records later is always such a one: the hashes of logs
    that were closed before would otherwise fit no more.
    """
    column: Column[bool] = Column(
        name, Boolean(create_constraint=False), nullable=False, server_default=false()
    )
    column.info["is_derived"] = True
    return column


def _derived_text(name: str) -> Column[str]:
    """The same for words."""
    column: Column[str] = Column(name, Text, nullable=False, server_default="")
    column.info["is_derived"] = True
    return column


def _records(name: str, *extra: str, derived: tuple[Column[Any], ...] = ()) -> Table:
    """A table of records: what is searched for stands in columns, the whole in `body_json`."""
    return Table(
        name,
        metadata,
        Column("id", Text, primary_key=True),
        _text("sortie"),
        _text("grid_code", is_null=True),
        _text("state"),
        _text("t_utc"),
        _flag(),
        *(_text(column) for column in extra),
        _text("body_json"),
        *derived,
        Index(f"ix_{name}_sortie", "sortie"),
    )


def _appended(name: str, *columns: str) -> Table:
    """A table that only grows; guards refuse every change to its rows."""
    return Table(
        name,
        metadata,
        Column("seq", Integer, primary_key=True, autoincrement=False),
        _text("t_utc"),
        _text("actor"),
        _text("role"),
        *(_text(column) for column in columns),
        _flag(),
        _text("body_json"),
    )


audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _text("t_utc"),
    _text("actor"),
    _text("role"),
    Column("is_automatic", Boolean(create_constraint=False), nullable=False),
    _text("action"),
    _text("object"),
    _flag(),
    _text("request_id"),
    _text("cause_id"),
    _text("body_json"),
    _text("prev_hash"),
    _text("hash"),
    # Which grid it concerns, or "" for the whole district: `@scope` of the body, to be searched.
    Column("scope", Text, nullable=False, server_default=""),
    Index("ix_audit_object", "object", "seq"),
    Index("ix_audit_t", "t_utc", "seq"),
    Index("ix_audit_action", "action", "seq"),
    Index("ix_audit_actor", "actor", "seq"),
)

plans = _records("plans", "digest", "approved_by")
sorties = _records("sorties", "plan_id")
sightings = _records("sightings", "rule")
alerts = _records("alerts", "level", "case_no", derived=(_derived("is_live"),))
announcements = _records("announcements", "alert_id", "template_id", "released_by", "audio_sha256")
effects = _records("effects", "alert_id")
dispatches = _records("dispatches", "case_no", "unit_code")
citizen_reports = _records("citizen_reports", "case_no")
whistles = _records("whistles", "report_id")
notices = _records("notices", "audience")
shifts = _records("shifts", "day")
missions = _records("missions", "day", "continues")
template_versions = _records("template_versions", "template_id")
clearances = _records("clearances", "plan_id", "law_version")
cases = _records(
    "cases", "alert_id", "tier", "owner_unit", "owner_person", "due_utc",
    derived=(_derived("is_open"), _derived_text("owner_code")),
)  # fmt: skip

case_history = _appended("case_history", "case_no", "sortie", "event", "from_state", "to_state")
corrections = _appended("corrections", "sortie", "text")
retention_policies = _appended("retention_policies", "version")
legal_holds = _appended("legal_holds", "covers", "event", "reason")

# What the consoles search by; a page is read in the order of its index.
Index("ix_sorties_t", sorties.c.t_utc, sorties.c.id, sorties.c.grid_code, sorties.c.state)
Index("ix_alerts_t", alerts.c.t_utc, alerts.c.id)
Index("ix_alerts_live", alerts.c.is_live, alerts.c.t_utc, alerts.c.id, alerts.c.grid_code)
Index("ix_sightings_t", sightings.c.t_utc, sightings.c.id)
Index("ix_announcements_t", announcements.c.t_utc, announcements.c.id)
Index("ix_announcements_alert", announcements.c.alert_id)
Index("ix_effects_alert", effects.c.alert_id)
Index("ix_cases_t", cases.c.t_utc, cases.c.id)
Index("ix_cases_newest", cases.c.is_open, cases.c.t_utc, cases.c.id, cases.c.grid_code)
Index("ix_cases_queue", cases.c.is_open, cases.c.due_utc, cases.c.id, cases.c.grid_code)
Index("ix_cases_tier", cases.c.is_open, cases.c.tier, cases.c.due_utc, cases.c.id)
Index("ix_cases_owner", cases.c.is_open, cases.c.owner_unit, cases.c.due_utc, cases.c.id)
Index("ix_cases_owner_code", cases.c.owner_code, cases.c.due_utc, cases.c.id)
Index("ix_dispatches_unit", dispatches.c.unit_code, dispatches.c.case_no)
Index("ix_case_history_case", case_history.c.case_no, case_history.c.seq)
Index("ix_case_history_sortie", case_history.c.sortie)
Index("ix_corrections_sortie", corrections.c.sortie)
Index("ix_case_history_event", case_history.c.event, case_history.c.t_utc, case_history.c.case_no)
Index("ix_cases_alert", cases.c.alert_id)
Index("ix_cases_due", cases.c.due_utc, cases.c.id, cases.c.state, cases.c.grid_code)
Index("ix_cases_state", cases.c.state, cases.c.due_utc, cases.c.id, cases.c.grid_code)
Index("ix_alerts_state", alerts.c.state, alerts.c.t_utc, alerts.c.id, alerts.c.grid_code)
Index("ix_sorties_state", sorties.c.state, sorties.c.t_utc, sorties.c.id, sorties.c.grid_code)
Index("ix_sorties_grid", sorties.c.grid_code, sorties.c.t_utc)
Index("ix_dispatches_case", dispatches.c.case_no)
Index("ix_citizen_reports_case", citizen_reports.c.case_no)
Index("ix_clearances_plan", clearances.c.plan_id, clearances.c.t_utc)
for _centre in (dispatches, citizen_reports, whistles, notices, shifts, template_versions):
    Index(f"ix_{_centre.name}_t", _centre.c.t_utc, _centre.c.id, _centre.c.grid_code)
    Index(f"ix_{_centre.name}_state", _centre.c.state, _centre.c.t_utc, _centre.c.id)
Index("ix_missions_t", missions.c.t_utc, missions.c.id, missions.c.grid_code)
Index("ix_missions_state", missions.c.state, missions.c.t_utc, missions.c.id)
Index("ix_missions_day", missions.c.day, missions.c.t_utc, missions.c.id)
Index("ix_missions_continues", missions.c.continues)

patrol_logs = Table(
    "patrol_logs",
    metadata,
    Column("sortie", Text, primary_key=True),
    _text("closed_utc"),
    _text("closed_by"),
    _text("records_hash"),
    _text("covers_json"),
    _text("body_json"),
    Column("audit_seq", Integer, nullable=False),
    _text("audit_hash"),
    _flag(),
)

counters = Table(
    "counters",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("last", Integer, nullable=False),
)

meta = Table(
    "meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False)
)

# Answers to commands that were sent under an Idempotency-Key; nothing here is a record.
replays = Table(
    "replays",
    metadata,
    Column("name", Text, primary_key=True),
    _text("request_hash"),
    Column("status", Integer, nullable=False),
    _text("media_type"),
    _text("body"),
    _text("t_utc"),
)


def _figures(name: str, *columns: Column[Any]) -> Table:
    """What figures need of one kind of record, in a narrow row beside it: see figures.py.

    It follows from the records alone and can be made again from them, so no hash covers it.
    """
    return Table(
        name,
        metadata,
        Column("id", Text, primary_key=True),
        _text("t_utc"),
        _text("grid_code", is_null=True),
        _flag(),
        *columns,
        Index(f"ix_{name}_t", "is_exercise", "t_utc", "id"),
    )


def _is(name: str) -> Column[bool]:
    return Column(name, Boolean(create_constraint=False), nullable=False)


def _us(name: str) -> Column[int]:
    """Microseconds: of a time since 1970, or between two; nothing when that has not happened."""
    return Column(name, BigInteger, nullable=True)


alert_figures = _figures(
    "alert_figures",
    _text("rule"), _text("hour"), _us("raised_us"), _is("is_unanswered"), _is("is_acknowledged"),
    _is("is_dismissed"), _text("dismissed_reason"), _us("acknowledged_after_us"),
    _us("words_after_us"), _text("relapse_of"), Column("lat_deg", Float, nullable=False),
    Column("lon_deg", Float, nullable=False), _is("is_watched"), _is("is_spoken"),
    _text("template_id"), _us("began_us"), _text("verdict"), _us("gone_us"),
    _us("dispersed_after_us"), _us("watched_us"), _is("is_relapsed"),
)  # fmt: skip
case_figures = _figures(
    "case_figures",
    _text("kind"), _text("state"), _text("tier"), _is("is_open"), _is("is_record_only"),
    _is("is_done"), _is("is_on_time"), _is("is_dispatched"), _us("accepted_after_us"),
    _us("closed_after_us"), _text("closed_utc"), _us("due_us"), _text("clock"), _us("clock_us"),
    _us("handle_us"),
)  # fmt: skip
dispatch_figures = _figures(
    "dispatch_figures", _text("case_no"), _text("unit"), _is("is_open"), _us("due_us")
)
announcement_figures = _figures("announcement_figures", _is("is_played"), _is("is_at_night"))
effect_figures = _figures(
    "effect_figures",
    Column("looks", Integer, nullable=False), Column("valid_looks", Integer, nullable=False),
)  # fmt: skip
sighting_figures = _figures(
    "sighting_figures", Column("nearest_m", Float, nullable=True), _is("is_too_near")
)
sortie_figures = _figures(
    "sortie_figures", _text("day"), _is("is_whole"), _is("is_abnormal")
)  # `day` in Shanghai on which it took off; empty: it never did
Index(
    "ix_case_figures_closed", case_figures.c.is_exercise, case_figures.c.kind,
    case_figures.c.is_done, case_figures.c.closed_utc,
)  # fmt: skip
Index(
    "ix_alert_figures_raised", alert_figures.c.is_exercise, alert_figures.c.raised_us,
    alert_figures.c.lat_deg,
)  # fmt: skip
Index(
    "ix_dispatch_figures_open", dispatch_figures.c.is_exercise, dispatch_figures.c.is_open,
    dispatch_figures.c.due_us,
)  # fmt: skip
Index("ix_case_figures_open", case_figures.c.is_exercise, case_figures.c.is_open)

# Records that a closed patrol log freezes, in the order in which its hash takes them.
FROZEN_BY_LOG = (sorties, sightings, alerts, announcements, effects)


def hashed(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a record that a closed log's hash covers."""
    covered = {c.name for c in table.columns if not c.info.get("is_derived")}
    return {name: value for name, value in row.items() if name in covered}
