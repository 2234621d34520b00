"""Bringing a database up to this program's schema, all or nothing. Runs in a thread, at each start.

`migrate` can also go back to an earlier revision; records of today are never dropped by that.
"""

from __future__ import annotations

from pathlib import Path

import anyio
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
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
    config = Config()
    # ConfigParser reads a per cent sign as its own.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    with connection.begin():
        present = MigrationContext.configure(connection).get_current_heads()
        strange = [name for name in present if name not in known]
        if strange:
            raise ConfigError(
                f"the database was written by a newer GridPatrol (schema {strange[0]}): "
                "use that version, or another data folder"
            )
        if revision is None:
            command.upgrade(config, "heads")
        else:
            command.downgrade(config, revision)
