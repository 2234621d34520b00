"""The store: one writer task, many readers, and writes that are on the disk before they return."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

import anyio
import anyio.to_thread
import structlog
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ground_station.store.dialects import (
    IS_READER,
    IS_WRITER,
    in_plain_words,
    server_engine,
    server_url,
    sqlite_engine,
)
from ground_station.store.schema import (
    DATABASE_NAME,
    migrate_file,
    migrate_server,
    prepare_folder,
)
from patrol.errors import PatrolError, StoreUnavailable

T = TypeVar("T")

_LAST_WRITES_S = 10.0  # how long pending writes may take when the station is told to stop
_OBEYED_WITHIN_S = 0.3  # how long a command that must not wait waits for its row
_LATE_RETRY_S = 2.0  # how often what could not be written is tried again
_log = structlog.get_logger(__name__)


class _Job(Generic[T]):
    """A piece of work and where its answer goes."""

    def __init__(self, work: Callable[[Connection], T], *, may_be_late: bool = False) -> None:
        self.work = work
        self.may_be_late = may_be_late
        self.done = anyio.Event()
        self.answer: T | None = None
        self.error: BaseException | None = None
        self.is_finished = False

    def take(self) -> T:
        if self.error is not None:
            raise self.error
        if not self.is_finished:
            raise StoreUnavailable("the station is stopping: this was not stored")
        return self.answer  # type: ignore[return-value]  # finished: it is what `work` returned


class Store:
    """The database of one station. `write` needs `run` to be alive; `read` does not."""

    def __init__(self, engine: AsyncEngine, folder: Path) -> None:
        self.folder = folder
        self._engine = engine
        self._jobs: deque[_Job[Any]] = deque()
        self._late: deque[Callable[[Connection], object]] = deque()
        self._arrived = anyio.Event()
        self._has_ended = False

    @classmethod
    async def open(cls, folder: Path, database_url: str | None = None) -> Store:
        """Make or upgrade a folder's database; ConfigError or StoreUnavailable in plain words.

        With `database_url` the records are kept on that PostgreSQL server instead.
        """
        if database_url is not None:
            url = server_url(database_url)
            await anyio.to_thread.run_sync(migrate_server, url)
            return cls(server_engine(url), folder)
        path = await anyio.to_thread.run_sync(prepare_folder, folder)
        await anyio.to_thread.run_sync(migrate_file, path)
        # SQLAlchemy asks the file system for the absolute path, so even this happens in a thread.
        return cls(await anyio.to_thread.run_sync(sqlite_engine, path), folder)

    @property
    def path(self) -> Path:
        """The database file."""
        return self.folder / DATABASE_NAME

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction of its own; it is durable when this returns.

        Nothing is stored when `work` raises. A cancelled caller's write still happens.
        """
        if self._has_ended:
            raise StoreUnavailable("the station is stopping: nothing is stored any more")
        job = _Job(work)
        self._jobs.append(job)
        self._arrived.set()
        await job.done.wait()
        return job.take()

    async def write_though_late(self, work: Callable[[Connection], object]) -> None:
        """Write now, or as soon as the disk is back: for what must not wait for a disk.

        A pilot's "return" is obeyed at once; its row is written when that is possible.
        """
        if self._has_ended:
            raise StoreUnavailable("the station is stopping: nothing is stored any more")
        job = _Job(work, may_be_late=True)
        self._jobs.append(job)
        self._arrived.set()
        with anyio.move_on_after(_OBEYED_WITHIN_S):
            await job.done.wait()
            if job.error is not None and not isinstance(job.error, StoreUnavailable):
                raise job.error

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a snapshot of what is committed; whoever is cancelled waits for its end.

        A connection that is let go in the middle of a query is closed by a task of the driver's,
        which may wait for ever for its thread: a station that is stopped would then not end.
        """
        try:
            with anyio.CancelScope(shield=True):
                async with self._engine.connect() as connection:
                    await connection.execution_options(**{IS_READER: True})
                    answer = await connection.run_sync(work)
        except (SQLAlchemyError, OSError) as error:
            raise in_plain_words(error) from error
        return answer

    async def run(self) -> None:
        """Write until cancelled, then finish what was already asked for."""
        try:
            with anyio.CancelScope(shield=True):
                connection = await self._engine.connect()
                await connection.execution_options(**{IS_WRITER: True})
            try:
                while True:
                    await self._next_job()
                    await self._finish_late(connection)
                    await self._finish_jobs(connection)
            finally:
                self._has_ended = True
                with anyio.move_on_after(_LAST_WRITES_S, shield=True):
                    await self._finish_late(connection)
                    await self._finish_jobs(connection)
                    await connection.close()
        except (SQLAlchemyError, OSError) as error:
            raise in_plain_words(error) from error
        finally:
            self._has_ended = True
            while self._jobs:  # told no rather than left waiting
                self._jobs.popleft().done.set()
            if self._late:
                _log.error("records were never written", lost=len(self._late))

    async def close(self) -> None:
        """Give the file back; call it when `run` has ended."""
        with anyio.CancelScope(shield=True):
            await self._engine.dispose()

    async def _next_job(self) -> None:
        while not self._jobs:
            self._arrived = anyio.Event()
            if not self._late:
                await self._arrived.wait()
                continue
            with anyio.move_on_after(_LATE_RETRY_S):
                await self._arrived.wait()
            return

    async def _finish_late(self, connection: AsyncConnection) -> None:
        """In the order in which it was asked for, and before what is asked for now."""
        while self._late:
            job = _Job(self._late[0])
            with anyio.CancelScope(shield=True):
                await _serve(job, connection)
            if isinstance(job.error, StoreUnavailable):
                return
            self._late.popleft()
            if job.error is not None:
                _log.error("a record that waited was refused", reason=str(job.error))
            elif not self._late:
                _log.info("what waited for the disk is written")

    async def _finish_jobs(self, connection: AsyncConnection) -> None:
        while self._jobs:
            job = self._jobs.popleft()
            # A transaction that has begun is ended, whoever is in a hurry.
            with anyio.CancelScope(shield=True):
                await _serve(job, connection)
            if job.may_be_late and isinstance(job.error, StoreUnavailable):
                self._late.append(job.work)
                _log.warning("a record waits for the disk", reason=str(job.error))


async def _serve(job: _Job[Any], connection: AsyncConnection) -> None:
    """Do one job; its own errors go to whoever asked, a bug goes up and ends the process."""
    try:
        async with connection.begin():
            job.answer = await connection.run_sync(job.work)
        job.is_finished = True
    except PatrolError as error:
        job.error = error
    except (SQLAlchemyError, OSError) as error:
        job.error = in_plain_words(error)
        job.error.__cause__ = error
    finally:
        job.done.set()
