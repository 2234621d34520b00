"""SQLite and PostgreSQL: how each is opened, how a transaction begins there, and its own errors.

The only place that knows one from the other; every statement elsewhere is one that both run.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ground_station.store.guards import REFUSAL
from patrol.errors import ConfigError, Refused, StoreFull, StoreUnavailable

IS_WRITER, IS_READER = "gridpatrol_writer", "gridpatrol_reader"  # execution options of a connection
_BUSY_TIMEOUT_MS = 5000  # another program (a backup, an auditor) may hold the file for a moment
_CONNECT_WITHIN_S = 10.0
# Whoever writes on a server takes this advisory lock first: the chain has one next row.
_WRITERS_LOCK = 440512_001

# SQLite's primary result codes (sqlite.org/rescode.html) for what a person can mend.
_FULL = {sqlite3.SQLITE_FULL}
_READ_ONLY = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}
_HELD = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_AWAY = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM}
# PostgreSQL's SQLSTATE (its appendix A): connection, resources, operator, lock, start-up.
_SERVER_AWAY = ("08", "53", "57", "55P03", "40", "28", "3D")


def sqlite_engine(path: Path, *, synchronous: str = "FULL") -> AsyncEngine:
    """An engine on a file, with explicit transactions and the pragmas that durability needs."""
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(path)),
        # Transactions are begun below: sqlite3 itself would begin them late and never for a read.
        connect_args={"isolation_level": None},
        pool_size=4,
        max_overflow=4,
    )
    prepare_sqlite(engine.sync_engine, synchronous=synchronous)
    return engine


def prepare_sqlite(engine: Engine, *, synchronous: str = "FULL") -> None:
    """Set an SQLite engine (made with isolation_level None) up for durable transactions."""

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={_BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            f"synchronous={synchronous}",  # FULL: a commit is on the disk, not in a cache
            "foreign_keys=ON",
            "recursive_triggers=ON",  # REPLACE must not slip past the guards
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        is_writer = connection.get_execution_options().get(IS_WRITER, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")


def server_engine(url: URL) -> AsyncEngine:
    """An engine on a PostgreSQL server; ConfigError when its driver is not installed."""
    try:
        engine = create_async_engine(
            url,
            pool_size=4,
            max_overflow=4,
            pool_pre_ping=True,
            connect_args={
                "timeout": _CONNECT_WITHIN_S,
                "server_settings": {
                    "application_name": "gridpatrol",
                    "synchronous_commit": "on",
                    "lock_timeout": f"{_BUSY_TIMEOUT_MS}ms",
                },
            },
        )
    except ModuleNotFoundError as error:
        raise ConfigError(
            "a database on PostgreSQL needs its driver: pip install 'gridpatrol[postgresql]'"
        ) from error

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get(IS_WRITER, False):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")
        elif options.get(IS_READER, False):
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

    return engine


def server_url(text: str) -> URL:
    """The address of a PostgreSQL database; ConfigError for any other."""
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ConfigError("database_url is no address: postgresql://USER@HOST/NAME") from error
    if url.get_backend_name() != "postgresql" or not url.database:
        raise ConfigError(
            "database_url must be postgresql://USER@HOST/NAME; without it SQLite is used"
        )
    return url.set(drivername="postgresql+asyncpg")


def in_plain_words(error: SQLAlchemyError | OSError) -> Exception:
    """A guard's no is Refused, a full disk StoreFull, an unusable one StoreUnavailable.

    Anything else is a bug of ours and comes back as it is.
    """
    if isinstance(error, OSError):  # TimeoutError too: a server that does not answer
        return StoreUnavailable(
            f"the database does not answer: {error or type(error).__name__}", text_zh="数据库无应答"
        )
    if not isinstance(error, DBAPIError):
        return error
    text = str(error.orig)
    if REFUSAL in text:
        return Refused(
            text.partition(REFUSAL)[2], text_zh="数据库拒绝此项更改：已留存的记录不得改动"
        )
    state = getattr(error.orig, "sqlstate", None)
    code = getattr(error.orig, "sqlite_errorcode", None)
    if isinstance(state, str):
        return _server_words(error, state, text)
    if isinstance(code, int):
        return _file_words(error, code & 0xFF, text)
    if error.connection_invalidated:
        return StoreUnavailable(f"the database went away: {text}", text_zh="数据库连接中断")
    return error


def _file_words(error: DBAPIError, code: int, text: str) -> Exception:
    if code in _FULL:
        return StoreFull(
            f"the disk is full, nothing was stored ({text})", text_zh="磁盘已满，未能保存"
        )
    if code in _READ_ONLY:
        return StoreUnavailable(
            f"the database is read-only, nothing was stored ({text})",
            text_zh="数据库为只读，未能保存",
        )
    if code in _HELD:
        return StoreUnavailable(
            f"another program holds the database, nothing was stored ({text})",
            text_zh="数据库被其他程序占用，未能保存",
        )
    if code in _DAMAGED:
        return StoreUnavailable(
            f"the database file is damaged: check it and restore a backup ({text})",
            text_zh="数据库文件损坏，请检查并从备份恢复",
        )
    if code in _AWAY:
        return StoreUnavailable(
            f"the database cannot be used now: {text}", text_zh="数据库暂不可用"
        )
    return error


def _server_words(error: DBAPIError, state: str, text: str) -> Exception:
    if isinstance(error, IntegrityError):
        return error
    if state == "53100":
        return StoreFull(
            f"the disk of the database server is full, nothing was stored ({text})",
            text_zh="数据库服务器磁盘已满，未能保存",
        )
    if state == "25006":
        return StoreUnavailable(
            f"the database is read-only, nothing was stored ({text})",
            text_zh="数据库为只读，未能保存",
        )
    if state.startswith(_SERVER_AWAY):
        return StoreUnavailable(
            f"the database cannot be used now: {text}", text_zh="数据库暂不可用"
        )
    return error
