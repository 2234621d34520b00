"""`gridpatrol backup` and `gridpatrol restore`: the records out of a running station, and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
from sqlalchemy import Connection

from ground_station.commands.records_at import Opened, Place, opened, person, run_on
from ground_station.people.tables import persons
from ground_station.store import audit
from ground_station.store.backup import (
    Manifest,
    begin_backup,
    check_backup,
    copy_databases,
    end_backup,
    manifest_fields,
    restore_files,
)
from ground_station.store.copying import copy_all, file_engine
from ground_station.store.engine import Store
from ground_station.store.records import Records
from ground_station.store.schema import DATABASE_NAME, migrate_file
from ground_station.store.telemetry import TELEMETRY_NAME, TelemetryLog, telemetry_metadata
from patrol.errors import Refused

# Through a table of the persons: they belong to the records only once their tables are loaded.
_RECORDS = persons.metadata


def backup(place: Place, target: Path, *, by: str | None, as_json: bool) -> int:
    """Make a backup; 0 when it is on the disk and checked."""

    async def work(records: Opened) -> int:
        now = datetime.now(UTC)
        partial = await anyio.to_thread.run_sync(begin_backup, target)
        if place.database_url is None:
            await anyio.to_thread.run_sync(copy_databases, place.folder, partial)
        else:
            await _dump(records, partial)
        made = await anyio.to_thread.run_sync(end_backup, place.folder, partial, target, now)
        await Records(records.store).note(
            "export.backup", target.name, manifest_fields(made), cause=person(by), at_utc=now,
            is_exercise=records.is_exercise,
        )  # fmt: skip
        _tell(as_json, made, f"backed up to {target}: {made.rows} audit rows, head {made.head}")
        return 0

    return run_on(place, work)


def restore(source: Path, place: Place, *, by: str | None, head: str | None, as_json: bool) -> int:
    """Check a backup and bring it back where nothing is; 0 when it stands there and verifies."""
    manifest = check_backup(source)
    if head is not None and head.strip().lower() != manifest.head:
        raise Refused(f"the backup's head is {manifest.head}, not the one that was written down")
    is_server = place.database_url is not None
    if is_server:
        anyio.run(_refuse_unless_empty, place)
    restore_files(source, place.folder, manifest, with_databases=not is_server)
    if is_server:
        anyio.run(_load, source, place)

    async def work(records: Opened) -> int:
        await Records(records.store).note(
            "backup.restored", source.name, manifest_fields(manifest), cause=person(by),
            at_utc=datetime.now(UTC), is_exercise=records.is_exercise,
        )  # fmt: skip
        where = "the server" if is_server else str(place.folder)
        _tell(as_json, manifest, f"restored {manifest.rows} audit rows into {where}")
        return 0

    return run_on(place, work)


async def _dump(records: Opened, partial: Path) -> None:
    """A server's records and telemetry as files, each as it is at one moment."""
    await anyio.to_thread.run_sync(migrate_file, partial / DATABASE_NAME)

    def copy_records(connection: Connection) -> None:
        with file_engine(partial / DATABASE_NAME).begin() as target:
            copy_all(connection, target, _RECORDS)

    def copy_telemetry(connection: Connection) -> None:
        with file_engine(partial / TELEMETRY_NAME).begin() as target:
            copy_all(connection, target, telemetry_metadata)

    await records.store.read(copy_records)
    log = await TelemetryLog.open(partial, is_exercise=records.is_exercise)
    await log.close()
    await records.telemetry.read(copy_telemetry)


async def _refuse_unless_empty(place: Place) -> None:
    store = await Store.open(place.folder, place.database_url)
    try:
        if (await store.read(audit.head)).row_count:
            raise Refused("there are records on the server: a backup overwrites nothing")
    finally:
        await store.close()


async def _load(source: Path, place: Place) -> None:
    """A backup's rows onto a server: all or nothing."""

    def load(name: str, metadata: Any) -> Any:  # noqa: ANN401  # SQLAlchemy's MetaData
        def work(connection: Connection) -> None:
            with file_engine(source / name).connect() as found:
                copy_all(found, connection, metadata)

        return work

    async with opened(place) as records:
        await records.store.write(load(DATABASE_NAME, _RECORDS))
        if await anyio.Path(source / TELEMETRY_NAME).is_file():
            await records.telemetry.write(load(TELEMETRY_NAME, telemetry_metadata))


def _tell(as_json: bool, manifest: Manifest, words: str) -> None:
    print(json.dumps(manifest_fields(manifest)) if as_json else words)
