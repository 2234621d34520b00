"""The retention job: what is due under a policy, and doing it. Records and audit rows are kept,
a report without what its reporter told of themselves.

Every deletion is an audit row first, with the hash before and after: killed in between, the next
run finishes what the row says. A dry run only lists.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from sqlalchemy import Connection, func, select

from ground_station.store import audit, personal, tables, track_queries
from ground_station.store.engine import Store
from ground_station.store.policies import EVERYTHING, RetentionPolicy, held_by, holds
from ground_station.store.telemetry import TelemetryLog, samples_table
from ground_station.store.track_queries import Span
from ground_station.store.tracks import DELETED, THINNED
from patrol.cause import by_system
from patrol.clock import SHANGHAI, utc_text
from patrol.errors import Refused

IDLE, FILE_DELETED = "telemetry.idle_deleted", "file.deleted"
_PERSONAL = frozenset({personal.WORDS_DELETED, personal.REPLAYS_DELETED})
_BEHIND = timedelta(minutes=1)
_AHEAD = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One thing that is due, or that would be: `kept_because` says what stands against it."""

    action: str
    object_id: str  # a sortie, "" for telemetry between sorties, a file, a report, or "replays"
    rows: int  # telemetry rows, or bytes of a file
    last_utc: datetime
    kept_because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the records say that matters here."""

    holds: Mapping[str, str]
    closed: frozenset[str]
    newest_utc: str


class Retention:
    """The job over one data folder."""

    def __init__(
        self, *, store: Store, telemetry: TelemetryLog, folder: Path, is_exercise: bool
    ) -> None:
        self._store, self._telemetry = store, telemetry
        self._folder, self._is_exercise = folder, is_exercise

    async def due(self, policy: RetentionPolicy, now_utc: datetime) -> list[Due]:
        """Everything that has reached its age, with what keeps it, in a fixed order."""
        known = await self._store.read(_known)
        found = []
        for span in await self._telemetry.read(partial(track_queries.spans, samples_table)):
            one = _due_of(span, policy, now_utc)
            if one is not None and not await self._is_done(one):
                found.append(one)
        found += await anyio.to_thread.run_sync(
            lambda: list(_due_files(self._folder, policy, now_utc))
        )
        listed = [replace(one, kept_because=_obstacle(one, known)) for one in found]
        olds = await self._store.read(lambda c: personal.old(c, policy, now_utc))
        return listed + [Due(**asdict(one)) for one in olds]

    async def carry_out(
        self, policy: RetentionPolicy, now_utc: datetime, *, is_clock_right: bool = False
    ) -> list[Due]:
        """Do what is due and not kept; what was done. Refused when the clock cannot be right."""
        _trust_clock((await self._store.read(_known)).newest_utc, now_utc, is_clock_right)
        done = []
        for one in await self.due(policy, now_utc):
            if one.action in _PERSONAL:
                if not one.kept_because and await self._erase(one, policy, now_utc):
                    done.append(one)
                continue
            # Asked again: a hold may have been placed since the list was made.
            known = await self._store.read(_known)
            if not _obstacle(one, known) and not one.kept_because:
                await self._do(one, policy, now_utc)
                done.append(one)
        return done

    async def _do(self, one: Due, policy: RetentionPolicy, now_utc: datetime) -> None:
        if one.action == FILE_DELETED:
            path = anyio.Path(self._folder / one.object_id)
            body = {"bytes": one.rows, "policy": policy.version}
            await self._tell(one.action, one.object_id, body, policy, now_utc)
            await path.unlink(missing_ok=True)
            return
        before, gone, after = await self._work(one, policy, now_utc)
        told = await self._store.read(lambda c: _last_told(c, one))
        if told is None or (told["rows"], told["sha256"]) != (after["rows"], after["sha256"]):
            body = {"before": before, "after": after, "policy": policy.version}
            await self._tell(one.action, one.object_id, body, policy, now_utc)
        await self._telemetry.write(partial(track_queries.delete_rows, samples_table, gone))

    async def _erase(self, one: Due, policy: RetentionPolicy, now_utc: datetime) -> bool:
        cause, what = by_system(f"retention/{policy.version}"), personal.Old(**asdict(one))
        return await self._store.write(
            lambda c: personal.erase(c, what, policy, cause, now_utc, is_exercise=self._is_exercise)
        )

    async def _work(
        self, one: Due, policy: RetentionPolicy, now_utc: datetime
    ) -> tuple[dict[str, Any], set[int], dict[str, Any]]:
        """The track as it is, the rows that go, and the track as it will be."""
        before = (await self._telemetry.summary(one.object_id)).to_dict()
        if one.action == THINNED:
            interval = timedelta(seconds=policy.thinned_interval_s)
            after, gone = await self._telemetry.thinned(one.object_id, interval)
            return before, gone, after.to_dict()
        until = now_utc - timedelta(days=policy.idle_telemetry_days)
        gone = await self._telemetry.read(
            partial(
                track_queries.numbers, samples_table, one.object_id,
                until if one.action == IDLE else None,
            )
        )  # fmt: skip
        left = await self._telemetry.without(one.object_id, gone)
        return before, gone, left.to_dict()

    async def _is_done(self, one: Due) -> bool:
        """Whether a thinning was already carried out: the rows that it left are those there are."""
        told = await self._store.read(lambda c: _last_told(c, one))
        return one.action == THINNED and told is not None and told["rows"] == one.rows

    async def _tell(
        self, action: str, object_id: str, body: Mapping[str, Any], policy: RetentionPolicy,
        now_utc: datetime,
    ) -> None:  # fmt: skip
        await self._store.write(
            lambda connection: audit.append(
                connection, action=action, object_id=object_id, body=body,
                cause=by_system(f"retention/{policy.version}"), time_utc=now_utc,
                is_exercise=self._is_exercise,
            )
        )  # fmt: skip


def _due_of(span: Span, policy: RetentionPolicy, now_utc: datetime) -> Due | None:
    age = now_utc - span.last_utc
    if not span.sortie:
        is_due = now_utc - span.first_utc >= timedelta(days=policy.idle_telemetry_days)
        action = IDLE
    elif age >= timedelta(days=policy.flight_data_days):
        is_due, action = True, DELETED
    else:
        is_due, action = age >= timedelta(days=policy.full_rate_days), THINNED
    if not is_due:
        return None
    return Due(action=action, object_id=span.sortie, rows=span.rows, last_utc=span.last_utc)


def _obstacle(one: Due, known: _Known) -> str:
    if one.action == FILE_DELETED:
        return _file_hold(one.last_utc, known.holds)
    if covers := held_by(known.holds, one.object_id):
        return f"legal hold on {covers}: {known.holds[covers]}"
    if one.object_id and one.object_id not in known.closed:
        return "its patrol log is not closed"
    return ""


def _due_files(folder: Path, policy: RetentionPolicy, now_utc: datetime) -> Iterator[Due]:
    for name, days in (("tlog", policy.flight_data_days), ("recordings", policy.recording_days)):
        for path in sorted((folder / name).rglob("*")):
            if not path.is_file() or path.is_symlink():
                continue
            found = path.stat()
            last_utc = datetime.fromtimestamp(found.st_mtime, now_utc.tzinfo)
            if now_utc - last_utc >= timedelta(days=days):
                yield Due(
                    action=FILE_DELETED, object_id=path.relative_to(folder).as_posix(),
                    rows=found.st_size, last_utc=last_utc,
                )  # fmt: skip


def _file_hold(last_utc: datetime, held: Mapping[str, str]) -> str:
    """A file names no sortie: whatever was flown within a day of it holds it."""
    days = {f"{last_utc.astimezone(SHANGHAI) + timedelta(days=n):%Y%m%d}" for n in (-1, 0, 1)}
    for covers, reason in held.items():
        # Whatever is no sortie's or mission's name has no day: then it is kept to be safe.
        parts = covers.split("-")
        day = parts[1] if len(parts) > 2 and parts[0] == "M" else ""
        if covers == EVERYTHING or not day or day in days:
            return f"legal hold on {covers}: {reason}"
    return ""


def _trust_clock(newest: str, now_utc: datetime, is_clock_right: bool) -> None:
    """A wrong clock must not delete what is young."""
    if not newest or is_clock_right:
        return
    if utc_text(now_utc + _BEHIND) < newest:
        raise Refused(
            f"the clock ({utc_text(now_utc)}) is behind the newest record ({newest}): "
            "set it, or say --clock-is-right",
            text_zh="系统时间早于最新记录，请先校时",
        )
    if utc_text(now_utc - _AHEAD) > newest:
        raise Refused(
            f"the newest record is of {newest}: say --clock-is-right if so much time has gone by",
            text_zh="最新记录距今超过30天，请确认系统时间",
        )


def _known(connection: Connection) -> _Known:
    newest = select(func.max(tables.audit.c.t_utc))
    return _Known(
        holds=holds(connection),
        closed=frozenset(connection.execute(select(tables.patrol_logs.c.sortie)).scalars()),
        newest_utc=connection.execute(newest).scalar() or "",
    )


def _last_told(connection: Connection, one: Due) -> dict[str, Any] | None:
    """What the newest audit row of this kind says is left of a track."""
    c = tables.audit.c
    query = (
        select(c.body_json)
        .where(c.object == one.object_id, c.action == one.action)
        .order_by(c.seq.desc())
        .limit(1)
    )
    text = connection.execute(query).scalar()
    return None if text is None else json.loads(text)["after"]
