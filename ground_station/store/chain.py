"""Checking the audit chain offline: a database file or an export, without changing either."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from ground_station.store.audit import FLAGS, GENESIS, HASHED, SCOPE_KEY, row_hash
from patrol.clock import parse_utc
from patrol.errors import ConfigError

# Parts of the station write a moment after they looked at the clock; more is a clock set back.
_CLOCK_TOLERANCE = timedelta(seconds=5)
_STEPS_TOLD = 20
_COVERED = {*HASHED, "hash", "scope"}  # by the row's hash; the scope by that of the body


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStep:
    """A row that is dated before the row in front of it: somebody set a clock back."""

    row: int
    from_utc: str
    to_utc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check of the chain found; `row` is the first that does not fit."""

    is_intact: bool
    row_count: int  # rows that fit, counted from the first
    head_hash: str  # of the last row that fits
    row: int | None = None
    reason: str = ""
    clock_steps: tuple[ClockStep, ...] = ()  # no fault of the chain; the first of them


def open_read_only(path: Path) -> sqlite3.Connection:
    """A connection that cannot change the file; ConfigError when there is none to open."""
    if not path.is_file():
        raise ConfigError(f"there is no database at {path}")
    # Without a write-ahead file nobody has it open; immutable makes no new file beside it.
    has_wal = path.with_name(path.name + "-wal").exists()
    uri = path.resolve().as_uri() + ("?mode=ro" if has_wal else "?mode=ro&immutable=1")
    connection = sqlite3.connect(uri, uri=True)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        raise ConfigError(f"the database cannot be read: {path} ({error})") from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise ConfigError(f"not a database: {path}") from error
    connection.row_factory = sqlite3.Row
    return connection


def verify(path: Path, rows: int | None = None, head: str | None = None) -> Verdict:
    """Walk the chain of a database file; ConfigError when the file has no audit log to walk.

    With `rows` and `head` the row of that number must be there and carry that hash: a cut tail is
    found, while rows appended after the pair was written down are fine. One of them alone is
    checked by itself.
    """
    with closing(open_read_only(path)) as connection:
        columns = {row["name"] for row in connection.execute("PRAGMA table_info(audit)")}
        if not columns:
            raise ConfigError(f"{path} holds no audit log")
        lacking = [name for name in (*HASHED, "hash") if name not in columns]
        if lacking:
            raise ConfigError(f"the audit log in {path} has no column {', '.join(lacking)}")
        found = connection.execute("SELECT * FROM audit ORDER BY seq")
        return walk((dict(row) for row in found), rows, head)


def walk(
    found: Iterable[Mapping[str, Any]], rows: int | None = None, head: str | None = None
) -> Verdict:
    """Check rows in the order of their numbers; `rows` and `head` as in `verify`."""
    walker = _Walker(rows, head.strip().lower() if head is not None else None)
    try:
        for row in found:
            reason = _fault(row, walker.count + 1, walker.last)
            if reason:
                return walker.broken(walker.count + 1, reason)
            walker.step(row)
    except sqlite3.DatabaseError as error:
        return walker.broken(walker.count + 1, f"the file is damaged ({error})")
    return walker.end()


class _Walker:
    """Where a walk along the chain stands; it keeps no more than it needs."""

    def __init__(self, rows: int | None, head: str | None) -> None:
        self.count, self.last = 0, GENESIS
        self._rows, self._head = rows, head
        self._is_head_seen = head == GENESIS
        self._at_rows = (GENESIS, GENESIS)  # the hash before the row of that number, and its own
        self._time = ""
        self._steps: list[ClockStep] = []

    def step(self, row: Mapping[str, Any]) -> None:
        """Take a row that fits."""
        own = str(row["hash"])
        self.count += 1
        if self.count == self._rows:
            self._at_rows = (self.last, own)
        self._is_head_seen = self._is_head_seen or own == self._head
        self.last = own
        self._look_at_clock(str(row["t_utc"]))

    def end(self) -> Verdict:
        """The verdict when every row fits: those that were written down must be among them."""
        rows, head = self._rows, self._head
        if rows is not None and rows > self.count:
            return self.broken(
                self.count + 1, f"missing: {rows} rows were written, {self.count} are there"
            )
        if head is not None and rows is None and not self._is_head_seen:
            return self.broken(self.count + 1, f"missing: no row carries the head hash {head}")
        before, there = self._at_rows
        if head is not None and rows is not None and there != head:
            verdict = self.broken(rows, f"carries the hash {there}, not {head}")
            return replace(verdict, row_count=max(rows - 1, 0), head_hash=before)
        return Verdict(
            is_intact=True, row_count=self.count, head_hash=self.last,
            clock_steps=tuple(self._steps),
        )  # fmt: skip

    def broken(self, row: int, reason: str) -> Verdict:
        """The verdict at the first row that does not fit."""
        return Verdict(
            is_intact=False, row_count=self.count, head_hash=self.last, row=row, reason=reason,
            clock_steps=tuple(self._steps),
        )  # fmt: skip

    def _look_at_clock(self, time: str) -> None:
        before, self._time = self._time, time
        if time >= before or len(self._steps) >= _STEPS_TOLD:  # one form: text sorts as time does
            return
        try:
            went_back = parse_utc(before) - parse_utc(time)
        except ValueError:
            return  # no time by our own hand, and the hash vouches for it as it is
        if went_back > _CLOCK_TOLERANCE:
            self._steps.append(ClockStep(row=self.count, from_utc=before, to_utc=time))


def _fault(found: Mapping[str, Any], expected_seq: int, previous: str) -> str:
    """Why this row does not follow the one before; empty when it does."""
    row = dict(found)
    lacking = [name for name in (*HASHED, "hash") if name not in row]
    if lacking:
        return f"changed: it has no {', '.join(lacking)}"
    if more := sorted(set(row) - _COVERED):
        return f"changed: no hash covers {', '.join(more)}"
    if row["seq"] != expected_seq:
        return f"missing: the next row there is has the number {row['seq']}"
    for name in FLAGS:
        if row[name] not in (0, 1):
            return f"changed: {name} is {row[name]!r}"
        row[name] = bool(row[name])
    for name in (*HASHED, "hash"):
        if name not in ("seq", *FLAGS) and not isinstance(row[name], str):
            return f"changed: {name} is not text"
    scope = _scope_of(row["body_json"])
    if scope is None:
        return "changed: its body is not a JSON object"
    if row["prev_hash"] != previous:
        return "does not follow the row before it: a row was changed, exchanged or put in"
    if row_hash(row) != row["hash"]:
        return "changed: its contents do not fit its hash"
    if row.get("scope", scope) != scope:
        return f"changed: its scope is {row['scope']!r}, its body says {scope!r}"
    return ""


def _scope_of(text: str) -> object:
    """The scope in a body; None when the body is no JSON object."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body.get(SCOPE_KEY, "") if isinstance(body, dict) else None
