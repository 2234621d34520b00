"""The store on a real SQLite file: durability, guards, closing, and a bad start."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from blockbuster import blockbuster_ctx
from sqlalchemy import Connection, text

from ground_station.alerts import AlertEvent
from ground_station.case_numbers import parse_case_number
from ground_station.casework.states import CaseEvent
from ground_station.casework.steps import advance as advance_case
from ground_station.people.tables import grants, links, persons, seats, sessions, tokens
from ground_station.store import tables
from ground_station.store.chain import verify
from ground_station.store.engine import Store
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from patrol.bus import Bus
from patrol.errors import ConfigError, Refused, StoreUnavailable
from patrol.telemetry import Battery, TelemetrySample
from tests.ground_core import (
    MORNING,
    OPERATOR,
    PLACE,
    REGISTRAR,
    SORTIE,
    SYSTEM,
    a_plan,
    a_sighting,
    a_sortie,
    an_alert,
    an_observed_alert,
    later,
    running_store,
)
from tests.ground_story import a_case, an_announcement, an_effect, fly_the_story, land_and_sign

pytestmark = pytest.mark.anyio
WHO_MAY_COME_IN = (grants, links, persons, seats, sessions, tokens)


async def test_what_a_save_returned_from_is_in_the_file(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        await Records(store).save_alert(
            an_alert(), cause=SYSTEM, at_utc=MORNING, action="alert.raised"
        )
        # Another program's view of the file, while the station runs.
        with closing(sqlite3.connect(store.path)) as other:
            assert other.execute("SELECT count(*) FROM alerts").fetchone() == (1,)
            assert other.execute("SELECT action FROM audit").fetchall() == [("alert.raised",)]
        assert verify(store.path).row_count == 1


async def test_every_record_reads_back_as_it_was_saved(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        records = Records(store)
        case = await fly_the_story(records)
        assert await records.plan("P-1") == a_plan()
        assert await records.sortie(SORTIE) == a_sortie()
        assert await records.open_sorties() == [a_sortie()]
        assert await records.sightings(SORTIE) == [a_sighting()]
        assert await records.announcement("B-20261124-0001") == an_announcement()
        assert await records.announcements(since_utc=later(9), sortie_id=SORTIE)
        assert await records.announcements(since_utc=later(11)) == []
        assert await records.effects(SORTIE) == [an_effect()]
        assert await records.case(case.case_no) == case
        assert await records.cases(is_open_only=True) == [case]
        alert = await records.alert("A-20261124-0001")
        assert alert is not None
        assert alert.case_no == case.case_no
        assert await records.alerts(SORTIE) == [alert]
        assert await records.alert("A-nobody") is None


async def test_records_survive_a_restart(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        await fly_the_story(Records(store))
    async with running_store(tmp_path) as store:
        records = Records(store)
        assert await records.open_sorties() == [a_sortie()]
        head = await records.chain_head()
        assert verify(store.path, head.row_count, head.hash).is_intact


async def test_a_refused_write_leaves_nothing_behind(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        records = Records(store)

        def half_done(connection: Connection) -> None:
            connection.execute(text("INSERT INTO counters VALUES ('x', 1)"))
            raise Refused("no")

        with pytest.raises(Refused, match="no"):
            await store.write(half_done)
        found = await store.read(lambda c: c.execute(text("SELECT * FROM counters")).all())
        assert found == []
        await records.note("n", "o", {}, cause=SYSTEM, at_utc=MORNING, is_exercise=True)


async def test_many_writers_at_once_make_one_chain(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        records = Records(store)

        async def write(number: int) -> None:
            await records.note(
                "n", f"o-{number}", {}, cause=OPERATOR, at_utc=MORNING, is_exercise=True
            )

        async with anyio.create_task_group() as tasks:
            for number in range(40):
                tasks.start_soon(write, number)
        assert verify(store.path).row_count == 40


async def test_a_stopping_station_finishes_what_it_was_asked_to_store(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    records = Records(store)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.run)
        for number in range(5):
            tasks.start_soon(
                lambda n: records.note(
                    "n", f"o-{n}", {}, cause=SYSTEM, at_utc=MORNING, is_exercise=True
                ),
                number,
            )
        await anyio.lowlevel.checkpoint()  # all have asked, none has been answered
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert verify(store.path).row_count == 5
    with pytest.raises(StoreUnavailable, match="stopping"):
        await records.note("n", "o", {}, cause=SYSTEM, at_utc=MORNING, is_exercise=True)
    await store.close()


async def test_a_query_that_is_given_up_is_ended_and_leaves_no_task_that_never_ends(
    tmp_path: Path,
) -> None:
    begun, counted = threading.Event(), []

    def count(connection: Connection) -> None:
        begun.set()
        query = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
            "SELECT COUNT(*) FROM n"
        )
        counted.append(connection.execute(text(query)).scalar())

    async with running_store(tmp_path) as store:
        others = asyncio.all_tasks()
        async with anyio.create_task_group() as reading:
            reading.start_soon(store.read, count)
            await anyio.to_thread.run_sync(begun.wait)
            reading.cancel_scope.cancel()
        assert counted == [300_000]
        assert asyncio.all_tasks() <= others


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'Else' WHERE seq = 1",
        "DELETE FROM audit WHERE seq = 1",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE seq = 1",
        "UPDATE case_history SET actor = 'Else'",
        "DELETE FROM case_history",
        "INSERT OR REPLACE INTO case_history SELECT * FROM case_history WHERE seq = 1",
        "DELETE FROM cases",
        "UPDATE cases SET is_exercise = 0",
        "UPDATE counters SET last = 0",
        "DELETE FROM counters",
    ],
)
async def test_raw_sql_cannot_change_what_is_only_appended(tmp_path: Path, statement: str) -> None:
    async with running_store(tmp_path) as store:
        await fly_the_story(Records(store))
        with pytest.raises(Refused):
            await store.write(lambda c: c.execute(text(statement)))
        assert verify(store.path).is_intact


async def test_case_numbers_are_never_used_twice(tmp_path: Path) -> None:
    numbers = []
    for _ in range(2):  # the second time after a restart
        async with running_store(tmp_path) as store:
            records = Records(store)
            for _ in range(2):
                case = await records.file_case(
                    a_case(an_observed_alert(AlertEvent.PERSIST)), cause=SYSTEM, at_utc=later(700)
                )
                numbers.append(parse_case_number(case.case_no))
    assert [number.sequence for number in numbers] == [1, 2, 3, 4]
    assert {number.source.value for number in numbers} == {"X"}
    assert {number.street for number in numbers} == {"001"}


async def test_a_failed_filing_takes_no_number(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        records, case = Records(store), a_case(an_observed_alert(AlertEvent.PERSIST))
        await store.write(
            lambda c: c.execute(text("INSERT INTO counters VALUES ('case/20261124/X', 99999)"))
        )
        with pytest.raises(Refused, match="no case number left"):
            await records.file_case(case, cause=SYSTEM, at_utc=later(700))
        assert await records.cases() == []
        assert await records.case_history("") == []


async def test_a_closed_case_stays_closed(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        records = Records(store)
        case = await fly_the_story(records)
        closed = advance_case(case, CaseEvent.CLOSE_RECORD, REGISTRAR, later(900))
        await records.save_case(
            closed, event=CaseEvent.CLOSE_RECORD, cause=REGISTRAR, at_utc=later(900)
        )
        with pytest.raises(Refused, match="closed"):
            await records.save_case(case, event=CaseEvent.DISPATCH, cause=SYSTEM, at_utc=later(901))
        evaluated = advance_case(closed, CaseEvent.EVALUATE, SYSTEM, later(950))
        await records.save_case(
            evaluated, event=CaseEvent.EVALUATE, cause=SYSTEM, at_utc=later(950)
        )
        steps = [row["to_state"] for row in await records.case_history(case.case_no)]
        assert steps == ["FILED", "CLOSED", "EVALUATED"]


async def test_the_event_loop_is_never_blocked(tmp_path: Path) -> None:
    with blockbuster_ctx():
        async with running_store(tmp_path) as store:
            records = Records(store)
            await fly_the_story(records)
            await land_and_sign(records)
            log = await TelemetryLog.open(tmp_path, is_exercise=True)
            await log.close()
            await records.close_log(SORTIE, cause=REGISTRAR, at_utc=later(910))
            assert await records.alerts()


async def test_ids_count_up_by_day(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        records = Records(store)
        assert await records.next_id("A", MORNING) == "A-20261124-0001"
        assert await records.next_id("A", MORNING) == "A-20261124-0002"
        assert await records.next_id("M", MORNING) == "M-20261124-01"
        assert await records.next_id("A", later(86_400)) == "A-20261125-0001"


async def test_the_migrations_make_the_tables_the_code_expects(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    found = await store.read(
        lambda c: compare_metadata(MigrationContext.configure(c), tables.metadata)
    )
    await store.close()
    assert found == []


async def test_no_column_can_hold_a_picture(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    await store.close()
    with closing(sqlite3.connect(store.path)) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master")]
        columns = [
            (row[1].lower(), row[2].upper())
            for name in names
            for row in connection.execute(f"PRAGMA table_info('{name}')")
        ]
    assert columns
    assert not [name for name, kind in columns if kind in ("BLOB", "")]
    words = ("image", "picture", "still", "frame", "jpeg", "pixel")
    assert not [name for name, _ in columns if any(word in name for word in words)]


async def test_every_record_says_whether_it_is_an_exercise(tmp_path: Path) -> None:
    told = {table.name for table in tables.metadata.sorted_tables if "is_exercise" in table.c}
    # Who may sign in is no record; a folder of persons is one space or the other as a whole.
    rest = {"counters", "meta", "replays"} | {table.name for table in WHO_MAY_COME_IN}
    assert {table.name for table in tables.metadata.sorted_tables} - told == rest


async def test_a_commit_is_fully_synchronised(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        synchronous = await store.write(
            lambda c: c.exec_driver_sql("PRAGMA synchronous").scalar_one()
        )
        journal = await store.read(lambda c: c.exec_driver_sql("PRAGMA journal_mode").scalar_one())
    assert (synchronous, journal) == (2, "wal")


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ConfigError, match="records cannot be kept in"):
        await Store.open(tmp_path / "file" / "data")


async def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "gridpatrol.db"
    path.write_text("somebody's letter " * 100)
    with pytest.raises(ConfigError, match="not a database"):
        await Store.open(tmp_path)
    assert path.read_text().startswith("somebody's letter")


async def test_a_newer_programs_database_is_told(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)
    await store.close()
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'r9999'")
        connection.commit()
    with pytest.raises(ConfigError, match="newer GridPatrol"):
        await Store.open(tmp_path)


async def test_telemetry_is_written_in_batches_and_summed_up(tmp_path: Path) -> None:
    bus, log = Bus(), await TelemetryLog.open(tmp_path, is_exercise=True)
    log.begin("GP-1", SORTIE)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(log.run, bus)
        await anyio.wait_all_tasks_blocked()
        for number in range(700):
            bus.publish(
                TelemetrySample(
                    vehicle_id="GP-1", time_utc=later(number), heard_at_s=float(number),
                    position=PLACE, height_above_home_m=number / 10,
                    battery=Battery(charge_pct=80.0), is_in_air=True,
                )
            )  # fmt: skip
        tasks.cancel_scope.cancel()
    summary = await log.summary(SORTIE)
    again = await log.summary(SORTIE)
    await log.close()
    assert (summary.rows, summary.max_height_above_home_m) == (700, 69.9)
    assert (summary.first_utc, summary.last_utc) == (
        "2026-11-24T01:30:00.000Z",
        "2026-11-24T01:41:39.000Z",
    )
    assert summary == again
    with closing(sqlite3.connect(tmp_path / "telemetry.db")) as connection:
        row = connection.execute(
            "SELECT battery_v, is_in_air, is_exercise FROM telemetry"
        ).fetchone()
    assert row == (None, 1, 1)
