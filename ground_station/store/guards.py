"""Triggers that refuse a change. The chain finds tampering afterwards; these refuse it at once."""

from __future__ import annotations

from dataclasses import dataclass

# Every refusal begins like this, so that the engine tells it from a programming error.
REFUSAL = "records: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Refuse `verb` ("INSERT", "UPDATE" or "DELETE") on `table` where `condition` holds."""

    name: str
    table: str
    verb: str
    condition: str  # SQL over NEW and OLD that SQLite and PostgreSQL both read
    text: str


def guard_statements(guard: Guard, dialect: str) -> list[str]:
    """The statements that set the guard up on "sqlite" or "postgresql"."""
    text = (REFUSAL + guard.text).replace("'", "''")
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {guard.name} BEFORE {guard.verb} ON {guard.table} "
            f"WHEN {guard.condition} BEGIN SELECT RAISE(ABORT, '{text}'); END"
        ]
    row = "OLD" if guard.verb == "DELETE" else "NEW"
    return [
        f"CREATE FUNCTION {guard.name}() RETURNS trigger AS $guard$ BEGIN "
        f"IF {guard.condition} THEN RAISE EXCEPTION '{text.replace('%', '%%')}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        f"RETURN {row}; END $guard$ LANGUAGE plpgsql",
        f"CREATE TRIGGER {guard.name} BEFORE {guard.verb} ON {guard.table} "
        f"FOR EACH ROW EXECUTE FUNCTION {guard.name}()",
    ]
