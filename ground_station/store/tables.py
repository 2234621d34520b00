"""The tables, as the code sees them; migrations make them. No column can hold a picture."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, Table, Text

metadata = MetaData()


def _text(name: str, *, is_null: bool = False) -> Column[str]:
    return Column(name, Text, nullable=is_null)


def _flag() -> Column[bool]:
    # Exercise data is marked from birth (DOMAIN P-13).
    return Column("is_exercise", Boolean(create_constraint=False), nullable=False)


def _records(name: str, *extra: str) -> Table:
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
)

plans = _records("plans", "digest", "approved_by")
sorties = _records("sorties", "plan_id")
sightings = _records("sightings", "rule")
alerts = _records("alerts", "level", "case_no")
announcements = _records("announcements", "alert_id", "template_id", "released_by", "audio_sha256")
effects = _records("effects", "alert_id")
cases = _records("cases", "alert_id", "tier", "owner_unit", "owner_person", "due_utc")
dispatches = _records("dispatches", "case_no", "unit_code")
citizen_reports = _records("citizen_reports", "case_no")
whistles = _records("whistles", "report_id")
notices = _records("notices", "audience")
shifts = _records("shifts", "day")
template_versions = _records("template_versions", "template_id")

case_history = _appended("case_history", "case_no", "sortie", "event", "from_state", "to_state")
corrections = _appended("corrections", "sortie", "text")

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

# Records that a closed patrol log freezes, in the order in which its hash takes them.
FROZEN_BY_LOG = (sorties, sightings, alerts, announcements, effects)
