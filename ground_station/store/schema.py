"""Bringing a database up to this program's schema, all or nothing. Runs in a thread, at each start.

`migrate` can also go back to an earlier revision; records of today are never dropped by that.
"""

from __future__ import annotations

import re
from pathlib import Path

import anyio
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from ground_station.store.dialects import (
    IS_WRITER,
    in_plain_words,
    prepare_sqlite,
    server_engine,
)
from patrol.errors import ConfigError, StoreUnavailable

DATABASE_NAME = "gridpatrol.db"
_MIGRATIONS = Path(__file__).parent / "migrations"
_SAYS = re.compile(r"^(revision|down_revision) = (.*)$", re.MULTILINE)


def prepare_folder(folder: Path) -> Path:
    """Make the folder; the path of the database in it. ConfigError when that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".gridpatrol-can-write"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ConfigError(
            f"the records cannot be kept in {folder}: {error.strerror or error}"
        ) from error
    return folder / DATABASE_NAME


def migrate_file(path: Path, revision: str | None = None) -> None:
    """Bring an SQLite file to a revision (default: the newest), making it if need be.

    ConfigError when it is no database or a newer program's; StoreUnavailable when it is locked or
    the disk is full.
    """
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        connect_args={"isolation_level": None},  # or each CREATE TABLE would commit by itself
    )
    prepare_sqlite(engine)
    try:
        with engine.connect().execution_options(**{IS_WRITER: True}) as connection:
            migrate(connection, revision)
    except DBAPIError as error:
        told = in_plain_words(error)
        if not isinstance(told, StoreUnavailable):
            raise
        if "not a database" in str(error.orig) or "malformed" in str(error.orig):
            raise ConfigError(f"not a database of GridPatrol: {path} ({error.orig})") from error
        told.args = (f"{path}: {told}",)
        raise told from error
    finally:
        engine.dispose()


def migrate_server(url: URL) -> None:
    """Bring a PostgreSQL database to the newest revision; to be called in a thread of its own."""
    anyio.run(_migrate_server, url)


async def _migrate_server(url: URL) -> None:
    engine = server_engine(url)
    try:
        async with engine.connect() as connection:
            # Two stations that start together migrate one after the other.
            await connection.execution_options(**{IS_WRITER: True})
            await connection.run_sync(migrate)
    except (SQLAlchemyError, OSError) as error:
        raise in_plain_words(error) from error
    finally:
        await engine.dispose()


def migrate(connection: Connection, revision: str | None = None) -> None:
    """Go to a revision in one transaction; ConfigError when the database is newer than the program.

    A killed process leaves the schema as it was before.
    """
    with connection.begin():
        if revision is None and _heads_in(connection) == newest_heads():
            return
        _migrate(connection, revision)


def newest_heads() -> set[str]:
    """The revisions that nothing is built on, by what the files of the migrations say."""
    made: set[str] = set()
    built_on: set[str] = set()
    for file in (_MIGRATIONS / "versions").glob("r*.py"):
        for name, value in _SAYS.findall(file.read_text(encoding="utf-8")):
            (made if name == "revision" else built_on).update(re.findall(r'"([^"]+)"', value))
    return made - built_on


def _heads_in(connection: Connection) -> set[str]:
    if not inspect(connection).has_table("alembic_version"):
        return set()
    return {row[0] for row in connection.exec_driver_sql("SELECT version_num FROM alembic_version")}


def _migrate(connection: Connection, revision: str | None) -> None:
    # Alembic takes as long to load as half of the station, and is needed once in a database's
    # life: a station that starts again in a flight has no time for it.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    # ConfigParser reads a per cent sign as its own.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    strange = sorted(_heads_in(connection) - known)
    if strange:
        raise ConfigError(
            f"the database was written by a newer GridPatrol (schema {strange[0]}): "
            "use that version, or another data folder"
        )
    if revision is None:
        command.upgrade(config, "heads")
    else:
        command.downgrade(config, revision)
