"""The store keeps one contract on SQLite and on PostgreSQL; `--postgresql URL` tries a real one."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import create_async_engine

from ground_station.alerts import AlertEvent
from ground_station.casework.states import CaseEvent, CaseState
from ground_station.commands.backup import backup, restore
from ground_station.commands.log import log_export, log_verify, log_verify_at
from ground_station.commands.records_at import Place
from ground_station.measuring.counting import read_counted
from ground_station.measuring.reading import Window, read_answers, read_watched
from ground_station.owners import Tier
from ground_station.store import tables
from ground_station.store.backup import fault_in
from ground_station.store.engine import Store
from ground_station.store.pages import Ask
from ground_station.store.policies import approve_policy, hold, holds, policy_in_force, read_policy
from ground_station.store.queries import (
    AuditFilter,
    CaseFilter,
    audit_log,
    case_queue,
    closed_alike,
    newest,
)
from ground_station.store.records import Records
from ground_station.store.retention import Retention
from ground_station.store.shelves import Shelves
from ground_station.store.telemetry import TelemetryLog
from patrol.errors import Refused, StoreUnavailable
from tests.ground_core import (
    GRID,
    LEADER,
    MORNING,
    REGISTRAR,
    SORTIE,
    SYSTEM,
    an_observed_alert,
    later,
)
from tests.ground_story import a_case, fly_the_story, land_and_sign
from tests.store_samples import a_track, record_as

pytestmark = pytest.mark.anyio
FORBIDDEN = [
    "UPDATE audit SET actor = 'Else' WHERE seq = 1",
    "DELETE FROM audit",
    "DELETE FROM case_history",
    "DELETE FROM cases",
    "UPDATE counters SET last = 0",
    "UPDATE sorties SET body_json = '{}'",
    "UPDATE plans SET body_json = '{}'",
    "DELETE FROM patrol_logs",
    "DELETE FROM legal_holds",
    "UPDATE retention_policies SET version = 'x'",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A store that is open with its writer, and where it is."""

    place: Place
    store: Store
    records: Records
    telemetry: TelemetryLog


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test on SQLite, and on the server that was named."""
    if "server" in metafunc.fixturenames:
        url = metafunc.config.getoption("--postgresql")
        servers = [None, *([url] if url else [])]
        metafunc.parametrize("server", servers, ids=["sqlite", "postgresql"][: len(servers)])


@asynccontextmanager
async def fresh_url(server: str | None) -> AsyncIterator[str | None]:
    """A database of its own on the server, gone afterwards."""
    if server is None:
        yield None
        return
    name = f"gridpatrol_test_{uuid.uuid4().hex[:10]}"
    url = make_url(server)
    keeper = create_async_engine(
        url.set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT"
    )
    async with keeper.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        async with keeper.connect() as connection:
            await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        await keeper.dispose()


@asynccontextmanager
async def running(folder: Path, url: str | None) -> AsyncIterator[Kept]:
    store = await Store.open(folder, url)
    log = await TelemetryLog.open(folder, is_exercise=True, database_url=url)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.run)
            place = Place(folder=folder, database_url=url)
            yield Kept(place=place, store=store, records=Records(store), telemetry=log)
            tasks.cancel_scope.cancel()
    finally:
        await log.close()
        await store.close()


async def fly_and_close(kept: Kept) -> None:
    await fly_the_story(kept.records)
    await land_and_sign(kept.records)
    record_as(kept.telemetry, SORTIE)
    for sample in a_track(count=120, hz=5.0):
        kept.telemetry.add(sample)
    summary = await kept.telemetry.summary(SORTIE)
    await kept.records.close_log(
        SORTIE, cause=REGISTRAR, at_utc=later(910), telemetry_summary=summary.to_dict()
    )


async def test_the_story_is_kept_found_and_frozen(tmp_path: Path, server: str | None) -> None:
    async with fresh_url(server) as url, running(tmp_path, url) as kept:
        await fly_and_close(kept)
        await kept.store.write(
            lambda c: hold(c, "M-x", "court", LEADER, later(920), is_exercise=True)
        )
        await kept.store.write(
            lambda c: approve_policy(c, read_policy(), LEADER, later(921), is_exercise=True)
        )
        for statement in FORBIDDEN:
            with pytest.raises(Refused):
                await kept.store.write(lambda c, sql=statement: c.execute(text(sql)))  # type: ignore[misc]
        read = kept.store.read
        await the_case_is_found(kept)
        assert (await read(lambda c: newest(c, tables.alerts, state="RAISED"))).items == ()
        for table in (tables.dispatches, tables.shifts):
            of_a_unit = partial(newest, table=table, scopes=(GRID,), units=("440512D01",))
            assert (await read(of_a_unit)).items == ()
        for table in (tables.sorties, tables.sightings, tables.announcements, tables.alerts):
            page = await read(lambda c, t=table: newest(c, t, sortie=SORTIE, scopes=(GRID,)))  # type: ignore[misc]
            assert len(page.items) == 1
        shift = AuditFilter(
            from_utc=MORNING, until_utc=later(1000), actor="Chen", action="log.",
            object_id=SORTIE, is_exercise=True, scopes=(GRID[:9],),
        )  # fmt: skip
        rows = (await read(lambda c: audit_log(c, shift))).items
        assert [row["action"] for row in rows] == ["log.closed"]
        await figures_are_read(kept)
        assert await read(policy_in_force) == read_policy()
        assert await read(holds) == {"M-x": "court"}
        await the_track_is_kept(kept)


async def the_case_is_found(kept: Kept) -> None:
    read = kept.store.read
    case = (await read(case_queue)).items[0]
    steps = await kept.records.case_history(case["case_no"])
    assert [step["to_state"] for step in steps] == ["FILED"]
    assert len(await kept.records.announcements()) == 1
    assert len(await kept.records.effects(SORTIE)) == 1
    wanted = CaseFilter(
        tiers=tuple(Tier), states=(CaseState.FILED, CaseState.HANDLING),
        owner_unit=case["owner"]["unit"], due_before_utc=later(1e7), is_exercise=True,
        scopes=(GRID[:12],),
    )  # fmt: skip
    assert (await read(lambda c: case_queue(c, wanted))).items == (case,)
    elsewhere = CaseFilter(is_open=None, scopes=("440999",))
    assert (await read(lambda c: case_queue(c, elsewhere))).items == ()
    for departments, found in ((("440512D01",), ()), ((case["owner"]["code"],), (case,))):
        of = CaseFilter(scopes=(), departments=departments)
        assert (await read(lambda c, of=of: case_queue(c, of))).items == found  # type: ignore[misc]


async def figures_are_read(kept: Kept) -> None:
    window = Window(from_utc=MORNING, until_utc=later(10), is_exercise=True, scopes=(GRID,))
    alerts, watched, counted = await kept.store.read(
        lambda c: (read_answers(c, window).alerts, read_watched(c, window), read_counted(c, window))
    )
    assert (len(alerts), len(watched.alerts), counted.valid_looks.n) == (1, 1, 2)
    assert counted.nearest_m == 46.0
    shelves = Shelves(kept.store)
    (case,) = await kept.records.cases()
    case = replace(case, is_record_only=False)  # one that somebody has to handle
    await kept.records.save_case(case, event=CaseEvent.NOTE, cause=SYSTEM, at_utc=later(1900))
    late = await shelves.ticking_cases(later(1e7), is_exercise=True)
    assert [one.overdue for one in late] == ["accept"]
    closed = replace(case, state=CaseState.CLOSED, closed_utc=later(2000))
    await kept.records.save_case(closed, event=CaseEvent.CLOSE, cause=SYSTEM, at_utc=later(2000))
    alike = await kept.store.read(
        lambda c: closed_alike(c, closed, timedelta(days=7), Ask(), scopes=(GRID[:9],))
    )
    assert [item["case_no"] for item in alike.items] == [case.case_no]


async def the_track_is_kept(kept: Kept) -> None:
    track = await kept.telemetry.track(SORTIE, limit=20)
    assert 10 < len(track) <= 20
    assert (track[0]["t_utc"], track[-1]["is_in_air"]) == ("2026-11-24T01:30:00.000Z", 1)
    flown = await kept.telemetry.flown(SORTIE)
    assert flown is not None
    assert flown.mission_item == 4


async def test_a_page_goes_on_where_the_last_one_ended(tmp_path: Path, server: str | None) -> None:
    async with fresh_url(server) as url, running(tmp_path, url) as kept:
        filed = []
        for number in range(7):
            case = a_case(an_observed_alert(AlertEvent.PERSIST))
            filed.append(await kept.records.file_case(case, cause=SYSTEM, at_utc=later(number)))
        shown, ask = [], Ask(limit=3)
        while True:
            page = await kept.store.read(partial(case_queue, ask=ask))
            shown += [item["case_no"] for item in page.items]
            if not page.next_cursor:
                break
            ask = Ask(cursor=page.next_cursor, limit=3)
        assert shown == sorted(case.case_no for case in filed)
        log = await kept.store.read(
            lambda c: audit_log(c, None, Ask(limit=2), is_newest_first=True)
        )
        assert [row["seq"] for row in log.items] == [7, 6]
        with pytest.raises(Refused, match="no page of this list"):
            await kept.store.read(lambda c: audit_log(c, None, Ask(cursor="eyJ9")))


async def test_a_track_is_thinned_by_policy_and_its_log_still_verifies(
    tmp_path: Path, server: str | None
) -> None:
    async with fresh_url(server) as url, running(tmp_path, url) as kept:
        await fly_and_close(kept)
        job = Retention(
            store=kept.store, telemetry=kept.telemetry, folder=tmp_path, is_exercise=True
        )
        now = later(40 * 86_400)
        done = await job.carry_out(read_policy(), now, is_clock_right=True)
        assert [(one.action, one.rows) for one in done] == [("telemetry.thinned", 120)]
        left = (await kept.telemetry.summary(SORTIE)).rows
        assert 24 <= left <= 40  # one a second of 24 s, and what happened in between
        assert await job.due(read_policy(), now) == []
        gone = now + timedelta(days=500)
        assert [
            d.action for d in await job.carry_out(read_policy(), gone, is_clock_right=True)
        ] == ["telemetry.deleted"]
        assert (await kept.telemetry.summary(SORTIE)).rows == 0
        if server is None:
            assert fault_in(tmp_path)[1] == ""


async def test_a_track_is_spread_from_end_to_end_though_two_aircraft_were_recorded(
    tmp_path: Path, server: str | None
) -> None:
    async with fresh_url(server) as url, running(tmp_path, url) as kept:
        log = kept.telemetry
        pairs = zip(
            a_track(count=90, hz=5.0), a_track(count=90, hz=5.0, vehicle_id="GP-2"), strict=True
        )
        for mine, other in pairs:
            for name, sample in (("S-1", mine), ("S-2", other)):
                record_as(log, name, sample.vehicle_id)
                log.add(sample)
        await log.flush()
        whole = await log.track("S-2", limit=90)
        assert len(whole) == 90
        for limit in (2, 7, 50, 89):
            some = await log.track("S-2", limit=limit)
            assert (some[0], some[-1]) == (whole[0], whole[-1])
            assert limit // 2 < len(some) <= limit
            assert {row["vehicle_id"] for row in some} == {"GP-2"}
            places = [whole.index(row) for row in some]
            steps = [b - a for a, b in zip(places, places[1:], strict=False)]
            assert max(steps) - min(steps) <= 1
        assert await log.track("S-3") == []


async def test_records_go_to_a_backup_and_come_back(tmp_path: Path, server: str | None) -> None:
    async with fresh_url(server) as url, fresh_url(server) as other_url:
        async with running(tmp_path / "data", url) as kept:
            await fly_and_close(kept)
            head = await kept.records.chain_head()
            # In a thread, as another program beside the running station.
            work = anyio.to_thread.run_sync
            made = await work(lambda: backup(kept.place, tmp_path / "b", by="Zhou", as_json=False))
            assert made == 0
            export = tmp_path / "audit.jsonl"
            await work(
                lambda: log_export(kept.place, export, reason="yearly", by="Zhou", as_json=False)
            )
            assert log_verify(export, rows=head.row_count, head=head.hash) == 0
            there = await work(log_verify_at, kept.place, head.row_count, head.hash, True)
            assert there == 0
            assert await work(log_verify_at, kept.place, head.row_count, "0" * 64, True) == 1
            assert (await kept.records.chain_head()).row_count == head.row_count + 2
        assert log_verify(tmp_path / "b", rows=head.row_count, head=head.hash) == 0
        back = Place(folder=tmp_path / "new", database_url=other_url)
        await anyio.to_thread.run_sync(
            lambda: restore(tmp_path / "b", back, by="Zhou", head=head.hash, as_json=False)
        )
        async with running(tmp_path / "new", other_url) as kept:
            assert (await kept.records.chain_head()).row_count == head.row_count + 1
            assert len(await kept.records.cases()) == 1
            assert (await kept.telemetry.summary(SORTIE)).rows == 120
            number = await kept.records.next_id("A", MORNING)
            assert number == "A-20261124-0001"
        with pytest.raises(Refused, match="overwrites nothing"):
            await anyio.to_thread.run_sync(
                lambda: restore(tmp_path / "b", back, by="Zhou", head=None, as_json=False)
            )


async def test_two_stations_on_one_database_make_one_chain(
    tmp_path: Path, server: str | None
) -> None:
    async with (
        fresh_url(server) as url,
        running(tmp_path, url) as one,
        running(tmp_path, url) as other,
    ):

        async def write(kept: Kept, name: str) -> None:
            for number in range(10):
                await kept.records.note(
                    "n", f"{name}-{number}", {}, cause=LEADER, at_utc=MORNING, is_exercise=True
                )

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write, one, "one")
            tasks.start_soon(write, other, "other")
        rows = (await one.store.read(audit_log)).items
        assert [row["seq"] for row in rows] == list(range(1, 21))
        assert all(b["prev_hash"] == a["hash"] for a, b in zip(rows, rows[1:], strict=False))


async def test_a_writer_whose_connection_was_cut_writes_again(
    tmp_path: Path, server: str | None
) -> None:
    cut = "SELECT pg_terminate_backend(pg_backend_pid())"
    async with fresh_url(server) as url, running(tmp_path, url) as kept:
        if server is not None:  # a file has nobody to cut it
            with pytest.raises(StoreUnavailable):
                await kept.store.write(lambda c: c.execute(text(cut)))
        for number in range(2):
            await kept.records.note(
                "n", f"o-{number}", {}, cause=LEADER, at_utc=MORNING, is_exercise=True
            )
        assert (await kept.records.chain_head()).row_count == 2


async def test_a_statement_that_is_wrong_is_a_bug_and_not_an_absent_disk(
    tmp_path: Path, server: str | None
) -> None:
    async with fresh_url(server) as url, running(tmp_path, url) as kept:
        with pytest.raises((ProgrammingError, OperationalError), match="nothing_of_ours"):
            await kept.store.read(lambda c: c.execute(text("SELECT * FROM nothing_of_ours")))


async def test_every_statement_of_the_store_is_one_that_postgresql_reads(tmp_path: Path) -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    seen: dict[str, str] = {}

    def compile_it(_c: Any, element: Any, *_: Any) -> None:
        if hasattr(element, "compile"):
            seen[str(element)] = str(element.compile(dialect=dialect))

    event.listen(Engine, "before_execute", compile_it)
    try:
        await test_the_story_is_kept_found_and_frozen(tmp_path / "1", None)
        await test_a_page_goes_on_where_the_last_one_ended(tmp_path / "2", None)
        await test_a_track_is_thinned_by_policy_and_its_log_still_verifies(tmp_path / "3", None)
    finally:
        event.remove(Engine, "before_execute", compile_it)
    assert len(seen) > 60
    assert any("WITH RECURSIVE" in words for words in seen.values())
    assert all(words.strip() for words in seen.values())
