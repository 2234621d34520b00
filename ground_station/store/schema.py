"""Bringing a database file up to this program's schema. Runs in a thread, at every start."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

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


def migrate_file(path: Path) -> None:
    """Upgrade an SQLite file to the newest schema, making it if need be.

    ConfigError when it is no database or a newer program's; StoreUnavailable when it is locked or
    the disk is full.
    """
    engine = create_engine(URL.create("sqlite", database=str(path)), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            connection.exec_driver_sql("PRAGMA synchronous=FULL")
            connection.rollback()
            if not _is_newest(connection):
                migrate(connection)
    except OperationalError as error:
        raise StoreUnavailable(f"the database cannot be opened: {path} ({error.orig})") from error
    except DatabaseError as error:
        raise ConfigError(f"not a database of GridPatrol: {path} ({error.orig})") from error
    finally:
        engine.dispose()


def newest_revision() -> str:
    """What the files of the migrations are named up to (`r0001_first.py`), without Alembic."""
    return max(file.name.partition("_")[0] for file in (_MIGRATIONS / "versions").glob("r*_*.py"))


def _is_newest(connection: Connection) -> bool:
    """Whether there is nothing to do: a station that starts again in a flight has no time."""
    tables = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'alembic_version'"
    )
    present: tuple[str, ...] = ()
    if tables.first() is not None:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        present = tuple(str(row[0]) for row in found)
    connection.rollback()
    return present == (newest_revision(),)


def migrate(connection: Connection) -> None:
    """Run the missing revisions; ConfigError when the database is newer than the program."""
    # It takes as long to load as half of the station, and is needed once in a database's life.
    from alembic import command
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    config = Config()
    # ConfigParser reads a per cent sign as its own.
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    present = MigrationContext.configure(connection).get_current_heads()
    strange = [revision for revision in present if revision not in known]
    if strange:
        raise ConfigError(
            f"the database was written by a newer GridPatrol (schema {strange[0]}): "
            "use that version, or another data folder"
        )
    connection.rollback()
    command.upgrade(config, "head")
    connection.commit()
