"""Migrations up and down on a filled database, and as a server's keeper would be given them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import MetaData, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from ground_station.store import tables
from ground_station.store.backup import fault_in
from ground_station.store.copying import file_engine
from ground_station.store.engine import Store
from ground_station.store.migrations.versions import r0001_first, r0002_store, r0050_store
from ground_station.store.policies import hold
from ground_station.store.queries import case_queue, newest
from ground_station.store.records import Records
from ground_station.store.schema import DATABASE_NAME, migrate_file, newest_heads
from ground_station.store.telemetry import telemetry_metadata
from patrol.errors import ConfigError
from tests.ground_core import LEADER, REGISTRAR, SORTIE, SYSTEM, an_alert, later, running_store
from tests.ground_story import fly_the_story, land_and_sign

pytestmark = pytest.mark.anyio


async def fill(folder: Path) -> None:
    async with running_store(folder) as store:
        records = Records(store)
        await fly_the_story(records)
        await land_and_sign(records)
        await records.close_log(SORTIE, cause=REGISTRAR, at_utc=later(910))
        await records.note(
            "view", "S-9", {"reason": "x"}, cause=REGISTRAR, at_utc=later(911),
            is_exercise=True, scope="440512001",
        )  # fmt: skip


def schema(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return sorted(
            row[0] for row in connection.execute("SELECT sql FROM sqlite_master WHERE sql <> ''")
        )


def columns(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query).fetchall()


async def test_down_and_up_again_nothing_is_lost_and_the_schema_is_the_codes(
    tmp_path: Path,
) -> None:
    await fill(tmp_path)
    path = tmp_path / DATABASE_NAME
    before, audit = schema(path), columns(path, "SELECT * FROM audit")
    migrate_file(path, "r0001")
    assert "is_open" not in " ".join(schema(path))
    assert fault_in(tmp_path)[1] == ""  # the older program's records verify as they are
    migrate_file(path)
    assert columns(path, "SELECT * FROM audit") == audit
    assert columns(path, "SELECT scope FROM audit WHERE action = 'view'") == [("440512001",)]
    assert schema(path) == before
    assert fault_in(tmp_path)[1] == ""
    with file_engine(path).connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), tables.metadata)
        assert found == []
        assert len(case_queue(connection).items) == 1  # what consoles search by is there again
    async with running_store(tmp_path) as store:
        await Records(store).note("n", "o", {}, cause=SYSTEM, at_utc=later(1), is_exercise=True)


async def test_records_of_before_are_found_by_what_was_added_later(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        await Records(store).save_alert(an_alert(), cause=SYSTEM, at_utc=later(1), action="a")
    migrate_file(tmp_path / DATABASE_NAME, "r0001")
    migrate_file(tmp_path / DATABASE_NAME)
    with file_engine(tmp_path / DATABASE_NAME).connect() as connection:
        found = newest(connection, tables.alerts, state="RAISED")
        assert [item["alert_id"] for item in found.items] == ["A-20261124-0001"]
        figures = connection.execute(select(tables.alert_figures.c.id)).scalars().all()
        assert figures == ["A-20261124-0001"]  # measured as if it had been saved today


async def test_cases_of_before_are_found_by_their_owners_code_closed_ones_too(
    tmp_path: Path,
) -> None:
    await fill(tmp_path)
    path = tmp_path / DATABASE_NAME
    migrate_file(path, "r0040")
    assert "owner_code" not in " ".join(schema(path))
    ended = "UPDATE cases SET state = 'CLOSED', is_open = false"
    with closing(sqlite3.connect(path)) as before:
        before.execute(ended)
        before.commit()
    migrate_file(path)
    code = "SELECT owner_code, json_extract(body_json, '$.owner.code') FROM cases"
    ((kept, told),) = columns(path, code)
    assert (kept, len(str(kept))) == (told, 15)
    with closing(sqlite3.connect(path)) as after, pytest.raises(sqlite3.Error, match="closed"):
        after.execute("UPDATE cases SET state = 'HANDLING'")


async def test_what_an_older_program_would_not_heed_is_not_taken_down(tmp_path: Path) -> None:
    async with running_store(tmp_path) as store:
        await store.write(
            lambda c: hold(c, SORTIE, "court 12/2026", LEADER, later(1), is_exercise=True)
        )
    with pytest.raises(ConfigError, match="legal_holds"):
        migrate_file(tmp_path / DATABASE_NAME, "r0001")
    store = await Store.open(tmp_path)  # and it is as it was
    await store.close()


async def test_records_are_never_dropped_and_an_empty_database_can_be(tmp_path: Path) -> None:
    migrate_file(tmp_path / "empty.db")
    migrate_file(tmp_path / "empty.db", "base")
    assert schema(tmp_path / "empty.db") == [
        "CREATE TABLE alembic_version (\n\tversion_num VARCHAR(32) NOT NULL, \n\t"
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n)"
    ]
    await fill(tmp_path)
    with pytest.raises(ConfigError, match="never dropped"):
        migrate_file(tmp_path / DATABASE_NAME, "base")
    assert fault_in(tmp_path)[1] == ""


def test_a_start_that_finds_all_done_loads_no_migrations(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_NAME
    migrate_file(path)
    program = (
        "import sys; from pathlib import Path; from ground_station.store.schema import *; "
        f"migrate_file(Path({str(path)!r})); print('alembic' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "False"
    with closing(sqlite3.connect(path)) as connection:
        heads = {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}
    assert heads == newest_heads()


def test_the_migrations_are_words_that_a_postgresql_server_reads() -> None:
    written = StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": written}
    )
    with Operations.context(context):
        r0001_first.upgrade()
        r0002_store.upgrade()
        r0050_store.upgrade()
    script = written.getvalue()
    assert script.count("CREATE FUNCTION") == script.count("CREATE TRIGGER") > 30
    assert "BEFORE TRUNCATE ON audit FOR EACH STATEMENT" in script
    for table in tables.metadata.sorted_tables:
        if table.name in ("audit", "cases", "legal_holds"):
            assert f"CREATE TABLE {table.name} (" in script
    for sqlite_only in ("RAISE(ABORT", "PRAGMA", "AUTOINCREMENT"):
        assert sqlite_only not in script


@pytest.mark.parametrize("metadata", [tables.metadata, telemetry_metadata])
def test_every_table_and_index_has_its_words_on_postgresql(metadata: MetaData) -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.sorted_tables:
        assert str(CreateTable(table).compile(dialect=dialect)).strip()
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect)).strip()
