"""Triggers that refuse a change. The chain finds tampering afterwards; these refuse it at once."""

from __future__ import annotations

from dataclasses import dataclass

# Every refusal begins like this, so that the engine tells it from a programming error.
REFUSAL = "records: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Refuse `verb` ("INSERT", "UPDATE", "DELETE" or "TRUNCATE") on `table` where `condition`."""

    name: str
    table: str
    verb: str
    condition: str  # SQL over NEW and OLD that SQLite and PostgreSQL both read
    text: str


def guard_statements(guard: Guard, dialect: str) -> list[str]:
    """The statements that set the guard up on "sqlite" or "postgresql"."""
    text = (REFUSAL + guard.text).replace("'", "''")
    is_truncate = guard.verb == "TRUNCATE"
    if dialect == "sqlite":
        if is_truncate:  # SQLite has no such statement
            return []
        return [
            f"CREATE TRIGGER {guard.name} BEFORE {guard.verb} ON {guard.table} "
            f"WHEN {guard.condition} BEGIN SELECT RAISE(ABORT, '{text}'); END"
        ]
    row = "OLD" if guard.verb == "DELETE" else "NEW"
    each, answer = ("STATEMENT", "NULL") if is_truncate else ("ROW", row)
    return [
        f"CREATE FUNCTION {guard.name}() RETURNS trigger AS $guard$ BEGIN "
        f"IF {guard.condition} THEN RAISE EXCEPTION '{text.replace('%', '%%')}' "
        "USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        f"RETURN {answer}; END $guard$ LANGUAGE plpgsql",
        f"CREATE TRIGGER {guard.name} BEFORE {guard.verb} ON {guard.table} "
        f"FOR EACH {each} EXECUTE FUNCTION {guard.name}()",
    ]


def drop_statements(guard: Guard, dialect: str) -> list[str]:
    """The statements that take the guard away again."""
    if dialect == "sqlite":
        return [] if guard.verb == "TRUNCATE" else [f"DROP TRIGGER {guard.name}"]
    return [f"DROP TRIGGER {guard.name} ON {guard.table}", f"DROP FUNCTION {guard.name}()"]


def append_only(table: str) -> list[Guard]:
    """Guards of a table whose rows, numbered by `seq`, are only ever added at the end."""
    text = f"rows of {table} are only appended, never changed"
    # The next number only: REPLACE would otherwise take a row away without a DELETE.
    following = f"(SELECT COALESCE(MAX(seq), 0) + 1 FROM {table})"  # noqa: S608  # our own tables
    kinds = (
        ("no_update", "UPDATE", "1 = 1"),
        ("no_delete", "DELETE", "1 = 1"),
        ("in_order", "INSERT", f"NEW.seq <> {following}"),
    )
    return [
        Guard(name=f"{table}_{name}", table=table, verb=verb, condition=condition, text=text)
        for name, verb, condition in kinds
    ] + [no_truncate(table)]


def no_truncate(table: str) -> Guard:
    """A server's TRUNCATE asks no row's guard: this one does."""
    return Guard(
        name=f"{table}_no_truncate", table=table, verb="TRUNCATE", condition="1 = 1",
        text=f"{table} is never emptied",
    )  # fmt: skip
