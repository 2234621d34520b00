"""A sortie's recorded track: its hash, a thinned picture of it, and what a policy would thin out.

Not chained itself: the closed log carries the hash, and every thinning is an audit row with the
hash before and after.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ground_station.store.chain import open_read_only
from ground_station.store.codec import canonical_json
from patrol.clock import parse_utc

THINNED, DELETED = "telemetry.thinned", "telemetry.deleted"
# What the hash of a log covered before logs said it themselves.
_FIRST_COLUMNS = (
    "seq", "sortie", "vehicle_id", "t_utc", "mode", "lat_deg", "lon_deg", "altitude_amsl_m",
    "height_above_home_m", "height_agl_m", "north_m_s", "east_m_s", "down_m_s", "roll_deg",
    "pitch_deg", "yaw_deg", "heading_true_deg", "camera_bearing_true_deg", "camera_pitch_deg",
    "battery_pct", "battery_v", "hdop", "fix", "satellites", "is_armed", "is_in_air",
    "mission_item", "is_exercise",
)  # fmt: skip
# A row in which one of these changes tells something happened: no thinning takes it away.
_TELLING = ("mode", "is_armed", "is_in_air", "mission_item", "fix")


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySummary:
    """What the patrol log keeps of a sortie's telemetry."""

    rows: int
    first_utc: str
    last_utc: str
    max_height_above_home_m: float | None
    sha256: str  # over the canonical JSON lines of the rows in order
    columns: tuple[str, ...]  # those that the hash covers

    def to_dict(self) -> dict[str, Any]:
        """For the log."""
        return {
            "rows": self.rows,
            "first_utc": self.first_utc,
            "last_utc": self.last_utc,
            "max_height_above_home_m": self.max_height_above_home_m,
            "sha256": self.sha256,
            "columns": list(self.columns),
        }


class TrackHash:
    """Counts and hashes rows in their order, some at a time."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = tuple(columns)
        self._digest, self._count = hashlib.sha256(), 0
        self._first, self._last = "", ""
        self._highest_m: float | None = None

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take the next rows."""
        for row in rows:
            covered = {name: row[name] for name in self._columns}
            self._digest.update((canonical_json(covered) + "\n").encode())
            self._first, self._last = self._first or row["t_utc"], row["t_utc"]
            height_m = row["height_above_home_m"]
            if height_m is not None and (self._highest_m is None or height_m > self._highest_m):
                self._highest_m = height_m
            self._count += 1

    def summary(self) -> TelemetrySummary:
        """What has been taken so far."""
        return TelemetrySummary(
            rows=self._count,
            first_utc=self._first,
            last_utc=self._last,
            max_height_above_home_m=self._highest_m,
            sha256=self._digest.hexdigest(),
            columns=self._columns,
        )


@dataclass(slots=True, kw_only=True)
class _Kept:
    """Where the thinning of one aircraft's rows stands."""

    time: datetime | None = None
    told: tuple[Any, ...] = ()
    last_seq: int | None = None
    highest: tuple[float, int] | None = None
    seqs: set[int] = field(default_factory=set)

    def take(self, row: Mapping[str, Any], interval: timedelta) -> None:
        time, told = parse_utc(row["t_utc"]), tuple(row[name] for name in _TELLING)
        # A clock that was set back begins a new interval instead of swallowing hours.
        is_due = self.time is None or not timedelta(0) <= time - self.time < interval
        if is_due or told != self.told:
            self.seqs.add(row["seq"])
            self.time, self.told = time, told
        self.last_seq = row["seq"]
        height_m = row["height_above_home_m"]
        if height_m is not None and (self.highest is None or height_m > self.highest[0]):
            self.highest = (height_m, row["seq"])


class Thinning:
    """Decides which rows a thinned track keeps.

    Of each aircraft one row an interval, its first and last, its highest, and every row in which
    mode, arming, flight, waypoint or fix changed.
    """

    def __init__(self, interval: timedelta) -> None:
        self._interval = interval
        self._aircraft: dict[str, _Kept] = {}
        self._seen: set[int] = set()

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Take the next rows."""
        for row in rows:
            self._aircraft.setdefault(row["vehicle_id"], _Kept()).take(row, self._interval)
            self._seen.add(row["seq"])

    def kept(self) -> set[int]:
        """The numbers of the rows that stay."""
        seqs: set[int] = set()
        for kept in self._aircraft.values():
            ends = {kept.last_seq, kept.highest[1] if kept.highest else None} - {None}
            seqs |= kept.seqs | {seq for seq in ends if seq is not None}
        return seqs

    def gone(self) -> set[int]:
        """The numbers of the rows that go."""
        return self._seen - self.kept()


def changed_telemetry(
    path: Path,
    logs: Iterable[Mapping[str, Any]],
    told: Mapping[str, Sequence[Mapping[str, Any]]] | None = None,
) -> str:
    """The first closed log whose telemetry is not in the file as it was; empty when all fit.

    `logs` are the bodies of closed logs, `told` what audit rows say was left of a sortie's track,
    oldest first. Reads the file offline; ConfigError when it cannot.
    """
    with closing(open_read_only(path)) as connection:
        there = {row["name"] for row in connection.execute("PRAGMA table_info(telemetry)")}
        for log in logs:
            kept, sortie = log["telemetry"], log["sortie"]["sortie_id"]
            if not kept:
                continue
            # A station that was killed after the row and before the work leaves the state before.
            states = [kept, *(told or {}).get(sortie, ())][-2:]
            faults = [_misfit(connection, sortie, state, there) for state in states]
            if all(faults):
                return f"{path} does not fit: sortie {sortie} {faults[-1]}"
    return ""


def _misfit(
    connection: sqlite3.Connection, sortie: str, state: Mapping[str, Any], there: set[str]
) -> str:
    columns = state.get("columns", _FIRST_COLUMNS)
    lacking = [name for name in columns if name not in there]
    if lacking:
        return f"was recorded with {', '.join(lacking)}, which the file does not have"
    query = "SELECT * FROM telemetry WHERE sortie = ? ORDER BY seq"
    track = TrackHash(columns)
    track.add(dict(row) for row in connection.execute(query, (sortie,)))
    now = track.summary()
    if (now.rows, now.sha256) == (state["rows"], state["sha256"]):
        return ""
    return (
        f"has {now.rows} rows with hash {now.sha256}; "
        f"{state['rows']} with {state['sha256']} were recorded"
    )


def closed_logs(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """The bodies of the closed logs of a database that was opened to read."""
    rows = connection.execute("SELECT body_json FROM patrol_logs ORDER BY closed_utc, sortie")
    return [json.loads(row["body_json"]) for row in rows]


def told_of_tracks(connection: sqlite3.Connection) -> dict[str, list[dict[str, Any]]]:
    """What the audit log says is left of each sortie's track, oldest first."""
    told: dict[str, list[dict[str, Any]]] = {}
    rows = connection.execute(
        "SELECT object, body_json FROM audit WHERE action IN (?, ?) ORDER BY seq",
        (THINNED, DELETED),
    )
    for row in rows:
        told.setdefault(row["object"], []).append(json.loads(row["body_json"])["after"])
    return told
