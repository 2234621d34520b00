"""A backup of a station that is writing, and what is no backup: never taken, never brought back."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from ground_station.commands.backup import _dump, backup, restore
from ground_station.commands.log import log_verify
from ground_station.commands.records_at import Opened, Place, place_of
from ground_station.data_lock import data_lock
from ground_station.people.persons import Grant
from ground_station.people.tokens import find_token
from ground_station.store.backup import MANIFEST, check_backup
from ground_station.store.queries import audit_log
from ground_station.store.records import Records
from ground_station.store.schema import DATABASE_NAME, migrate_file
from ground_station.store.telemetry import TelemetryLog
from patrol.cause import Role
from patrol.errors import ConfigError, Refused
from tests.ground_core import MORNING, OPERATOR, REGISTRAR, SORTIE, later, running_store
from tests.ground_story import fly_the_story, land_and_sign
from tests.persons import a_book, with_token

pytestmark = pytest.mark.anyio


async def story(folder: Path) -> Place:
    async with running_store(folder) as store:
        records = Records(store)
        await fly_the_story(records)
        await land_and_sign(records)
        await records.close_log(SORTIE, cause=REGISTRAR, at_utc=later(910))
    (folder / "tlog").mkdir()
    (folder / "tlog" / "GP-1.tlog").write_bytes(b"raw bytes")
    return Place(folder=folder)


def back_up(place: Place, target: Path) -> int:
    return backup(place, target, by="Zhou", as_json=True)


def bring_back(source: Path, place: Place, head: str | None = None) -> int:
    return restore(source, place, by="Zhou", head=head, as_json=True)


async def test_a_backup_taken_while_the_station_writes_is_whole(tmp_path: Path) -> None:
    async with running_store(tmp_path / "data") as store:
        records, is_over = Records(store), anyio.Event()

        async def write_on() -> None:
            number = 0
            while not is_over.is_set():
                number += 1
                await records.note(
                    "n", f"o-{number}", {}, cause=OPERATOR, at_utc=MORNING, is_exercise=True
                )

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write_on)
            for number in range(2):
                target = tmp_path / f"backup-{number}"
                place = Place(folder=tmp_path / "data")
                await anyio.to_thread.run_sync(back_up, place, target)
                assert log_verify(target) == 0
                assert check_backup(target).rows > 0
            is_over.set()
        rows = [check_backup(tmp_path / f"backup-{n}").rows for n in range(2)]
        assert rows == sorted(rows)
        log = (await store.read(lambda c: audit_log(c, is_newest_first=True))).items
        assert log
    assert log_verify(tmp_path / "data") == 0  # two programs wrote, and it is one chain


async def test_a_restored_station_is_the_one_that_was_backed_up_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = await story(tmp_path / "data")
    work = anyio.to_thread.run_sync
    await work(back_up, place, tmp_path / "b")
    told = json.loads(capsys.readouterr().out)
    back = Place(folder=tmp_path / "new")
    assert await work(bring_back, tmp_path / "b", back, told["head"]) == 0
    assert log_verify(back.folder, rows=told["rows"], head=told["head"]) == 0
    assert (back.folder / "tlog" / "GP-1.tlog").read_bytes() == b"raw bytes"
    async with running_store(back.folder) as store:
        newest = (await store.read(lambda c: audit_log(c, is_newest_first=True))).items[0]
        assert (newest["action"], newest["actor"]) == ("backup.restored", "Zhou")
        assert newest["body"]["head"] == told["head"]
        assert await Records(store).next_id("A", MORNING) == "A-20261124-0001"


async def test_a_servers_backup_has_its_persons_and_they_can_come_in_again(tmp_path: Path) -> None:
    (tmp_path / "dump").mkdir()
    async with running_store(tmp_path / "server") as store:  # which stands for one
        token = await with_token(a_book(store), "Li", (Role.PILOT,), "440512003")
        telemetry = await TelemetryLog.open(tmp_path / "server", is_exercise=True)
        place = Place(folder=tmp_path / "server")
        opened = Opened(place=place, store=store, telemetry=telemetry, is_exercise=True)
        await _dump(opened, tmp_path / "dump")
        await telemetry.close()
    async with running_store(tmp_path / "dump") as store:
        found = await store.read(lambda c: find_token(c, token, datetime.now(UTC)))
    assert found is not None
    person = found[1]
    assert (person.name, person.grants) == ("Li", (Grant(role=Role.PILOT, scope="440512003"),))


def test_the_command_by_itself_knows_every_table_that_the_migrations_make(tmp_path: Path) -> None:
    migrate_file(tmp_path / DATABASE_NAME)
    with closing(sqlite3.connect(tmp_path / DATABASE_NAME)) as connection:
        found = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        made = {name for (name,) in found} - {"alembic_version"}
    script = (
        "from ground_station.commands import backup; print(' '.join(backup._RECORDS.tables.keys()))"
    )
    known = subprocess.run(  # in a process where nothing else has loaded a table
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=20
    )
    assert set(known.stdout.split()) == made
    assert "persons" in made


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    place = await story(tmp_path / "data")
    work = anyio.to_thread.run_sync
    await work(back_up, place, tmp_path / "b")
    with pytest.raises(Refused, match="exists already"):
        await work(back_up, place, tmp_path / "b")
    with pytest.raises(Refused, match="is not empty"):
        await work(bring_back, tmp_path / "b", place)
    new = tmp_path / "new"
    with data_lock(new), pytest.raises(ConfigError, match="another station works in"):
        await work(bring_back, tmp_path / "b", Place(folder=new))
    assert log_verify(place.folder) == 0


async def test_a_damaged_backup_is_not_brought_back(tmp_path: Path) -> None:
    place = await story(tmp_path / "data")
    work, good = anyio.to_thread.run_sync, tmp_path / "b"
    await work(back_up, place, good)

    def damaged(name: str) -> Path:
        return Path(shutil.copytree(good, tmp_path / name))

    cut = damaged("cut")
    (cut / "tlog" / "GP-1.tlog").unlink()
    changed = damaged("changed")
    with (changed / "gridpatrol.db").open("r+b") as file:
        file.seek(5000)
        file.write(b"x")
    outside = damaged("outside")
    said = json.loads((outside / MANIFEST).read_text())
    said["files"]["../data/gridpatrol.db"] = said["files"]["gridpatrol.db"]
    (outside / MANIFEST).write_text(json.dumps(said))
    for source, words in ((cut, "missing"), (changed, "changed"), (outside, "outside itself")):
        with pytest.raises(Refused, match=words):
            await work(bring_back, source, Place(folder=tmp_path / "new"))
    with pytest.raises(Refused, match="not the one that was written down"):
        await work(bring_back, good, Place(folder=tmp_path / "new"), "0" * 64)
    with pytest.raises(ConfigError, match="is no backup"):
        await work(bring_back, tmp_path, Place(folder=tmp_path / "new"))
    assert not (tmp_path / "new").exists()


async def test_records_that_do_not_verify_become_no_backup(tmp_path: Path) -> None:
    place = await story(tmp_path / "data")
    with closing(sqlite3.connect(place.folder / "gridpatrol.db")) as connection:
        connection.execute("DROP TRIGGER audit_no_update")
        connection.execute("UPDATE audit SET actor = 'Else' WHERE seq = 3")
        connection.commit()
    with pytest.raises(Refused, match="row 3: changed"):
        await anyio.to_thread.run_sync(back_up, place, tmp_path / "b")
    assert not (tmp_path / "b").exists()
    assert not (tmp_path / "b.partial").exists()


def test_a_place_is_named_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give one"):
        place_of(tmp_path, tmp_path / "station.toml")
