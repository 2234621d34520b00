"""A full disk, a read-only database, a held one, a clock set back: told in words, nothing lost."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import Pool
from structlog.testing import capture_logs

from ground_station.api.problems import add_problems
from ground_station.store import engine, telemetry
from ground_station.store.chain import verify
from ground_station.store.engine import Store
from ground_station.store.queries import AuditFilter, audit_log
from ground_station.store.records import Records
from ground_station.store.telemetry import TelemetryLog
from patrol.bus import Bus
from patrol.errors import ConfigError, StoreFull, StoreUnavailable
from patrol.story import StoryEvent
from tests.ground_core import MORNING, OPERATOR, PILOT, SORTIE, SYSTEM, later, running_store
from tests.store_samples import a_track, record_as

pytestmark = pytest.mark.anyio
LARGE = {"words": "x" * 200_000}


@pytest.fixture(autouse=True)
def connections() -> Iterator[dict[int, Any]]:
    """Every connection that is taken from a pool during the test."""
    taken: dict[int, Any] = {}

    def take(connection: Any, *_: object) -> None:
        if (driver := getattr(connection, "driver_connection", None)) is not None:
            taken[id(connection)] = driver  # the migrations' own connections have none

    event.listen(Pool, "checkout", take)
    yield taken
    event.remove(Pool, "checkout", take)


async def set_pragma(connections: dict[int, Any], words: str) -> None:
    """On each of them, whoever has it."""
    for connection in list(connections.values()):
        await connection.execute(f"PRAGMA {words}")


async def note(store: Store, body: dict[str, str], seconds: float = 0.0) -> None:
    await Records(store).note(
        "n", "o", body, cause=OPERATOR, at_utc=later(seconds), is_exercise=True
    )


async def test_a_full_disk_is_told_and_what_was_kept_stays_whole(
    tmp_path: Path, connections: dict[int, Any]
) -> None:
    async with running_store(tmp_path) as store:
        await note(store, {})
        await set_pragma(connections, "max_page_count=1")  # no more than there are
        with pytest.raises(StoreFull, match="the disk is full, nothing was stored") as told:
            await note(store, LARGE)
        assert told.value.text_zh == "磁盘已满，未能保存"
        assert verify(store.path).row_count == 1
        assert await Records(store).chain_head()  # what there is can be read all the time
        await set_pragma(connections, "max_page_count=1000000")  # somebody has made room
        await note(store, LARGE)
        assert verify(store.path).row_count == 2


async def test_what_must_be_obeyed_at_once_is_written_when_the_disk_is_back(
    tmp_path: Path, connections: dict[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_LATE_RETRY_S", 0.02)
    async with running_store(tmp_path) as store:
        records = Records(store)
        await note(store, {})
        await set_pragma(connections, "query_only=ON")
        for number in range(3):  # the pilot calls home: nobody waits for a disk
            await records.note_though_late(
                "sortie.return", SORTIE, {"n": number}, cause=PILOT, at_utc=later(number),
                is_exercise=True,
            )  # fmt: skip
        with pytest.raises(StoreUnavailable):  # all else is told as before
            await note(store, {})
        await set_pragma(connections, "query_only=OFF")
        with anyio.fail_after(5):
            while (await records.chain_head()).row_count < 4:
                await anyio.sleep(0.01)
        rows = (await store.read(audit_log)).items[1:]
        assert [row["body"]["n"] for row in rows] == [0, 1, 2]
        assert {(row["actor"], row["role"]) for row in rows} == {("Huang", "PILOT")}
        assert verify(store.path).is_intact


async def test_a_held_database_keeps_no_pilot_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_OBEYED_WITHIN_S", 0.02)
    async with running_store(tmp_path) as store:
        records = Records(store)
        await note(store, {})
        with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # held for as long as the writer is ready to wait
            await records.note_though_late(
                "sortie.return", SORTIE, {}, cause=PILOT, at_utc=MORNING, is_exercise=True
            )
            assert (await records.chain_head()).row_count == 1  # obeyed before it was written
            other.execute("ROLLBACK")
        await note(store, {})
        rows = (await store.read(audit_log)).items
        assert [row["action"] for row in rows] == ["n", "sortie.return", "n"]


async def test_a_station_that_stops_without_a_disk_says_what_it_never_wrote(
    tmp_path: Path, connections: dict[int, Any]
) -> None:
    with capture_logs() as lines:
        async with running_store(tmp_path) as store:
            await note(store, {})
            await set_pragma(connections, "query_only=ON")
            await Records(store).note_though_late(
                "sortie.return", SORTIE, {}, cause=PILOT, at_utc=MORNING, is_exercise=True
            )
    assert [line["lost"] for line in lines if line["log_level"] == "error"] == [1]


async def test_a_read_only_database_is_told(tmp_path: Path, connections: dict[int, Any]) -> None:
    async with running_store(tmp_path) as store:
        await store.write(lambda _: None)  # the writer has its connection
        await set_pragma(connections, "query_only=ON")
        with pytest.raises(StoreUnavailable, match="read-only, nothing was stored") as told:
            await note(store, {})
        assert told.value.text_zh == "数据库为只读，未能保存"
        await set_pragma(connections, "query_only=OFF")
        await note(store, {})
        assert verify(store.path).row_count == 1


async def test_a_database_that_another_program_holds_is_told(
    tmp_path: Path, connections: dict[int, Any]
) -> None:
    async with running_store(tmp_path) as store:
        await store.write(lambda _: None)  # the writer has its connection
        await set_pragma(connections, "busy_timeout=20")
        with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="another program holds the database"):
                await note(store, {})
            other.execute("ROLLBACK")
        await note(store, {})
        assert verify(store.path).row_count == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that not even root may fill")
async def test_a_folder_that_cannot_be_written_is_told_at_the_start() -> None:
    with pytest.raises(ConfigError, match="the records cannot be kept in /proc"):
        await Store.open(Path("/proc/gridpatrol"))


async def test_the_web_says_507_for_a_full_disk_and_503_for_one_that_is_away() -> None:
    app = FastAPI()
    add_problems(app)

    @app.get("/{name}")
    async def failing(name: str) -> None:
        if name == "full":
            raise StoreFull("the disk is full", text_zh="磁盘已满")
        raise StoreUnavailable("the database is read-only", text_zh="数据库为只读")

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://station") as client:
        full, away = await client.get("/full"), await client.get("/away")
    assert full.status_code == 507
    assert "磁盘已满" in full.text
    assert away.status_code == 503
    assert "数据库为只读" in away.text


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[TelemetryLog]:
    opened = await TelemetryLog.open(tmp_path, is_exercise=True)
    record_as(opened, SORTIE)
    yield opened
    await opened.close()


async def test_opening_the_telemetry_again_writes_nothing_for_the_disk_may_be_full(
    tmp_path: Path,
) -> None:
    await (await TelemetryLog.open(tmp_path, is_exercise=True)).close()
    file = tmp_path / telemetry.TELEMETRY_NAME
    before = file.read_bytes()
    await (await TelemetryLog.open(tmp_path, is_exercise=True)).close()
    assert file.read_bytes() == before


async def until_told(lines: list[MutableMapping[str, Any]], words: str) -> MutableMapping[str, Any]:
    with anyio.fail_after(8):
        while not (found := [line for line in lines if line["event"] == words]):
            await anyio.sleep(0.01)
    return found[0]


async def test_a_flight_goes_on_while_the_disk_is_full_and_no_sample_is_lost(
    log: TelemetryLog, connections: dict[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "_LONGEST_WAIT_S", 0.05)
    bus = Bus()
    samples = list(a_track(count=800, hz=5.0))
    with capture_logs() as lines:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(log.run, bus)
            await anyio.wait_all_tasks_blocked()
            await set_pragma(connections, "max_page_count=1")
            for sample in samples[:799]:
                bus.publish(sample)
            told = await until_told(lines, "telemetry waits in memory")
            assert "disk is full" in str(told["reason"])
            await set_pragma(connections, "max_page_count=1000000")
            bus.publish(samples[799])
            back = await until_told(lines, "telemetry is written again")
            assert back["lost_rows"] == 0
            tasks.cancel_scope.cancel()
    assert (await log.summary(SORTIE)).rows == 800
    assert len([line for line in lines if line["log_level"] == "warning"]) == 1


async def test_what_does_not_fit_in_memory_either_is_counted_and_told(
    log: TelemetryLog, connections: dict[int, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "_LONGEST_WAIT_S", 0.05)
    monkeypatch.setattr(telemetry, "_WAITING_ROWS", 50)
    bus = Bus()
    with capture_logs() as lines, bus.subscribe(StoryEvent) as story:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(log.run, bus)
            await anyio.wait_all_tasks_blocked()
            await set_pragma(connections, "query_only=ON")
            for sample in a_track(count=300, hz=5.0):
                bus.publish(sample)
            await until_told(lines, "telemetry waits in memory")
            with anyio.fail_after(8):
                told = await story.get()  # at once, while the disk is away
            assert told.name == "telemetry.lost"
            assert told.fields["samples"] > 0
            assert told.fields["text_zh"]
            await set_pragma(connections, "query_only=OFF")
            bus.publish(next(a_track(count=1, hz=5.0)))
            back = await until_told(lines, "telemetry is written again")
            tasks.cancel_scope.cancel()
    kept = (await log.summary(SORTIE)).rows
    assert back["lost_rows"] == 301 - kept
    assert kept >= 50


async def test_samples_that_the_recorder_did_not_get_to_are_told_once(
    log: TelemetryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "_LONGEST_WAIT_S", 0.05)
    monkeypatch.setattr(telemetry, "_QUEUE", 100)
    bus = Bus()
    with bus.subscribe(StoryEvent) as story:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(log.run, bus)
            await anyio.wait_all_tasks_blocked()
            for sample in a_track(count=300, hz=5.0):
                bus.publish(sample)
            with anyio.fail_after(8):
                told = await story.get()
            tasks.cancel_scope.cancel()
        assert (told.name, told.fields["samples"]) == ("telemetry.lost", 200)
        assert story.take_all() == []
    assert (await log.summary(SORTIE)).rows == 100


async def test_a_clock_that_is_set_back_breaks_neither_chain_nor_numbers(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        records = Records(store)
        first = await records.next_id("A", later(0))
        await note(store, {"n": "1"}, 0.0)
        await note(store, {"n": "2"}, -7200.0)  # two hours back
        await note(store, {"n": "3"}, -7199.0)
        second = await records.next_id("A", later(-7200))
        yesterday = await records.next_id("A", later(-86_400))
        again = await records.next_id("A", later(0))
        assert len({first, second, yesterday, again}) == 4
        verdict = verify(store.path)
        assert (verdict.is_intact, verdict.row_count) == (True, 3)
        [step] = verdict.clock_steps
        assert (step.row, step.from_utc, step.to_utc) == (
            2, "2026-11-24T01:30:00.000Z", "2026-11-23T23:30:00.000Z",
        )  # fmt: skip
        written = await store.read(audit_log)
        assert [row["body"]["n"] for row in written.items] == ["1", "2", "3"]
        window = AuditFilter(from_utc=later(-7201), until_utc=MORNING)
        found = await store.read(lambda c: audit_log(c, window))
        assert [row["body"]["n"] for row in found.items] == ["2", "3"]


async def test_a_bug_in_a_write_is_no_absent_disk_and_ends_the_writer(tmp_path: Path) -> None:
    store = await Store.open(tmp_path)

    async def ask() -> None:
        with pytest.raises(StoreUnavailable, match="not stored"):
            await store.write(lambda _: int("no number"))

    async def both() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.run)
            with anyio.CancelScope(shield=True):
                await ask()

    with pytest.raises(ExceptionGroup) as told:
        await both()
    assert told.group_contains(ValueError)
    await store.close()


async def test_what_cannot_be_told_from_a_fault_of_ours_is_not_tried_for_ever(
    tmp_path: Path,
) -> None:
    async with running_store(tmp_path) as store:
        await note(store, {})
        with pytest.raises(OperationalError, match="no such table"):
            await store.write(lambda c: c.exec_driver_sql("DELETE FROM no_such"))
        await Records(store).note("n", "o", {}, cause=SYSTEM, at_utc=MORNING, is_exercise=True)
